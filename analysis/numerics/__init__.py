"""Arrays in, frozen dataclass out: NumPy and SciPy only, nothing of the project but its errors."""
