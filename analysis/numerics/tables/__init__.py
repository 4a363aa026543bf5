"""Critical values as CSV with their sources, and the programs that simulate such tables."""
