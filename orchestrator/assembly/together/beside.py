"""What the rooms know of a dataset besides its description, in a line each, for comparing datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.alliance.uses.codes import CODES
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.discovery.catalogue.model import Entry
from orchestrator.discovery.comparison import Compared
from orchestrator.discovery.descriptions.quality import Mend, score, usable

if TYPE_CHECKING:
    from ..house import House

__all__ = ["beside", "to_mend"]

_PROFILE = "hdruk-2022"
"""The published way of scoring whose fields are those of descriptions of today."""


def beside(house: House, entry: Entry) -> Compared:
    """Return a dataset with its terms, permitted uses, price and scores, as far as somebody here knows them."""
    scored, useful = _scores(entry)
    return Compared(
        entry=entry,
        terms=_terms(house, entry),
        uses=_uses(house, entry),
        fees=_fees(house, entry),
        score=scored,
        usable=useful,
    )


def to_mend(entry: Entry) -> tuple[Mend, ...]:
    """Return what a custodian could mend in a description, what brings most first; nothing if it cannot be read."""
    try:
        return usable(entry.original, _PROFILE).mend
    except Invalid:
        return ()


def _scores(entry: Entry) -> tuple[str, str]:
    """Return both scores in words; a description that was taken once is shown even if it cannot be read any more."""
    try:
        found = score(entry.original, _PROFILE), usable(entry.original, _PROFILE)
    except Invalid as error:
        told = f"None: {error.message}"
        return told, told
    scored, useful = (f"{each.score:.1f} of 100: {each.rating}" for each in found)
    return scored, useful


def _terms(house: House, entry: Entry) -> str | None:
    if entry.custodian_id is None:
        return None
    try:
        terms = house.alliance.current_terms(entry.custodian_id)
    except NotPossible:
        return "None in force: it cannot be granted now"
    signed = "; an officer agrees to each release" if terms.release_signoff else ""
    return (
        f"Version {terms.version}: {terms.checkers_needed} checkers of each result, no count below "
        f"{terms.minimum_count}{signed}"
    )


def _uses(house: House, entry: Entry) -> str | None:
    if entry.dataset_id is None:
        return None
    published = house.uses.current_of([entry.dataset_id]).get(entry.dataset_id)
    if published is None:
        return None
    return "; ".join(_clause(clause.code, clause.values) for clause in published.clauses)


def _clause(code: str, values: Sequence[str]) -> str:
    """Say one code of use as people read it: what it asks, its short form, and what stands beside it."""
    known = CODES.get(code)
    said = f"{known.says.rstrip('.')} ({known.short})" if known else code
    return f"{said}: {', '.join(values)}" if values else said


def _fees(house: House, entry: Entry) -> str | None:
    return None if entry.custodian_id is None else house.billing.words(entry.custodian_id)
