"""What the words of HDR UK descriptions on use mean as codes, for an officer to look at before publishing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .codes import CODES, Takes
from .model import Clause

__all__ = ["LIMITATIONS", "REQUIREMENTS", "Suggestion", "spelt", "suggest"]

LIMITATIONS: dict[str, str] = {
    "general research use": "DUO:0000042",
    "research use only": "DUO:0000042",
    "no restriction": "DUO:0000004",
    "genetic studies only": "DUO:0000016",
    "no general methods research": "DUO:0000015",
    "geographical restrictions": "DUO:0000022",
    "institution specific restrictions": "DUO:0000028",
    "not for profit use": "DUO:0000018",
    "project specific restrictions": "DUO:0000027",
    "research specific restrictions": "DUO:0000012",
    "user specific restriction": "DUO:0000026",
    "no linkage": "TRE:NO-LINKAGE",
    "commercial research use": "",
}
"""By word: its code. Empty where the word does not say enough: “commercial research use” may permit or limit."""

REQUIREMENTS: dict[str, str] = {
    "collaboration required": "DUO:0000020",
    "project specific restrictions": "DUO:0000027",
    "ethics approval required": "DUO:0000021",
    "institution specific restrictions": "DUO:0000028",
    "geographical restrictions": "DUO:0000022",
    "publication moratorium": "DUO:0000024",
    "publication required": "DUO:0000019",
    "return to database or resource": "DUO:0000029",
    "time limit on use": "DUO:0000025",
    "disclosure control": "TRE:DISCLOSURE-CONTROL",
    "not for profit use": "DUO:0000018",
    "user specific restriction": "DUO:0000026",
}


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """``clauses`` can be published as they are; ``incomplete`` are codes that still need a value beside them, such as a
    time limit without its months; ``unplaced`` are words that no code stands for."""

    clauses: tuple[Clause, ...] = ()
    incomplete: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()


def spelt(word: str) -> str:
    """Return a word of any version of the schema in one spelling: 2.x shouts, 4.0.0 has hyphens and plurals."""
    plain = " ".join(word.replace("-", " ").split()).casefold()
    return {"user specific restrictions": "user specific restriction"}.get(plain, plain)


def suggest(description: Mapping[str, Any]) -> Suggestion:
    """Read both lists of a description, of whatever version of the schema."""
    clauses: dict[str, Clause] = {}
    incomplete: dict[str, None] = {}
    unplaced: dict[str, None] = {}
    usage = _inside(description, "accessibility", "usage")
    for name, table in (("dataUseLimitation", LIMITATIONS), ("dataUseRequirements", REQUIREMENTS)):
        for word in _list(usage.get(name)):
            code = table.get(spelt(word), "")
            if not code:
                unplaced[word] = None
            elif CODES[code].takes is Takes.NOTHING:
                clauses[code] = Clause(code=code)
            else:
                incomplete[code] = None
    order = list(CODES)
    return Suggestion(
        clauses=tuple(sorted(clauses.values(), key=lambda each: order.index(each.code))),
        incomplete=tuple(sorted(incomplete, key=order.index)),
        unplaced=tuple(unplaced),
    )


def _inside(value: Any, *names: str) -> Mapping[str, Any]:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[str]:
    """The lists were single words, or words separated by commas, in older records."""
    found = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [each.strip() for each in found if isinstance(each, str) and each.strip()]
