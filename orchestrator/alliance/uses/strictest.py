"""The strictest of several datasets' terms of use, each part with who set it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from .codes import CODES, Kind
from .diseases import DiseaseTable
from .matching import covers
from .model import Clause

__all__ = ["Stated", "StrictestUse", "strictest"]

_DISEASE = "DUO:0000007"


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What one source, a dataset by its identifier, states."""

    source: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, kw_only=True)
class StrictestUse:
    """One code that holds for all sources together. ``impossible`` says why no use can keep it."""

    code: str
    values: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    set_by: frozenset[str] = field(default_factory=frozenset)
    impossible: str = ""


def strictest(sources: Sequence[Stated], diseases: DiseaseTable) -> tuple[StrictestUse, ...]:
    """Return what is permitted by every source, and everything that any of them asks besides."""
    if not sources:
        return ()
    order = list(CODES)
    found = [*_permissions(sources, diseases), *_modifiers(sources)]
    return tuple(sorted(found, key=lambda each: order.index(each.code) if each.code else -1))


def _permissions(sources: Sequence[Stated], diseases: DiseaseTable) -> list[StrictestUse]:
    offers = [_offers(source, diseases) for source in sources]
    common = offers[0]
    for other in offers[1:]:
        met = [each for one in common for two in other if (each := _meet(one, two, diseases)) is not None]
        common = _widest(met, diseases)
    if common:
        return common
    everybody = frozenset(source.source for source in sources)
    why = "No use is permitted by all of these datasets together."
    return [StrictestUse(code="", set_by=everybody, impossible=why)]


def _offers(source: Stated, diseases: DiseaseTable) -> list[StrictestUse]:
    offers = [
        StrictestUse(
            code=clause.code,
            values=clause.values,
            notes=(clause.note,) if clause.note else (),
            set_by=frozenset({source.source}),
        )
        for clause in source.clauses
        if CODES[clause.code].kind is Kind.PERMISSION
    ]
    return _widest(offers, diseases)


def _meet(one: StrictestUse, two: StrictestUse, diseases: DiseaseTable) -> StrictestUse | None:
    """Return what both permit: the narrower, or the diseases that both include."""
    if one.code == two.code == _DISEASE:
        return _common_diseases(one, two, diseases)
    if one.code == two.code:
        return replace(one, notes=_both(one.notes, two.notes), set_by=one.set_by | two.set_by)
    for wide, narrow in ((one, two), (two, one)):
        if covers(wide.code, narrow.code):
            return replace(narrow, notes=_both(wide.notes, narrow.notes))
    return None


def _common_diseases(one: StrictestUse, two: StrictestUse, diseases: DiseaseTable) -> StrictestUse | None:
    """What is not known to be a kind of anything on the other side is left out: it would widen what is permitted."""
    kept: list[str] = []
    setters: set[str] = set()
    for mine, theirs in ((one, two), (two, one)):
        for disease in mine.values:
            if any(diseases.within(disease, each) for each in theirs.values):
                kept.append(disease)
                setters |= mine.set_by
    if not kept:
        return None
    return StrictestUse(
        code=_DISEASE,
        values=tuple(dict.fromkeys(kept)),
        notes=_both(one.notes, two.notes),
        set_by=frozenset(setters),
    )


def _both(one: tuple[str, ...], two: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *two)))


def _widest(offers: list[StrictestUse], diseases: DiseaseTable) -> list[StrictestUse]:
    """Leave out what another offer includes already, so that each use stands once; diseases become one offer."""
    several = [each for each in offers if each.code == _DISEASE]
    if len(several) > 1:
        offers = [each for each in offers if each.code != _DISEASE]
        values = tuple(dict.fromkeys(value for each in several for value in each.values))
        notes = tuple(dict.fromkeys(note for each in several for note in each.notes))
        set_by = frozenset().union(*(each.set_by for each in several))
        offers.append(StrictestUse(code=_DISEASE, values=values, notes=notes, set_by=set_by))
    kept: dict[str, StrictestUse] = {}
    for offer in offers:
        wider = any(other.code != offer.code and covers(other.code, offer.code) for other in offers)
        if not wider:
            earlier = kept.get(offer.code)
            kept[offer.code] = offer if earlier is None else _meet(earlier, offer, diseases) or earlier
    return list(kept.values())


def _modifiers(sources: Sequence[Stated]) -> list[StrictestUse]:
    stated: dict[str, list[tuple[str, Clause]]] = {}
    for source in sources:
        for clause in source.clauses:
            if CODES[clause.code].kind is Kind.MODIFIER:
                stated.setdefault(clause.code, []).append((source.source, clause))
    return [_JOIN.get(code, _all_values)(code, each) for code, each in stated.items()]


Said = list[tuple[str, Clause]]


def _notes(said: Said) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clause.note for _, clause in said if clause.note))


def _all_values(code: str, said: Said) -> StrictestUse:
    values = tuple(dict.fromkeys(value for _, clause in said for value in clause.values))
    return StrictestUse(code=code, values=values, notes=_notes(said), set_by=frozenset(source for source, _ in said))


def _one_value(choose: Callable[[Iterable[str]], str]) -> Callable[[str, Said], StrictestUse]:
    def join(code: str, said: Said) -> StrictestUse:
        value = choose([clause.values[0] for _, clause in said])
        setters = frozenset(source for source, clause in said if clause.values[0] == value)
        return StrictestUse(code=code, values=(value,), notes=_notes(said), set_by=setters)

    return join


def _common_values(same: Callable[[str, str], bool]) -> Callable[[str, Said], StrictestUse]:
    def join(code: str, said: Said) -> StrictestUse:
        every = dict.fromkeys(value for _, clause in said for value in clause.values)
        values = tuple(
            value for value in every if all(any(same(value, each) for each in clause.values) for _, clause in said)
        )
        return StrictestUse(
            code=code,
            values=values,
            notes=_notes(said),
            set_by=frozenset(source for source, _ in said),
            impossible="" if values else "Nothing that one of them names is named by all of them.",
        )

    return join


def _inside(here: str, region: str) -> bool:
    return here == region or here.startswith(f"{region}-")


def _spelt_alike(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


_JOIN: dict[str, Callable[[str, Said], StrictestUse]] = {
    "DUO:0000022": _common_values(_inside),
    "DUO:0000024": _one_value(max),
    "DUO:0000025": _one_value(lambda values: min(values, key=int)),
    "DUO:0000026": _common_values(_spelt_alike),
    "DUO:0000027": _common_values(_spelt_alike),
    "DUO:0000028": _common_values(_spelt_alike),
}
