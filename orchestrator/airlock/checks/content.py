"""Only kinds of file that the pack names may leave; what these checks cannot read to the end is held."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["check"]

_WORDS = ("txt", "md", "markdown", "log", "rst", "csv", "tsv", "tex", "yaml", "yml", "toml", "ini", "cfg")
_CODE = ("py", "r", "rmd", "qmd", "sql", "do", "ado", "sas", "sps", "jl", "m", "sh", "stan", "txt", "js", "toml", "cfg")
_ENDINGS = {
    "table": ("csv", "tsv", "txt", "tab", "dat", "psv"),
    "text": (*_WORDS, *_CODE),
    "markdown": (*_WORDS, *_CODE),
    "code": (*_CODE, *_WORDS),
    "json": ("json", "geojson", "txt"),
    "png": ("png",),
    "jpeg": ("jpg", "jpeg"),
    "gif": ("gif",),
    "tiff": ("tif", "tiff"),
    "webp": ("webp",),
    "pdf": ("pdf",),
    "svg": ("svg",),
    "html": ("html", "htm"),
    "notebook": ("ipynb",),
    "workbook": ("xlsx", "xlsm"),
    "ods": ("ods",),
    "parquet": ("parquet",),
}


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Say whether this kind of content may leave, and whether the name promises another."""
    kind = file.kind
    if kind == "too-large":
        return  # the reading says so; nothing more is known of it
    if kind == "empty":
        yield _finding("EMPTY_FILE", Severity.FLAG, "The file is empty.", "Leave it out.")
    elif kind in pack.hold_kinds:
        yield _finding(
            "HELD_KIND",
            Severity.FLAG,
            f"These checks cannot read {kind} files to the end; a person must look at all of it.",
            "Hand in the numbers as CSV and pictures as PNG.",
        )
    elif kind not in pack.review_kinds:
        yield _finding(
            "KIND_NOT_ALLOWED",
            Severity.BLOCK,
            f"The content is {kind}, which does not leave.",
            "Archives, models, databases and programs stay inside; hand in each result as CSV, text or PNG.",
        )
    if file.size > pack.limits.file_bytes:
        yield _finding("TOO_LARGE", Severity.BLOCK, f"The file has {file.size} bytes.", "Hand in less at a time.")
    ending = file.name.rpartition(".")[2].casefold() if "." in file.name else ""
    if ending not in _ENDINGS.get(kind, (ending,)):
        yield _finding(
            "NAME_MISLEADS",
            Severity.FLAG,
            f"The content is {kind}, but the name ends in “.{ending}”.",
            "Rename the file, so that whoever receives it opens it as what it is.",
        )


def _finding(rule: str, severity: Severity, message: str, guidance: str) -> Finding:
    return Finding(rule=rule, severity=severity, where="whole file", message=message, guidance=guidance)
