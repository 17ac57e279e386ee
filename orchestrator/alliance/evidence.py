"""The kinds of evidence that a custodian's terms may ask for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from orchestrator.core.errors import Invalid

__all__ = ["EVIDENCE_KINDS", "EvidenceKind", "Holder", "check_kinds", "kind_of"]


class Holder(StrEnum):
    """Whose standing a piece of evidence proves."""

    RESEARCH = "research"
    ORGANISATION = "organisation"


@dataclass(frozen=True, kw_only=True)
class EvidenceKind:
    """One kind. ``longest`` is the longest time that one piece may run: our own bound, so that everything ends."""

    kind: str
    title: str
    holder: Holder
    longest: timedelta
    one_custodian: bool = False
    """Whether it is always made with one custodian, and so is nobody else's business."""


def _kind(kind: str, title: str, holder: Holder, years: float, *, one_custodian: bool = False) -> EvidenceKind:
    longest = timedelta(days=round(366 * years))
    return EvidenceKind(kind=kind, title=title, holder=holder, longest=longest, one_custodian=one_custodian)


EVIDENCE_KINDS: dict[str, EvidenceKind] = {
    each.kind: each
    for each in (
        _kind("ethics", "research ethics committee approval", Holder.RESEARCH, 5),
        _kind("hra", "Health Research Authority approval", Holder.RESEARCH, 5),
        _kind("cag", "section 251 support on the advice of the Confidentiality Advisory Group", Holder.RESEARCH, 1.5),
        _kind("dpia", "data protection impact assessment", Holder.RESEARCH, 3),
        _kind("peer-review", "independent scientific review", Holder.RESEARCH, 5),
        _kind("sponsor", "sponsor’s confirmation", Holder.RESEARCH, 5),
        _kind("contract", "data sharing contract", Holder.RESEARCH, 5, one_custodian=True),
        _kind("agreement", "data sharing agreement", Holder.RESEARCH, 5, one_custodian=True),
        _kind("dspt", "Data Security and Protection Toolkit status", Holder.ORGANISATION, 1.5),
        _kind("ico", "registration with the Information Commissioner", Holder.ORGANISATION, 1.1),
        _kind("iso27001", "ISO/IEC 27001 certificate", Holder.ORGANISATION, 3),
    )
}
"""By word. The Toolkit and the registration are renewed yearly, section 251 support is reviewed yearly."""


def kind_of(word: str) -> EvidenceKind:
    """Return a kind by its word; raise ``Invalid`` naming those there are."""
    found = EVIDENCE_KINDS.get(word)
    if found is None:
        raise Invalid(f"“{word[:40]}” is no kind of evidence; there are {', '.join(EVIDENCE_KINDS)}.", field="evidence")
    return found


def check_kinds(words: Collection[str]) -> tuple[str, ...]:
    """Return the kinds that terms ask for, each once, in one order."""
    wanted = {kind_of(word.strip()).kind for word in words if word.strip()}
    return tuple(kind for kind in EVIDENCE_KINDS if kind in wanted)
