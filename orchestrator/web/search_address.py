"""What a page's address asks of the catalogue, and addresses that ask a little otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from orchestrator.core.errors import Invalid
from orchestrator.discovery.search.model import Asked, Facet

__all__ = ["address", "asked_of", "fields_of"]

_PAGE = 20
_LONGEST_VALUE = 200
_MOST_VALUES = 50


def asked_of(given: QueryParams, *, counted: bool = True) -> Asked:
    """Return the search that an address asks for; raises ``Invalid`` with the field. Unknown fields mean nothing."""
    chosen: dict[Facet, tuple[str, ...]] = {}
    for facet in Facet:
        values = [value for value in given.getlist(facet.value) if value and len(value) <= _LONGEST_VALUE]
        if values:
            chosen[facet] = tuple(dict.fromkeys(values))[:_MOST_VALUES]
    page = _number(given, "page", "the page") or 1
    return Asked(
        words=" ".join("".join(c if c.isprintable() else " " for c in given.get("q", "")).split()),
        chosen=chosen,
        people=_number(given, "people", "the least number of people"),
        since=_number(given, "since", "the first year"),
        until=_number(given, "until", "the last year"),
        offset=(page - 1) * _PAGE,
        limit=_PAGE,
        counted=counted,
    )


def fields_of(asked: Asked) -> list[tuple[str, str]]:
    """Return the fields of an address that asks the same, its first page."""
    numbers = {"people": asked.people, "since": asked.since, "until": asked.until}
    return [
        *([("q", asked.words)] if asked.words else []),
        *((facet.value, value) for facet, values in asked.chosen.items() for value in values),
        *((name, str(number)) for name, number in numbers.items() if number is not None),
    ]


def address(asked: Asked, *, without: Iterable[tuple[str, str]] = (), **otherwise: str | int) -> str:
    """Return the address of a search, without some fields and with others set otherwise."""
    left_out = set(without)
    kept = [pair for pair in fields_of(asked) if pair not in left_out and pair[0] not in otherwise]
    return "/datasets?" + urlencode([*kept, *((name, str(value)) for name, value in otherwise.items())])


def _number(given: Mapping[str, str], name: str, label: str) -> int | None:
    value = given.get(name, "").strip().replace(",", "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit()) or len(value) > 12:
        raise Invalid(f"Enter {label} as a whole number.", field=name)
    return int(value)
