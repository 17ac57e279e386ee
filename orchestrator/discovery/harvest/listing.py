"""Reads an endpoint's list page by page and decides, from what came, whether it is at its end and whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator.discovery.catalogue.rules import words

from .faults import Fault, FaultKind

__all__ = ["MOST_DATASETS", "Listed", "Page", "Progress", "Turn", "read_page", "turn"]

MOST_DATASETS = 200_000
"""A list longer than this is not read on: the largest national catalogue has two thousand."""
_LONGEST_ID = 200
_MOST_AT_ONCE = 10_000
"""Items of one page, where a hundred are asked for: an endpoint that does not page may still be read."""
_LARGEST_TOTAL = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One dataset as the list names it."""

    persistent_id: str
    version: str
    modified: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """What one request brought. ``count`` is how many items stood there, readable or not."""

    items: tuple[Listed, ...]
    count: int
    total: int | None
    remarks: tuple[str, ...]


class Turn(StrEnum):
    """What follows a page."""

    NEXT = "next"
    WHOLE = "whole"
    """The list was read to its end, and everything in it could be read."""
    PARTIAL = "partial"
    """There is no more to be had, but it is not certain that this is all: nothing counts as disappeared."""
    AGAIN = "again"
    """The list changed while it was read; it is read anew from its first page."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a list was read before a page: the offset asked for, different identifiers seen, the first total."""

    offset: int
    seen: int
    total: int | None
    clean: bool = True
    """No item was unreadable so far."""


def read_page(document: Any) -> Page:
    """Return what a page holds; items that cannot be read are counted and remarked upon. Raises ``Fault``."""
    items = document.get("items") if isinstance(document, Mapping) else None
    if not isinstance(items, list):
        raise Fault(FaultKind.NOT_A_LIST, "The endpoint's list has no “items”; see the protocol for what it answers.")
    if len(items) > _MOST_AT_ONCE:
        raise Fault(
            FaultKind.NOT_A_LIST,
            f"The endpoint's list names {len(items):,} datasets in one answer; at most {_MOST_AT_ONCE:,} are read. It "
            "has to follow “limit” and “offset”.",
        )
    query = document.get("query")
    total = query.get("total") if isinstance(query, Mapping) else None
    remarks = []
    if total is not None and (
        isinstance(total, bool) or not isinstance(total, int) or not 0 <= total <= _LARGEST_TOTAL
    ):
        remarks.append("The list's “query.total” is not a whole number that can be right; it was not used.")
        total = None
    read = [_listed(item) for item in items]
    unreadable = sum(each is None for each in read)
    if unreadable:
        remarks.append(f"{unreadable} item{'s' if unreadable > 1 else ''} of the list had no usable “persistentId”.")
    return Page(
        items=tuple(each for each in read if each is not None), count=len(items), total=total, remarks=tuple(remarks)
    )


def turn(page: Page, before: Progress, new: int) -> tuple[Turn, str]:  # noqa: PLR0911 - one case a line
    """Return what follows a page that brought ``new`` identifiers not seen before, and a remark where one is due."""
    raw, seen = before.offset + page.count, before.seen + new
    if seen > MOST_DATASETS:
        return Turn.PARTIAL, f"The list has more than {MOST_DATASETS:,} datasets; it was not read further."
    if page.total is None:
        return _without_total(page, before, new)
    if before.total is not None and page.total != before.total:
        return Turn.AGAIN, f"The list's total changed from {before.total:,} to {page.total:,} while it was read."
    if raw >= page.total:
        return _at_the_end(page, before, seen, page.total)
    if page.count == 0:
        return Turn.PARTIAL, f"The list ended after {seen:,} of {page.total:,} datasets."
    if new == 0:
        return Turn.PARTIAL, (
            f"The endpoint answers the same page again at offset {before.offset:,}: it does not follow “offset”. "
            f"{seen:,} of {page.total:,} datasets were read."
        )
    return Turn.NEXT, ""


def _at_the_end(page: Page, before: Progress, seen: int, total: int) -> tuple[Turn, str]:
    if seen < total:
        return Turn.PARTIAL, (
            f"The list says {total:,} datasets and names {seen:,} different ones; "
            "nothing counts as disappeared until they agree."
        )
    return (Turn.WHOLE if before.clean and page.count == len(page.items) else Turn.PARTIAL), ""


def _without_total(page: Page, before: Progress, new: int) -> tuple[Turn, str]:
    if page.count == 0:
        return (Turn.WHOLE if before.clean else Turn.PARTIAL), ""
    if new == 0:
        return Turn.PARTIAL, (
            "The endpoint gives no “query.total” and answers the same page again, so whether this is all cannot be "
            "told; nothing counts as disappeared."
        )
    return Turn.NEXT, ""


def _listed(item: Any) -> Listed | None:
    if not isinstance(item, Mapping):
        return None
    given = item.get("persistentId")
    if not isinstance(given, str) or words(given) != given or not 0 < len(given) <= _LONGEST_ID or given in (".", ".."):
        return None
    return Listed(
        persistent_id=given,
        version=_short(item.get("version")),
        modified=_short(item.get("modified")),
        title=words(item.get("name"))[:300],
    )


def _short(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return words(value)[:100]
