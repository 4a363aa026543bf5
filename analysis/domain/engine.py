"""The number of the estimating engine: part of what every citable record is identified by."""

ENGINE = 3
"""Raised whenever the same question on the same data gets another answer; a golden record holds it."""
