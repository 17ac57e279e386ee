"""Files that ACRO writes for checkers and that never leave: notes, settings, checksums and summaries of its sessions.

``results.json`` tells which hidden cells are exact zeros (own test of ACRO 1.0.2). Files are told by what they hold, so
that a new name lets nothing out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.specimen import Specimen

from .bundle import is_results, read_bundle

__all__ = ["check", "supporting"]

_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_SUMMARY_COLUMNS = ("uid", "output_type", "analysis_name")
_TEXT_BYTES = 1 << 20


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Block a helper file of ACRO, and say what its notes would give away."""
    what = supporting(file)
    if what is None:
        return
    yield Finding(
        rule="ACRO_HELPER_FILE",
        severity=Severity.BLOCK,
        where="whole file",
        message=f"This is {what} of ACRO, made for checkers; it never leaves.",
        guidance="Hand it in as a supporting file if it helps the checkers, and leave it out of what is released.",
    )
    bundle = read_bundle({file.name: file})
    zeros = sum(len(named.zeros) for claim in bundle.outputs for named in claim.files) if bundle else 0
    if bundle is not None and zeros:
        names = [named.name for claim in bundle.outputs for named in claim.files if named.zeros]
        yield Finding(
            rule="ACRO_ZEROS_TOLD",
            severity=Severity.BLOCK,
            where=", ".join(f"“{_shown(name)}”" for name in names[:8]),
            message=f"The notes tell that {zeros} cells, which the tables may show as hidden, are exact zeros.",
            guidance="A hidden zero that is told says something of everybody in a group; keep the notes inside.",
        )


def supporting(file: Specimen) -> str | None:
    """Say which helper file of ACRO this is, in words, or nothing when it is none."""
    if file.kind == "json" and file.size <= 16 << 20:
        return _of_json(file.json)
    if file.kind in ("table", "text") and file.size <= _TEXT_BYTES:
        text = (file.text or "").strip()
        if _CHECKSUM.fullmatch(text):
            return "a checksum"
        head = [cell.strip().strip('"') for cell in text[:2_000].split("\n", 1)[0].split(",")]
        if tuple(head[:3]) == _SUMMARY_COLUMNS:
            return "the summary of a session"
    if file.kind in ("xlsx", "ods") and _workbook(file):
        return "the notes, as a workbook,"
    return None


def _of_json(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    if read_like(value):
        return "the notes (results.json)"
    if {"safe_threshold", "safe_dof_threshold"} <= value.keys():
        return "the settings (config.json)"
    metadata, outputs = value.get("metadata"), value.get("outputs")
    if isinstance(metadata, Mapping) and {"total_outputs", "status_counts"} <= metadata.keys():
        return "the summary of a session"
    if isinstance(outputs, Mapping) and any(isinstance(e, Mapping) and "interim_tables" in e for e in outputs.values()):
        return "the evidence (evidence.json)"
    return None


def read_like(value: Mapping[str, Any]) -> bool:
    """Say whether a JSON object holds notes of ACRO, complete or not."""
    results, tool = value.get("results"), value.get("tool")
    if isinstance(tool, Mapping) and str(tool.get("name", "")).casefold() == "acro":
        return True
    if not is_results(value) or not isinstance(results, Mapping):
        return False
    return any({"outcome", "command", "files"} & each.keys() for each in results.values())


def _workbook(file: Specimen) -> bool:
    """``finalise(ext="xlsx")`` writes a first sheet with these headings, and commands and outcomes behind it."""
    return any(tuple(table.columns[:3]) == ("Sheet", "Command", "Summary") for table in file.tables[:3])


def _shown(name: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in name[:80])
