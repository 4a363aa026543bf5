"""Any file a person has: read right, or asked about; never guessed.

One reader for the command line, the page, HTTP, batch and Python. A file becomes a grid of cells (`grid`),
the grid a
table (`body`), the table its series (`strands`), and a series numbers on a calendar (`series`). Where two
readings are possible `FileQuestion` shows both and names the option that decides.
"""

from analysis.reading.declared import read_controls, read_events, read_rows
from analysis.reading.files import Source, read_file, read_series
from analysis.reading.parts import read_parts
from analysis.reading.question import NO_CHOICES, Alternative, Choices, FileQuestion

__all__ = [
    "NO_CHOICES",
    "Alternative",
    "Choices",
    "FileQuestion",
    "Source",
    "read_controls",
    "read_events",
    "read_file",
    "read_parts",
    "read_rows",
    "read_series",
]
