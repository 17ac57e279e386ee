"""Tells what a file is from its first bytes; names and endings are not asked."""

from __future__ import annotations

import re

__all__ = ["binary_kind", "text_kind"]

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"Rar!\x1a\x07", "rar"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"FEA1", "feather"),
    (b"Obj\x01", "avro"),
    (b"ORC", "orc"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"\x93NUMPY", "numpy"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"RDX2\n", "r-data"),
    (b"RDX3\n", "r-data"),
    (b"RDA2\n", "r-data"),
    (b"RDA3\n", "r-data"),
    (b"X\n\x00\x00\x00", "r-data"),
    (b"<stata_dta>", "stata"),
    (b"$FL2", "spss"),
    (b"$FL3", "spss"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"RIFF", "riff"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"\x00asm", "program"),
    (b"GGUF", "model"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_PICKLE_TEXT = re.compile(rb"(\(dp\d|\(lp\d|c[a-z_.]+\n[A-Za-z_]+\n|ccopy_reg\n)")
_TAR = (257, b"ustar")
_HTML = re.compile(
    r"(?is)\A\s*+(?:<!--(?:(?!-->).)*+-->\s*+)*+"  # possessive: a pile of comments is read once, never again
    r"(?:<!doctype\s+html|<html|<head|<body|<script|<table|<div|<style)"
)
_SVG = re.compile(r"(?is)<svg[\s>]")
_MARKUP = re.compile(r"(?s)\A\s*<(\?xml|!|[A-Za-z])")


def binary_kind(head: bytes) -> str | None:
    """Return the kind that the first bytes announce, or nothing when they announce none."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if _PICKLE.match(head) or _PICKLE_TEXT.match(head):
        return "pickle"
    if head[_TAR[0] : _TAR[0] + len(_TAR[1])] == _TAR[1]:
        return "tar"
    return None


def text_kind(head: str) -> str | None:
    """Return the kind of text that is more than words or a table: markup of some sort."""
    if _HTML.match(head):
        return "html"
    if _MARKUP.match(head):
        return "svg" if _SVG.search(head) else "xml"
    return None
