"""Tells what a file is from its bytes; names and endings are not asked."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["PACKED", "binary_kind", "text_kind", "words_kind", "zip_kind"]

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
    (b"A\n2\n", "r-data"),
    (b"A\n3\n", "r-data"),
    (b"<stata_dta>", "stata"),
    (b"$FL2", "spss"),
    (b"$FL3", "spss"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"\x00asm", "program"),
    (b"GGUF", "model"),
    (b"TFL3", "model"),
)
PACKED = frozenset({"zip", "gzip", "bzip2", "xz", "7z", "zstd", "rar", "tar"})
"""Kinds that hold other files."""
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_PICKLE_TEXT = re.compile(rb"(\(dp\d|\(lp\d|c[a-z_.]+\n[A-Za-z_]+\n|ccopy_reg\n)")
_TAR = (257, b"ustar")
_ONNX = re.compile(rb"\x08[\x01-\x20]\x12[\x01-\x40](pytorch|skl2onnx|tf2onnx|onnx|keras2onnx|lightgbm|OnnxML)")
_SAFETENSORS = re.compile(rb"(?s).{6}\x00\x00\{\s*\"")
_HTML = re.compile(
    r"(?is)\A\s*+(?:<\?xml[^>]*+>\s*+)?(?:<!--(?:(?!-->).)*+-->\s*+)*+"  # possessive: no comment is read twice
    r"(?:<!doctype\s+html|<html|<head|<body|<script|<table|<div|<style)"
)
_SVG = re.compile(r"(?is)<(?:\w+:)?svg[\s>]")
_MARKUP = re.compile(r"(?s)\A\s*<(\?xml|!|[A-Za-z])")
_CODE_LINE = re.compile(
    r"(?:import \w[\w.]*(?: as \w+)?(?:, *\w+)*|from [\w.]+ import .+|(?:async )?def \w+\(.*|class \w+.*:|"
    r"@\w[\w.]*\(?.*|"
    r"(?:for|while|if|with|try|elif|else|except)\b.*:|return\b.*|(?:library|require|source|setwd)\(.+\)|"
    r"[\w.$\[\]]+ *(?:<-|<<-) *\S.*|[\w.]+ *= *[\w.]+\(.*|[\w.]+\.[\w.]+\(.*\)|print\(.*\)|"
    r"(?i:select)\b.+(?i:\bfrom\b.*)?|(?i:create (?:table|view|temp)|insert into|with \w+ as \().*|"
    r"(?i:from|where|group by|"
    r"order by|left join|inner join) \w.*|(?:use|gen|generate|replace|egen|tab|tabulate|regress|logit|stcox|"
    r"keep if|drop if|merge|import delimited|log using|bysort|by) .+|PROC \w+.*;|\}|\}?\) *\{|.*\) *\{)"
)
_MARKDOWN_LINE = re.compile(
    r"(?:#{1,6} \S.*|\|?(?: *:?-{3,}:? *\|)+(?: *:?-{3,}:? *)?|```.*|~~~.*|.*\[[^\]]*\]\([^)]+\).*)"
)


def binary_kind(head: bytes) -> str | None:  # noqa: PLR0911 - one line for each family of formats
    """Return the kind that the first bytes announce, or nothing when they announce none."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(b"RIFF"):
        return "webp" if head[8:12] == b"WEBP" else "riff"
    if head[:1] in b"\x71\x72\x73" and head[1:2] in b"\x01\x02" and head[2:4] == b"\x01\x00":
        return "stata"
    if _ONNX.match(head) or _SAFETENSORS.match(head[:64]) or head[4:8] == b"TFL3":
        return "model"
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


def words_kind(head: str) -> str:
    """Return what text without markup or table is: program code, Markdown, or plain words."""
    lines = [line.strip()[:300] for line in head[:20_000].splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("#", "//", "--", "*", "%"))]
    code = sum(_CODE_LINE.fullmatch(line) is not None for line in told)
    if code >= 2 and code >= len(told) * 0.3:
        return "code"
    if any(_MARKDOWN_LINE.fullmatch(line) for line in lines):
        return "markdown"
    return "text"


def zip_kind(names: Iterable[str], mimetype: bytes = b"") -> str:
    """Return what a zip is by the names of its parts, and by what its first part says where it is an OpenDocument."""
    known = set(names)
    if mimetype.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        return "ods"
    if "[Content_Types].xml" in known:
        for part, kind in (("xl/workbook.xml", "workbook"), ("word/document.xml", "word-document")):
            if part in known:
                return kind
        if any(name.startswith("ppt/") for name in known):
            return "presentation"
    if any(name.endswith("data.pkl") for name in known) or "model.weights.h5" in known:
        return "model"
    if known and all(name.endswith(".npy") for name in known):
        return "numpy"
    return "zip"
