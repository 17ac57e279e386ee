"""Postcodes and e-mail addresses, anywhere in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack

from .findings import Places
from .specimen import Specimen

__all__ = ["check"]

_POSTCODE = re.compile(
    r"(?i)(?<![A-Z0-9])(GIR ?0AA|(?:[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRVWXY])) ?"
    r"\d[ABD-HJLNP-UW-Z]{2})(?![A-Z0-9])"
)
_MAIL = re.compile(r"(?i)(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![a-z0-9])")


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report each line that holds a full UK postcode or an e-mail address."""
    if file.text is None:
        return
    postcodes, mails = Places(), Places()
    for number, line in enumerate(file.text.split("\n"), start=1):
        for _ in _POSTCODE.finditer(line):
            postcodes.add(f"line {number}")
        if "@" in line:
            for _ in _MAIL.finditer(line):
                mails.add(f"line {number}")
    if postcodes:
        yield postcodes.finding(
            "POSTCODE",
            Severity.FLAG,
            f"{postcodes.count} values have the form of a full UK postcode.",
            "Use the district, or a larger area.",
        )
    if mails:
        yield mails.finding("EMAIL", Severity.FLAG, f"{mails.count} e-mail addresses.", "Remove them.")
