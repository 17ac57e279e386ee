"""The strictest of several rule books: for every number the value that lets least out, and who set it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from orchestrator.core.errors import Invalid

from .model import Limits, Pack, Resources
from .schema import DOMINANCE, NUMBERS, ROUNDING, WORDS

__all__ = ["effective", "strictest"]

Term = tuple[str, int, int]
"""A custodian, the checkers his terms need, and the smallest count they let be shown."""


def strictest(packs: Iterable[Pack], terms: Iterable[Term] = ()) -> Pack:
    """Return the pack nowhere looser than any of ``packs`` and ``terms``; raises ``Invalid`` where there is no pack.

    Neither order nor repetition matters. ``set_by`` names, for each number on which the members differ, whose it is.
    """
    return _joined([(pack.name, pack) for pack in packs], terms)


def effective(pack: Pack, terms: Iterable[Term], named: Iterable[tuple[str, Pack]] = ()) -> Pack:
    """Make the installation’s ``pack`` as strict as its custodians’ terms and the packs that they name.

    ``named`` gives (custodian, pack); a custodian’s pack can only make numbers stricter, never looser.
    """
    members = [(pack.name, pack), *((f"{custodian} ({each.name})", each) for custodian, each in named)]
    return _joined(members, terms)


def _joined(members: Sequence[tuple[str, Pack]], terms: Iterable[Term]) -> Pack:
    if not members:
        raise Invalid("There is no rule book to check against.", field="pack")
    packs = [pack for _, pack in members]
    changes: dict[str, Any] = {}
    set_by: dict[str, str] = {}
    sources: dict[str, str] = {}
    for key, choose in _CHOOSERS.items():
        values = [getattr(pack, key) for pack in packs]
        changes[key] = choose(values)
        setting = [each for each in members if getattr(each[1], key) == changes[key]]
        setting = setting or [each for each in members if getattr(each[1], key)]
        if any(value != changes[key] for value in values) or any(key in dict(pack.set_by) for pack in packs):
            set_by[key] = " and ".join(sorted({dict(pack.set_by).get(key, who) for who, pack in setting}))
        named = sorted({pack.source(key) for _, pack in setting} - {""})
        if named:
            sources[key] = "; ".join(named)
    books = sorted({each for pack in packs for each in zip(pack.name.split("+"), pack.version.split("+"), strict=True)})
    joined = replace(
        packs[0],
        **(changes | _kinds(packs)),
        limits=Limits(**_least([asdict(pack.limits) for pack in packs])),
        resources=Resources(**_least([asdict(pack.resources) for pack in packs])),
        marks=tuple(sorted({mark for pack in packs for mark in pack.marks})),
        name="+".join(name for name, _ in books),
        version="+".join(version for _, version in books),
        sources=tuple(sorted(sources.items())),
        set_by=(),
    )
    return _with_terms(joined, set_by, terms)


def _with_terms(pack: Pack, set_by: dict[str, str], terms: Iterable[Term]) -> Pack:
    for custodian, checkers, count in sorted(terms):
        for key, asked in (("checkers_needed", checkers), ("minimum_count", count)):
            if asked > getattr(pack, key):
                changes: dict[str, Any] = {key: asked}
                pack = replace(pack, **changes)
                set_by[key] = custodian
    return replace(pack, set_by=tuple(sorted(set_by.items())))


def _choosers() -> Iterator[tuple[str, Callable[[list[Any]], Any]]]:
    for key, (larger, _, _) in NUMBERS.items():
        yield key, max if larger else min
    for key, words in WORDS.items():
        yield key, _last_of(words)
    for key in (ROUNDING, DOMINANCE):
        yield key, _every_one


def _last_of(words: Sequence[str]) -> Callable[[list[str]], str]:
    return lambda values: max(values, key=words.index)


def _every_one(values: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(sorted({each for value in values for each in value}))


_CHOOSERS = dict(_choosers())


def _kinds(packs: Sequence[Pack]) -> dict[str, Any]:
    """A kind passes to review where all let it pass, and is held where all at least hold it."""
    review = set.intersection(*(set(pack.review_kinds) for pack in packs))
    either = set.intersection(*({*pack.review_kinds, *pack.hold_kinds} for pack in packs))
    return {"review_kinds": tuple(sorted(review)), "hold_kinds": tuple(sorted(either - review))}


def _least(values: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {key: min(each[key] for each in values) for key in values[0]}
