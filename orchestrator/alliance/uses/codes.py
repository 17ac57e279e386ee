"""The codes of use: the GA4GH Data Use Ontology's by its identifiers, and our own for what it has no word for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CODES", "OWN", "PARENTS", "Code", "Kind", "Takes", "code_of", "widest_first"]

OWN = "TRE:"
"""The namespace of what the ontology cannot say (it has no re-identification, linkage or AI code)."""


class Kind(StrEnum):
    """A permission opens, and one of several is enough; a modifier narrows, and every one must be kept."""

    PERMISSION = "permission"
    MODIFIER = "modifier"


class Takes(StrEnum):
    """What has to be said beside a code before anybody can judge by it."""

    NOTHING = "nothing"
    DISEASES = "diseases"
    DAY = "day"
    MONTHS = "months"
    REGIONS = "regions"
    INSTITUTIONS = "institutions"
    PEOPLE = "people"
    PROJECTS = "projects"
    WORDS = "words"


@dataclass(frozen=True, kw_only=True)
class Code:
    """One code: ``short`` as people write it, ``says`` what it asks in our words."""

    code: str
    short: str
    kind: Kind
    says: str
    takes: Takes = Takes.NOTHING


def _may(code: str, short: str, says: str, takes: Takes = Takes.NOTHING) -> Code:
    return Code(code=code, short=short, kind=Kind.PERMISSION, says=says, takes=takes)


def _must(code: str, short: str, says: str, takes: Takes = Takes.NOTHING) -> Code:
    return Code(code=code, short=short, kind=Kind.MODIFIER, says=says, takes=takes)


_ALL = (
    _may("DUO:0000004", "NRES", "Any use."),
    _may("DUO:0000042", "GRU", "Research for any purpose."),
    _may("DUO:0000006", "HMB", "Health, medical and biomedical research; not research on origins or ancestry."),
    _may("DUO:0000007", "DS", "Research on the named diseases.", Takes.DISEASES),
    _may("DUO:0000011", "POA", "Research on the origins or ancestry of populations."),
    _may("DUO:0000043", "CC", "Care of patients in the clinic."),
    _must("DUO:0000016", "GSO", "Genetic studies only: genotypes are part of the research."),
    _must("DUO:0000015", "NMDS", "No development of methods, software or algorithms for its own sake."),
    _must("DUO:0000044", "NPOA", "No research on origins or ancestry."),
    _must("DUO:0000045", "NPU", "Organisations that are not for profit only."),
    _must("DUO:0000046", "NCU", "No commercial use."),
    _must("DUO:0000018", "NPUNCU", "Organisations that are not for profit only, and no commercial use."),
    _must("DUO:0000020", "COL", "The researchers work together with those who collected the data."),
    _must("DUO:0000021", "IRB", "An ethics approval is needed."),
    _must("DUO:0000022", "GS", "Use within the named regions only.", Takes.REGIONS),
    _must("DUO:0000024", "MOR", "Nothing is published before the named day.", Takes.DAY),
    _must("DUO:0000025", "TS", "Use for the named number of months at most.", Takes.MONTHS),
    _must("DUO:0000026", "US", "Use by the named people only.", Takes.PEOPLE),
    _must("DUO:0000027", "PS", "Use in the named projects only.", Takes.PROJECTS),
    _must("DUO:0000028", "IS", "Use within the named institutions only.", Takes.INSTITUTIONS),
    _must("DUO:0000029", "RTN", "What is derived from the data is returned for others to use."),
    _must("DUO:0000019", "PUB", "The results are published."),
    _must("DUO:0000012", "RS", "Research of a certain kind only, told in words.", Takes.WORDS),
    _must("TRE:NO-REIDENTIFICATION", "NO-REIDENTIFICATION", "Nobody tries to find out whose data these are."),
    _must("TRE:NO-LINKAGE", "NO-LINKAGE", "The data are linked with no other data about the same people."),
    _must("TRE:NO-AI-TRAINING", "NO-AI-TRAINING", "No model that could remember the data is trained on them."),
    _must("TRE:TRE-ONLY", "TRE-ONLY", "The data stay in the trusted research environment."),
    _must("TRE:DISCLOSURE-CONTROL", "DISCLOSURE-CONTROL", "Results leave only after they were checked for disclosure."),
    _must("TRE:OTHER", "OTHER", "A condition in words that no code covers.", Takes.WORDS),
)

CODES: dict[str, Code] = {each.code: each for each in _ALL}
"""Every code by its identifier. The numbers are those of the ontology (CC BY 4.0); the sentences are ours."""

_BY_SHORT = {each.short: each for each in _ALL}

PARENTS: dict[str, str] = {
    "DUO:0000042": "DUO:0000004",
    "DUO:0000006": "DUO:0000042",
    "DUO:0000007": "DUO:0000006",
    "DUO:0000011": "DUO:0000042",
    "DUO:0000043": "DUO:0000004",
}
"""Each permission's next wider one: any use ⊇ any research ⊇ health research ⊇ research on a disease."""


def code_of(text: str) -> Code | None:
    """Return a code by its identifier or its short form, in any case; ``None`` for anything else."""
    word = text.strip().upper()
    return CODES.get(word) or _BY_SHORT.get(word)


def widest_first(code: str) -> tuple[str, ...]:
    """Return a permission with everything that includes it, the widest first."""
    found = [code]
    while found[-1] in PARENTS:
        found.append(PARENTS[found[-1]])
    return tuple(reversed(found))
