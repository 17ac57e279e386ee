"""How much of a file the readers take in. What lies beyond is never passed over: it is a finding.

The numbers keep one inspection within the memory and processor time that a pack gives it (1 GiB, 60 s by default);
they are far above any result that a person could check.
"""

from __future__ import annotations

__all__ = [
    "ARCHIVE_BYTES",
    "ARCHIVE_ENTRIES",
    "ARCHIVE_RATIO",
    "CELLS",
    "CELL_CHARACTERS",
    "FILE_BYTES",
    "MARKS",
    "NESTED",
    "PAGES",
    "PARTS",
    "PIXELS",
    "SPREAD_BYTES",
]

FILE_BYTES = 64 << 20
"""Bytes of a file that are read where nobody said otherwise; the pack's ``file_bytes`` is what counts."""
CELL_CHARACTERS = 131_072
"""Characters of one cell of a text table."""
CELLS = 2_000_000
"""Cells of all tables of a file that must be held in memory: sheets, frames in JSON, tables of a page."""
SPREAD_BYTES = 8 << 20
"""Bytes of a text table that are searched for several tables in one file; a larger one is read as one table."""
PARTS = 2_000
"""Tables, texts, pictures and groups of points of one file."""
NESTED = 60
"""How deep JSON, XML and HTML may nest before nobody could follow."""
MARKS = 200_000
"""Marks of a plot whose places are kept."""
PAGES = 200
"""Pages of a PDF that are read."""
PIXELS = 64_000_000
"""Pixels of a picture that are decoded: 8,000 by 8,000."""
ARCHIVE_ENTRIES = 5_000
ARCHIVE_BYTES = 256 << 20
"""What the parts of a zip may hold together when unpacked."""
ARCHIVE_RATIO = 300
"""Times that a part of more than 1 MiB may grow when unpacked; sheets of zeros reach about 150."""
