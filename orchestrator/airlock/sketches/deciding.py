"""What a match with the data amounts to: leave at once, ask people, or only worth a note. The numbers stand here alone.

Set on cases of our own (``tests/airlock/sketches``): rows of simulated and real data exact, renamed, shuffled, rounded
and mixed with invented ones, against tables, percentiles and simulated data of the same kinds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.airlock.model import Severity

from .candidates import LoadedPart
from .columns import Dump
from .joining import Match

__all__ = ["severity_of_dump", "severity_of_match"]

_SURE = -math.log(1e-6)
_LIKELY = -math.log(1e-4)
_FEWEST = 3
_BEYOND = 3.0
"""So many times as many rows as chance gives must agree before a file stays inside."""
_NEARLY_ALL = 0.95
_FEWEST_FOR_PEOPLE = 20
_FEW_GROUPS = 400
_SAFE_GROUP = 10


def severity_of_match(loaded: LoadedPart, match: Match) -> Severity | None:
    """Say what rows that agree with records ask for; nothing where chance or grouping explains them."""
    if match.agreeing < _FEWEST or match.surprise < _LIKELY or _grouped(match):
        return None
    sure = match.surprise >= _SURE and match.unique_surprise >= _SURE and len(match.unique) >= _FEWEST
    if sure and match.agreeing >= _BEYOND * match.chance.any:
        return _one_value_a_group(loaded, match) or Severity.BLOCK
    many = match.agreeing >= _NEARLY_ALL * match.compared and match.compared >= _FEWEST_FOR_PEOPLE
    if many and match.surprise >= _SURE and match.chance.any < _NEARLY_ALL * match.agreeing:
        return Severity.FLAG
    return None


def severity_of_dump(dump: Dump) -> Severity | None:
    """Say what a repeated column asks for."""
    if dump.surprise < _SURE or dump.seen < _BEYOND * dump.expected:
        return None
    if dump.run:
        return Severity.BLOCK if dump.seen >= 0.5 * dump.compared else Severity.FLAG
    return Severity.FLAG if dump.seen >= 0.5 * dump.compared else None


def _grouped(match: Match) -> bool:
    """Say whether rows never repeat although records would: groups do so, whose labels all occur in the data."""
    return match.chance.repeats >= 10 and match.repeats < 0.1 * match.chance.repeats


def _one_value_a_group(loaded: LoadedPart, match: Match) -> Severity | None:
    """Tell medians and percentiles of groups, which are values of single records, from records.

    They name a group and one value; each group has as many rows, whose values rise. In groups of ten records and more
    that is what percentiles are; in smaller ones people should look.
    """
    if len(match.columns) != 2 or match.also:
        return None
    for label, value in (match.columns, match.columns[::-1]):
        labels = label.codes[label.said]
        groups, counts = np.unique(labels, return_counts=True)
        if not 2 <= len(groups) <= _FEW_GROUPS or counts.max() != counts.min():
            continue
        numbers = value.result.cells.numbers[value.result.codes][label.said]
        if label.data_bits < value.data_bits and _rising(labels, numbers):
            sizes = np.bincount(loaded.codes(label.column, label.level), minlength=label.missing + 1)
            return Severity.NOTE if sizes[groups].min() >= _SAFE_GROUP else Severity.FLAG
    return None


def _rising(labels: NDArray[np.integer[Any]], numbers: NDArray[np.float64]) -> bool:
    same = labels[1:] == labels[:-1]
    return bool(np.all(np.diff(numbers)[same] >= 0))
