"""Crosstabs of real people with cells hidden well and badly, and pairs of tables a chosen number of people apart."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping

from tests.airlock.corpus.held_back.case import Case
from tests.airlock.corpus.held_back.tables import adam, lifelines_set, omop

from .files import FORMATS, to_csv

__all__ = ["linked"]

UNDONE, DIFFER, SMALL = frozenset({"suppression-undone"}), frozenset({"differencing"}), frozenset({"small-count"})
Grid = list[list[int]]


def grids() -> Mapping[str, tuple[list[str], list[str], Grid]]:
    """Return real two-way tables: row labels, column labels, counts."""
    out = {}
    for name, frame, first, second in (
        ("omop", omop("person"), "race_source_value", "gender_source_value"),
        ("actg175", lifelines_set("ACTG175"), "arms", "karnof"),
        ("gbsg2", lifelines_set("gbsg2"), "tgrade", "horTh"),
        ("cdisc", adam("adsl"), "AGEGR1", "ARM"),
        ("rossi", lifelines_set("rossi"), "race", "mar"),
        ("sites", adam("adsl"), "SITEGR1", "SEX"),
    ):
        sizes = frame.groupby([first, second]).size().unstack(fill_value=0)
        sizes = sizes[(sizes > 0).all(axis=1)]
        out[name] = (list(map(str, sizes.index)), list(map(str, sizes.columns)), sizes.to_numpy().tolist())
    return out


def small_and_large(counts: Grid, seed: int, how_many: int) -> tuple[Grid, set[tuple[int, int]]]:
    """Return the counts with cells made small (the threshold is 10) and all others made 30 or more."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    made = [[n if n >= 30 else n + 30 for n in row] for row in counts]
    small = set(chance.sample(list(itertools.product(range(len(made)), range(len(made[0])))), how_many))
    for row, column in small:
        made[row][column] = chance.randint(2, 9)
    return made, small


def layout(
    rows: list[str], columns: list[str], counts: Grid, hidden: set[tuple[int, int]], mark: str, totals: str = "both"
) -> list[list[object]]:
    """Return the table as cells, with marks in place of hidden counts; totals are the true ones."""
    shown = [[mark if (i, j) in hidden else n for j, n in enumerate(row)] for i, row in enumerate(counts)]
    head: list[object] = ["group", *columns]
    body: list[list[object]] = [[label, *row] for label, row in zip(rows, shown, strict=True)]
    if totals in {"both", "rows"}:
        head.append("Total")
        body = [[*line, sum(row)] for line, row in zip(body, counts, strict=True)]
    if totals in {"both", "columns"}:
        last: list[object] = ["Total", *map(sum, zip(*counts, strict=True))]
        body.append([*last, sum(map(sum, counts))] if totals == "both" else last)
    return [head, *body]


def rectangle(counts: Grid, cell: tuple[int, int]) -> set[tuple[int, int]]:
    """Return four cells, with the one given, of which none can be computed: the others are large."""
    i, j = cell
    k, m = (i + 1) % len(counts), (j + 1) % len(counts[0])
    return {(i, j), (i, m), (k, j), (k, m)}


def suppressed() -> Iterator[Case]:
    """One cell hidden, with totals (undone), without, with three others (safe), with a partner that does not help."""
    for seed, (name, (rows, columns, counts)) in enumerate(grids().items()):
        made, small = small_and_large(counts, seed, 1)
        cell = next(iter(small))
        for mark, totals in (("<10", "both"), ("*", "rows"), ("[REDACTED]", "columns"), ("", "both")):
            cells = layout(rows, columns, made, small, mark, totals)
            yield Case(
                name=f"undone-{name}-{totals}-{mark or 'blank'}",
                files={"t.csv": to_csv(cells)},
                source=name,
                expected=UNDONE,
            )
        yield Case(
            name=f"hidden-{name}-no-totals",
            source=name,
            files={"t.csv": to_csv(layout(rows, columns, made, small, "<10", "none"))},
        )
        safe = layout(rows, columns, made, rectangle(made, cell), "c")
        yield Case(name=f"hidden-{name}-rectangle", files={"t.csv": to_csv(safe)}, source=name)
        partner = small | {(cell[0], (cell[1] + 1) % len(columns))}
        if len(rows) > 1:
            yield Case(
                name=f"undone-{name}-partner",
                source=name,
                expected=UNDONE,
                files={"t.csv": to_csv(layout(rows, columns, made, partner, "*"))},
            )
        kind = list(FORMATS)[seed % len(FORMATS)]
        file, write = FORMATS[kind]
        yield Case(
            name=f"undone-{name}-{kind}",
            files={file: write(layout(rows, columns, made, small, "<10"))},
            source=name,
            expected=UNDONE,
        )
        bare = to_csv(layout(rows, columns, made, small, "<10", "none"))
        margin = to_csv([["group", "n"], *([label, sum(row)] for label, row in zip(rows, made, strict=True))])
        yield Case(
            name=f"undone-{name}-released",
            files={"t.csv": bare},
            released={"rows.csv": margin},
            source=name,
            expected=UNDONE,
        )
        yield Case(
            name=f"undone-{name}-together", files={"t.csv": bare, "rows.csv": margin}, source=name, expected=UNDONE
        )
        other = to_csv([["another", "n"], ["x", 812], ["y", 1290]])
        yield Case(name=f"hidden-{name}-unrelated", files={"t.csv": bare}, released={"other.csv": other}, source=name)
        long = [
            ["group", "level", "n"],
            *(
                [rows[i], columns[j], "<10" if (i, j) in small else made[i][j]]
                for i in range(len(rows))
                for j in range(len(columns))
            ),
        ]
        yield Case(
            name=f"undone-{name}-long",
            files={
                "t.csv": to_csv(long),
                "rows.csv": to_csv(
                    [["group", "n"], *([label, sum(row)] for label, row in zip(rows, made, strict=True))]
                ),
            },
            source=name,
            expected=UNDONE,
        )
        yield Case(name=f"hidden-{name}-long", files={"t.csv": to_csv(long)}, source=name)


def differing() -> Iterator[Case]:
    """The same counts over cohorts that differ by so many people in one cell, or in all."""
    for seed, (name, (rows, columns, counts)) in enumerate(grids().items()):
        made = [[n + 60 for n in row] for row in counts]
        before = to_csv(layout(rows, columns, made, set(), "", "none"))
        for less in (1, 5, 9, 10, 25):
            fewer = [row[:] for row in made]
            fewer[0][0] -= less
            after = to_csv(layout(rows, columns, fewer, set(), "", "none"))
            together = less in {1, 10}
            yield Case(
                name=f"apart-{name}-{less}",
                source=name,
                expected=DIFFER if less < 10 else frozenset(),
                files={"b.csv": after} | ({"a.csv": before} if together else {}),
                released={} if together else {"a.csv": before},
            )
        every = to_csv(layout(rows, columns, [[n - 2 for n in row] for row in made], set(), "", "none"))
        yield Case(
            name=f"apart-{name}-everywhere",
            files={"b.csv": every},
            released={"a.csv": before},
            expected=DIFFER,
            source=name,
        )
        yield Case(name=f"apart-{name}-same", files={"b.csv": before}, released={"a.csv": before}, source=name)
        renamed = to_csv(
            [
                ["level", "patients"],
                *([f"{r}/{c}", made[i][j]] for i, r in enumerate(rows) for j, c in enumerate(columns)),
            ]
        )
        yield Case(name=f"apart-{name}-other-shape", files={"b.csv": renamed}, released={"a.csv": before}, source=name)
        if seed < 3:
            total = sum(map(sum, made))
            words = {gap: f"The cohort had {total - gap} people.\n".encode() for gap in (0, 3)}
            yield Case(
                name=f"apart-{name}-words",
                files={"b.txt": words[3]},
                released={"a.txt": words[0]},
                expected=DIFFER,
                source=name,
            )
            yield Case(
                name=f"apart-{name}-same-words", files={"b.txt": words[0]}, released={"a.txt": words[0]}, source=name
            )


def derived() -> Iterator[Case]:
    """Hidden counts beside shares, sums and means; and shares too coarse to give them back."""
    for seed, (name, (rows, _columns, counts)) in enumerate(grids().items()):
        made, small = small_and_large(counts, 40 + seed, 1)
        column = next(iter(small))[1]
        values = [row[column] for row in made]
        total = sum(values)
        shown = ["*" if n < 10 else n for n in values]
        shares = [
            ["group", "n", "percent"],
            *([r, s, round(100 * n / total, 1)] for r, s, n in zip(rows, shown, values, strict=True)),
            ["Total", total, 100.0],
        ]
        yield Case(
            name=f"share-{name}",
            files={"t.csv": to_csv(shares)},
            source=name,
            expected=UNDONE,
            acceptable=SMALL | {"class-disclosure"},
        )
        means = [
            ["group", "n", "sum", "mean"],
            *([r, s, round(7.25 * n, 2), 7.25] for r, s, n in zip(rows, shown, values, strict=True)),
        ]
        yield Case(
            name=f"sum-and-mean-{name}", files={"t.csv": to_csv(means)}, source=name, expected=UNDONE, acceptable=SMALL
        )
        few = [
            ["group", "n", "mean"],
            *([r, s, round(7.25 + 0.3 * i, 2)] for i, (r, s) in enumerate(zip(rows, shown, strict=True))),
        ]
        yield Case(name=f"mean-of-few-{name}", files={"t.csv": to_csv(few)}, source=name, expected=SMALL)
        most = [row for row in few if row[1] != "*"]
        yield Case(name=f"mean-of-many-{name}", files={"t.csv": to_csv(most)}, source=name)


def linked() -> Iterator[Case]:
    """Every case of this module."""
    yield from suppressed()
    yield from differing()
    yield from derived()
