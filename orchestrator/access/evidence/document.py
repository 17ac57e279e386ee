"""The document behind a piece of evidence: which files are taken, for how long they are kept, under which name they go.

What a file is, is told from its bytes. Names are never asked for, kept or given back, and nothing is ever shown in a
page: a document leaves as a download only.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.core.errors import Invalid

from .model import Evidence, EvidenceState

__all__ = ["KINDS", "LARGEST", "MOST_WAITING", "Document", "check_kind", "destroyed_from", "download_name"]

LARGEST = 10 << 20
"""Bytes of one document: a scanned contract of 100 pages takes about half of it."""
MOST_WAITING = 20
"""Documents that one person may have here without anybody having verified them."""
KINDS = {"pdf": "PDF", "png": "picture (PNG)", "jpeg": "picture (JPEG)"}
"""Kinds of file that are taken: those in which letters and scans come, and which are no program, page or archive."""

_TAKEN = "Hand it in as PDF, PNG or JPEG; a text program prints to PDF."
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_PDF = b"%PDF-1.", b"%PDF-2."
_PDF_BEGINS_WITHIN = 1024
"""Bytes in which readers look for the beginning of a PDF, whatever stands before it (ISO 32000-1, note 13)."""
_PDF_END = re.compile(rb"%%EOF[\r\n \t\x00]{0,64}\Z")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document that was handed in; its bytes lie sealed outside the record until it is destroyed."""

    document_id: str
    evidence_id: str
    kind: str
    size: int
    sha256: str
    handed_in_by: str
    handed_in_at: datetime
    destroyed_at: datetime | None = None
    destroyed_by: str | None = None
    reason: str = ""


def check_kind(content: bytes) -> str:
    """Return what kind of document this is; raise ``Invalid`` for anything but a whole file of a kind that is taken."""
    if not content:
        raise Invalid("The file is empty: choose the document.", field="document")
    if len(content) > LARGEST:
        raise Invalid(
            f"The document has more than {LARGEST >> 20} MB; scan it with a lower resolution.", field="document"
        )
    if content.startswith(_PDF):
        whole, kind = _PDF_END.search(content[-128:]) is not None, "pdf"
    elif content.startswith(_PNG):
        whole, kind = _whole_png(content), "png"
    elif content.startswith(_JPEG):
        whole, kind = content.endswith(b"\xff\xd9"), "jpeg"
    else:
        raise Invalid(f"This is none of the kinds of file that are taken here. {_TAKEN}", field="document")
    if not whole:
        raise Invalid(
            f"The {KINDS[kind]} is cut short, or something follows its end, so nothing was kept. {_TAKEN}",
            field="document",
        )
    if _is_another_too(kind, content):
        raise Invalid(
            f"The {KINDS[kind]} is an archive or another document as well, so nothing was kept. {_TAKEN}",
            field="document",
        )
    return kind


def _is_another_too(kind: str, content: bytes) -> bool:
    """Say whether a program could open the same bytes as an archive, or a picture as a PDF nobody looked into."""
    return zipfile.is_zipfile(io.BytesIO(content)) or (kind != "pdf" and b"%PDF-" in content[:_PDF_BEGINS_WITHIN])


def _whole_png(content: bytes) -> bool:
    """Say whether the chunks of a picture lead exactly to its end."""
    place = len(_PNG)
    while place + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        place += 12 + length
        if name == b"IEND":
            return bool(place == len(content))
    return False


def destroyed_from(evidence: Evidence, keep: timedelta) -> datetime:
    """Return from when on a piece's document is destroyed: ``keep`` after the piece stopped counting.

    What ended after its last day had stopped counting on that day. What was taken back was nobody's evidence: its
    document goes at once.
    """
    if evidence.ended_at is None:
        return evidence.valid_until + keep
    if evidence.state is EvidenceState.TAKEN_BACK:
        return evidence.ended_at
    return min(evidence.ended_at, evidence.valid_until) + keep


def download_name(evidence: Evidence, document: Document) -> str:
    """Return the name a document is downloaded under; nothing of it was typed by anybody."""
    ending = {"jpeg": "jpg"}.get(document.kind, document.kind)
    return f"{evidence.kind}-{evidence.evidence_id}.{ending}"
