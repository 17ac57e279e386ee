"""Text must be UTF-8 without characters that hide, reorder or fake what a person reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack

from .findings import Places
from .specimen import Specimen

__all__ = ["check"]

_HIDING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff\ue000-\uf8ff]"
)
_LONG_LINE = 100_000


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report text that is not UTF-8, hidden characters, and lines too long to be read."""
    if file.kind == "unknown-text":
        yield Finding(
            rule="ENCODING_UNREADABLE",
            severity=Severity.FLAG,
            where="whole file",
            message="The text is not UTF-8, so no check could read it.",
            guidance="Save it as UTF-8 and hand it in again.",
        )
    if file.text is None:
        return
    hidden, long = Places(), Places()
    for number, line in enumerate(file.text.split("\n"), start=1):
        for match in _HIDING.finditer(line):
            hidden.add(f"line {number} U+{ord(match.group()):04X}")
        if len(line) > _LONG_LINE:
            long.add(f"line {number}")
    if hidden:
        yield hidden.finding(
            "HIDDEN_CHARACTERS",
            Severity.FLAG,
            f"{hidden.count} invisible, control or right-to-left characters can hide words or change what is read.",
            "Remove them.",
        )
    if long:
        yield long.finding(
            "LONG_LINES", Severity.FLAG, f"{long.count} lines are too long to be read by a person.", "Break them up."
        )
