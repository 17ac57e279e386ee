"""Survival tables: how many are at risk at each step, events that stand alone in time, curves that give counts back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from fractions import Fraction

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .headings import Role, plain
from .views import View, view

__all__ = ["check", "exact_steps", "single_steps"]

_AT_RISK = re.compile(r"\bat ?risk\b|\bn ?risk\b|\bentrance\b|\bentered\b")
_EVENTS = re.compile(r"\bobserved\b|\bevents?\b|\bn ?event\b|\bdeaths?\b|\bdied\b|\bd\b")
_SURVIVAL = re.compile(r"surv|\bkm\b|kaplan|\bs ?\(t\)|\bestimate\b|probabilit|cumulative prop")
_STEPS = 5
_LARGEST = 5_000


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report life tables and survival curves that show single persons."""
    for table in file.tables:
        seen = view(table)
        if Role.TIME in seen.roles and seen.frame.kept:
            yield from _at_risk(seen, pack)
            yield from _events(seen)
            yield from _curve(seen, pack)


def _at_risk(seen: View, pack: Pack) -> Iterator[Finding]:
    places = Places()
    for index in seen.of(Role.COUNT):
        if _AT_RISK.search(plain(seen.heading(index))):
            for number, row in seen.rows():
                count = seen.cell(row, index).count
                if count is not None and 1 <= count < pack.minimum_at_risk:
                    places.add(f"{seen.where(number)}: {count}")
    if places:
        yield places.finding(
            "SURVIVAL_AT_RISK",
            Severity.FLAG,
            f"{places.count} steps have fewer than {pack.minimum_at_risk} people at risk.",
            "End the table, and the curve, where enough people are still at risk.",
            place=seen.table.where,
        )


def _events(seen: View) -> Iterator[Finding]:
    places = Places()
    for index in seen.of(Role.COUNT):
        if _EVENTS.search(plain(seen.heading(index))) and not _AT_RISK.search(plain(seen.heading(index))):
            for number, row in seen.rows():
                if seen.cell(row, index).count == 1:
                    places.add(seen.where(number))
    if places:
        yield places.finding(
            "SURVIVAL_SINGLE_EVENT",
            Severity.FLAG,
            f"{places.count} steps are the event of one person, with its exact time.",
            "Group times into intervals that hold enough events each.",
            place=seen.table.where,
        )


def _curve(seen: View, pack: Pack) -> Iterator[Finding]:
    for index, role in enumerate(seen.roles):
        heading = plain(seen.heading(index))
        if role not in {Role.SHARE, Role.COEFFICIENT, Role.OTHER} or not _SURVIVAL.search(heading):
            continue
        values = [value for _, row in seen.rows() if (value := seen.cell(row, index).number) is not None]
        at_risk = single_steps(values) or exact_steps(values)
        if not at_risk:
            continue
        small = sum(count < pack.minimum_at_risk for count in at_risk)
        last = f"; {small} of them have fewer than {pack.minimum_at_risk} at risk" if small else ""
        yield Finding(
            rule="SURVIVAL_STEPS",
            severity=Severity.FLAG,
            where=seen.column(index),
            message=f"The heights of {len(at_risk)} steps of the curve give the events and the number at risk, "
            f"{at_risk[0]} at the first{last}.",
            guidance="Round the curve, or show it at fixed times only, and end it where enough people are at risk.",
        )


def single_steps(values: list[float]) -> list[int]:
    """Return the numbers at risk that a curve gives away, when most of its steps are those of one event.

    After one event among n at risk, a Kaplan–Meier curve falls to (n − 1)/n of what it was, so n = S₀ / (S₀ − S₁).
    """
    scale = 100.0 if values and max(values) > 1.5 else 1.0
    implied: list[float] = []
    for before, after in itertools.pairwise(values):
        if 0 <= after < before <= scale:
            implied.append(before / (before - after))
    whole = [
        round(value) for value in implied if abs(value - round(value)) < 0.01 * max(1.0, value / 20) and value < 5_000
    ]
    falling = all(later <= earlier for earlier, later in itertools.pairwise(whole))
    if len(implied) < _STEPS or len(whole) * 10 < len(implied) * 7 or not falling:
        return []
    return whole


def exact_steps(values: list[float]) -> list[int]:
    """Return the numbers at risk that a curve of full precision gives away: each step falls by events over at risk.

    With ten digits or more hardly any number is a fraction of small whole numbers by chance, so that a curve most of
    whose steps are such fractions, of few events each, was printed as it was computed.
    """
    falls = [(before - after) / before for before, after in itertools.pairwise(values) if 0 < after < before <= 1]
    found = []
    for fall in falls:
        near = Fraction(fall).limit_denominator(_LARGEST)
        if abs(float(near) - fall) < 1e-11 and near.numerator < _STEPS * 2:
            found.append(near.denominator)
    return found if len(falls) >= _STEPS and len(found) * 10 >= len(falls) * 8 and max(found) >= 20 else []
