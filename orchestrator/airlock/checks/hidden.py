"""What the reading of a file brought to light: hidden, attached, active or unreadable parts."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.airlock.model import Finding
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["check"]


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report everything the reader found beside tables, words and pictures."""
    yield from file.reading.findings
