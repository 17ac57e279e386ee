"""Which reader reads which kind of file; each is loaded only when a file needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from .file import File
from .gathering import Gathering

__all__ = ["read"]

_MODULES: Mapping[str, str] = {
    "table": "delimited",
    "text": "words",
    "markdown": "words",
    "code": "words",
    "json": "frames",
    "notebook": "notebooks",
    "html": "pages",
    "svg": "drawings",
    "pdf": "documents",
    "png": "pictures",
    "jpeg": "pictures",
    "gif": "pictures",
    "tiff": "pictures",
    "webp": "pictures",
    "workbook": "workbooks",
    "ods": "opendocument",
    "parquet": "columnar",
    "xml": "markup",
    "empty": "nothing",
}


def read(file: File, into: Gathering) -> None:
    """Read the file into parts and findings; a kind without a reader of its own is looked at as something packed."""
    name = _MODULES.get(file.kind, "packed")
    if name == "nothing":
        return
    reader: Callable[[File, Gathering], None] = import_module(f".{name}", __package__).read
    reader(file, into)
    if file.encoding not in (None, "utf-8", "utf-8-sig"):
        into.flag(
            "ODD_ENCODING",
            "whole file",
            f"The text is not UTF-8; it was read as {file.encoding}.",
            "Save it as UTF-8.",
        )
