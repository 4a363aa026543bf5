"""Citable records: verification, renderings and citations, all made from the stored JSON alone."""
