"""What the rooms know of a dataset besides its description, in a line each, for comparing datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.errors import NotPossible
from orchestrator.discovery.catalogue.model import Entry
from orchestrator.discovery.comparison import Compared
from orchestrator.discovery.descriptions.quality import score, usable

if TYPE_CHECKING:
    from .house import House

__all__ = ["beside"]

_PROFILE = "hdruk-2022"
"""The published way of scoring whose fields are those of descriptions of today."""


def beside(house: House, entry: Entry) -> Compared:
    """Return a dataset with its terms, permitted uses, price and scores, as far as somebody here knows them."""
    scored, useful = score(entry.original, _PROFILE), usable(entry.original, _PROFILE)
    return Compared(
        entry=entry,
        terms=_terms(house, entry),
        uses=_uses(house, entry),
        fees=_fees(house, entry),
        score=f"{scored.score:.1f} of 100: {scored.rating}",
        usable=f"{useful.score:.1f} of 100: {useful.rating}",
    )


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
    return "; ".join(" ".join((clause.code, *clause.values)) for clause in published.clauses)


def _fees(house: House, entry: Entry) -> str | None:
    return None if entry.custodian_id is None else house.billing.words(entry.custodian_id)
