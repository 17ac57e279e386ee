"""Finds rows of results that are records of the data: joins on the rarest columns, then adds column after column.

A join starts from one or two columns of results (the anchor) and lists every pair of a row and a record that agree
there. Each further column keeps the pairs that agree on it too; the one that leaves most beyond chance comes next. So
columns that were invented, renamed, shuffled or changed simply do not join, and the rest still does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidate, LoadedPart
from .chance import Chance, chance_of, log_tail, tuple_keys

__all__ = ["Match", "Pairs", "best_match", "exact_match", "joined"]

_PAIRS = 1_000_000
_ANCHORS = 4
_MOST_COLUMNS = 8
_KEPT = 0.8
_FEWEST = 3
_LOOKED_AT = 20_000
_TOGETHER = 0.99
_PLAIN = 60.0
"""So far beyond chance (natural logarithm) nothing better is looked for."""
_ENOUGH = 5.0
"""How far beyond chance (natural logarithm) a further column must be to join."""


@dataclass(frozen=True, eq=False)
class Match:
    """Rows of results that agree with records of one part on ``columns``."""

    columns: tuple[Candidate, ...]
    compared: int
    rows: NDArray[np.int64]
    """The rows of results that agree with any record."""
    unique: NDArray[np.int64]
    """Those that agree with exactly one, which no row before agrees with."""
    agreeing: int
    """How many rows agree; rows that repeat count as often as the data have such records."""
    chance: Chance
    also: tuple[str, ...] = ()
    """Further columns on which these rows agree too."""
    repeats: int = 0
    """Pairs of rows that agree with each other."""

    @property
    def surprise(self) -> float:
        """How unlikely it is that chance gave so many rows that agree with a record (natural logarithm)."""
        return -log_tail(self.agreeing, self.chance.any)

    @property
    def unique_surprise(self) -> float:
        """How unlikely it is that chance gave so many rows with a record of their own (natural logarithm)."""
        return -log_tail(len(self.unique), self.chance.one)

    @property
    def plain(self) -> bool:
        """Whether this is so far beyond chance that nothing better needs to be looked for."""
        return self.unique_surprise > _PLAIN and self.agreeing > 10 * self.chance.any


def best_match(loaded: LoadedPart, candidates: Sequence[Candidate], rows: int) -> Match | None:
    """Return the match that chance explains worst, or nothing where no two columns agree beyond it."""
    best = exact_match(loaded, candidates, rows)
    if best is not None and best.plain:
        return best
    for anchor in _anchors(candidates):
        found = _grown(loaded, anchor, candidates, rows)
        if found is None:
            continue
        if best is None or found.surprise > best.surprise:
            best = found
        if best.plain and len(best.unique) > 0.5 * rows:
            break
    return best


def exact_match(loaded: LoadedPart, candidates: Sequence[Candidate], rows: int) -> Match | None:
    """Return the rows that agree with a record on every column at once, in one join; nothing where fewer than three do.

    Each column of results is taken for the column of the data that it is most like.
    """
    chosen: list[Candidate] = []
    for each in sorted(candidates, key=lambda candidate: candidate.likeness, reverse=True):
        taken = {(one.place, one.column) for one in chosen}
        if each.plausible and not any(each.place == place or each.column == column for place, column in taken):
            chosen.append(each)
    if len(chosen) < _FEWEST:
        return None
    pairs = joined(loaded, chosen)
    if np.count_nonzero(pairs.counts()) < _FEWEST:
        return None
    telling = sorted(chosen, key=_commonness)
    return _match(loaded, telling[:_MOST_COLUMNS], telling[_MOST_COLUMNS:], pairs, rows)


def _anchors(candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, ...]]:
    """Yield what to start from: single rare columns, then pairs of less rare ones, then less likely columns."""
    likeliest: dict[int, Candidate] = {}
    for each in sorted(candidates, key=lambda candidate: candidate.likeness, reverse=True):
        likeliest.setdefault(each.place, each)
    first = sorted(likeliest.values(), key=_commonness)
    singles = [each for each in first if _expected_pairs((each,)) <= _PAIRS][:_ANCHORS]
    yield from ((each,) for each in singles)
    common = [each for each in first if each not in singles][:6]
    pairs = [(one, other) for one, other in combinations(common, 2) if one.column != other.column]
    yield from sorted(pairs, key=_expected_pairs)[: max(1, _ANCHORS - len(singles))]
    rest = sorted((each for each in candidates if each not in first), key=_commonness)
    yield from [(each,) for each in rest if _expected_pairs((each,)) <= _PAIRS][:2]


def _commonness(candidate: Candidate) -> float:
    return -candidate.bits


def _expected_pairs(anchor: Sequence[Candidate]) -> float:
    shares = np.prod([each.frequencies / each.rows for each in anchor], axis=0)
    return float(shares.sum() * anchor[0].rows)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of results and records of the data that agree."""

    rows: NDArray[np.int64]
    records: NDArray[np.int64]
    asked: NDArray[np.bool_]
    """Which rows of the results were joined at all."""

    def where(self, chosen: NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.rows[chosen], self.records[chosen], self.asked)

    def counts(self, chosen: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Return how many records each row agrees with."""
        rows = self.rows if chosen is None else self.rows[chosen]
        return np.bincount(rows, minlength=len(self.asked))


def _grown(
    loaded: LoadedPart, anchor: tuple[Candidate, ...], candidates: Sequence[Candidate], rows: int
) -> Match | None:
    pairs = joined(loaded, anchor)
    chosen = list(anchor)
    left = [each for each in candidates if each not in chosen]
    while left and len(chosen) < _MOST_COLUMNS:
        places, columns = {each.place for each in chosen}, {each.column for each in chosen}
        left = [each for each in left if each.place not in places and each.column not in columns]
        ranked = [(_gain(loaded, pairs, each), each) for each in left]
        left = [each for gain, each in ranked if gain > 0.0]  # what agrees no more than by chance will not do so later
        gain, best = max(ranked, key=lambda pair: pair[0], default=(0.0, None))
        if best is None or gain <= 0.0:
            break
        kept = pairs.where(_agree(loaded, pairs, best))
        share = np.count_nonzero(kept.counts()) / np.count_nonzero(pairs.counts())
        costs_much = share < _KEPT and (len(chosen) >= 2 or gain < _ENOUGH)
        if costs_much or any(_same_thing(loaded, best, each) for each in chosen):
            left.remove(best)
            continue
        chosen.append(best)
        pairs = kept
    return _match(loaded, chosen, left, pairs, rows) if len(chosen) > 1 else None


def joined(loaded: LoadedPart, anchor: Sequence[Candidate]) -> Pairs:
    """List the pairs of rows and records that agree on the anchor; its commonest values stay out when too many."""
    keep = np.all([each.said for each in anchor], axis=0)
    rows = np.flatnonzero(keep)
    asked = np.zeros(len(keep), np.bool_)
    chosen = np.ones(loaded.part.rows, np.bool_)
    for each in anchor:
        wanted = np.zeros(each.missing + 1, np.bool_)
        wanted[each.codes[rows]] = True
        chosen &= wanted[loaded.codes(each.column, each.level)]
    records = np.flatnonzero(chosen)
    if not len(records):
        return Pairs(rows[:0], records, asked)
    record_keys = tuple_keys([loaded.codes(each.column, each.level)[records] for each in anchor])
    row_keys = tuple_keys([each.codes[rows] for each in anchor])
    order = np.argsort(record_keys)
    ranked = record_keys[order]
    begin, end = np.searchsorted(ranked, row_keys, "left"), np.searchsorted(ranked, row_keys, "right")
    counts = end - begin
    rarest = np.argsort(counts, kind="stable")
    within = rarest[np.cumsum(counts[rarest]) <= 2 * _PAIRS]
    counts, begin, rows = counts[within], begin[within], rows[within]
    asked[rows] = True
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Pairs(np.repeat(rows, counts), records[order[np.repeat(begin, counts) + offsets]], asked)


def _agree(loaded: LoadedPart, pairs: Pairs, candidate: Candidate) -> NDArray[np.bool_]:
    return np.equal(candidate.codes[pairs.rows], loaded.codes(candidate.column, candidate.level)[pairs.records])


def _gain(loaded: LoadedPart, pairs: Pairs, candidate: Candidate) -> float:
    """Say how far beyond chance the rows are that still agree with a record when one more column has to agree."""
    if not len(pairs.rows):
        return 0.0
    kept = np.count_nonzero(pairs.counts(_agree(loaded, pairs, candidate)))
    if kept < _FEWEST:
        return 0.0
    counts = pairs.counts()
    shares = np.clip(candidate.frequencies / candidate.rows, 0.0, 1.0)
    expected = float((1.0 - np.power(1.0 - shares, counts)).sum())
    return -log_tail(int(kept), expected)


def _same_thing(loaded: LoadedPart, one: Candidate, other: Candidate) -> bool:
    """Say whether two columns of the data rise with each other, as age and year of birth: agreeing on both is no more.

    The percentiles of two such columns stand in one record, although nobody copied it.
    """
    name = ("same", *sorted((one.column, other.column)))
    if name not in loaded.known:
        columns = [loaded.part.columns[each.column] for each in (one, other)]
        loaded.known[name] = False
        if all(column.kind in ("number", "date") for column in columns):
            said = np.logical_and(*(column.codes < column.distinct for column in columns))
            pair = [column.codes[said][:_LOOKED_AT].astype(np.float64) for column in columns]
            if len(pair[0]) > 2 and min(np.ptp(each) for each in pair) > 0:
                loaded.known[name] = bool(abs(np.corrcoef(pair[0], pair[1])[0, 1]) > _TOGETHER)
    return bool(loaded.known[name])


def _match(
    loaded: LoadedPart, chosen: Sequence[Candidate], left: Sequence[Candidate], pairs: Pairs, rows: int
) -> Match:
    counts = pairs.counts()
    agreeing = np.flatnonzero(counts)
    row_keys = tuple_keys([each.codes[agreeing] for each in chosen])
    _, first, alike = np.unique(row_keys, return_index=True, return_counts=True)
    also = []
    for each in left:
        same = _agree(loaded, pairs, each)
        if each.name not in also and len(same) and same.mean() >= _KEPT:
            also.append(each.name)
    return Match(
        columns=tuple(chosen),
        compared=rows,
        rows=agreeing,
        unique=np.sort(agreeing[first[counts[agreeing[first]] == 1]]),
        agreeing=int(np.minimum(alike, counts[agreeing[first]]).sum()),
        chance=chance_of(loaded, chosen, pairs.asked),
        also=tuple(also),
        repeats=int((alike * (alike - 1) // 2).sum()),
    )
