"""Cells taken out that the rest of their row or column gives back, named with the exact value.

This looks for what anybody sees with a pencil, one line after the other, within one table. What follows from many lines
or tables together is the release ledger's to find.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places, counted
from orchestrator.airlock.reading.specimen import Specimen

from .counts import asked
from .sums import Family, Grid, Line, families, grid
from .views import View, view

__all__ = ["check"]


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report cells that totals give back, and totals that do not add up."""
    for table in file.tables:
        seen = view(table)
        cells = grid(seen)
        if cells is None:
            continue
        ways = families(seen, cells)
        yield from _wrong(seen, ways)
        if cells.masked and not cells.rounded:
            yield from _undone(seen, cells, ways, pack)


def _undone(seen: View, cells: Grid, ways: list[Family], pack: Pack) -> Iterator[Finding]:
    found, small = Places(), False
    solved = list(_solve(cells, ways, pack.minimum_count))
    for (row, index), value, sum_said in solved:
        number, words = seen.frame.rows[row]
        small = small or value < pack.minimum_count
        found.add(f"{seen.where(number, words)} column “{seen.heading(index)}” is {sum_said} = {value}")
    if found and not any(value for _, value, _ in solved):
        yield found.finding(
            "TOTALS_OF_SHOWN",
            Severity.FLAG,
            f"The totals are those of the cells shown: {found.count} hidden cells would be 0.",
            "Either they are zeros, and now known; or their people were left out of the totals, as ACRO does: then any "
            "other table with full totals gives them. Leave out these totals, or round.",
            place=seen.table.where,
        )
    elif found:
        yield found.finding(
            "SUPPRESSION_UNDONE",
            asked(pack.small_counts) if small else Severity.FLAG,
            f"{counted(found.count, 'cell that was taken out follows', 'cells that were taken out follow')} "
            "exactly from their row or column.",
            "Take out a second cell in the same row and column, leave out the total, or round.",
            place=seen.table.where,
        )


def _solve(cells: Grid, ways: list[Family], threshold: int) -> Iterator[tuple[tuple[int, int], int, str]]:
    """Fill in, line after line, whatever one line gives; a filled cell may open the next line."""
    known, again = dict(cells.known), True
    while again:
        again = False
        for family in ways:
            if not (family.believed or family.possible):
                continue
            for line in family.lines:
                for place, value, said in _one_line(line, known):
                    if place in cells.masked and _plausible(value, cells.masked[place], family, threshold):
                        known[place] = value
                        again = True
                        yield place, value, said


def _one_line(line: Line, known: dict[tuple[int, int], int]) -> list[tuple[tuple[int, int], int, str]]:
    missing = [place for place in line.parts if place not in known]
    total = known.get(line.total)
    parts = [known[place] for place in line.parts if place in known]
    if total is None:
        return [] if missing else [(line.total, sum(parts), " + ".join(map(str, parts[:6])))]
    rest = total - sum(parts)
    said = f"{total} − {sum(parts)}"
    if len(missing) == 1 or (missing and rest == 0):
        return [(place, rest, said) for place in missing]
    return []


def _plausible(value: int, bounds: tuple[int, int | None], family: Family, threshold: int) -> bool:
    least, most = bounds
    if value < least or (most is not None and value > most):
        return False
    return family.believed or value < threshold


def _wrong(seen: View, ways: list[Family]) -> Iterator[Finding]:
    places = Places()
    for family in ways:
        if family.believed:
            for line in family.failing:
                row, index = line.total
                number, words = seen.frame.rows[row]
                places.add(f"{seen.where(number, words)} column “{seen.heading(index)}”")
    if places:
        yield places.finding(
            "TOTALS_DO_NOT_ADD",
            Severity.NOTE,
            f"{places.count} totals are not the sum of their parts, though others of the table are.",
            "Ask whether they count something else, or whether it is a mistake.",
            place=seen.table.where,
        )
