"""The release ledger: an attack on what one project wants to release, among everything released before.

    python benchmarks/airlock_ledger.py [--largest 50000]

Projects on one dataset release tables of counts with primary suppression only: cells from 1 to 9 masked, totals of
everybody, as researchers do who do not think of secondary suppression. Each project crosses groups of its own with the
shared ones (region, age, sex, deprivation), so all tables hang together by their margins. One more project then asks to
release 2 tables. Measured: the whole answer (linking, model, every masked and every never-published cell, sentences),
beside the plain way of doing it: one new model for each masked cell and direction, with scipy.optimize.milp.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import time
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy
import scipy
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from orchestrator.airlock.ledger.inference import Inference
from orchestrator.airlock.ledger.ledger import attack, members_of
from orchestrator.airlock.ledger.linking import in_shared_words, linked
from orchestrator.airlock.ledger.numbers import Numbers
from orchestrator.airlock.ledger.tables import Dimension, Fact, Kind, PublishedTable, ReleasedTable

RESULTS = Path(__file__).parent / "results" / "airlock_ledger.md"
SHARED = {
    "region": tuple(f"region {n}" for n in range(9)),
    "age": ("18-39", "40-64", "65-79", "80+"),
    "sex": ("female", "male"),
    "deprivation": tuple(f"fifth {n}" for n in range(5)),
}
PEOPLE = 20_000
THRESHOLD = 10
SIZES = (873, 1_872, 5_000, 10_000, 50_000)
PLAIN_AT_MOST = 6
PLAIN_SECONDS = 10
"""Masked cells that the plain way is measured on, drawn at random; its time for all of them is scaled up."""


def people(seed: int) -> list[tuple[str, ...]]:
    """Draw people with skewed groups, so that a few cells of every table are small."""
    draw = random.Random(seed)  # noqa: S311 - simulated people
    weights = [[0.6**at for at in range(len(levels))] for levels in SHARED.values()]
    return [
        tuple(draw.choices(levels, weight)[0] for levels, weight in zip(SHARED.values(), weights, strict=True))
        for _ in range(PEOPLE)
    ]


def crossed(
    cohort: Sequence[tuple[str, ...]], own: dict[str, list[str]], names: Sequence[str], file: str
) -> PublishedTable:
    """Return a table with all its totals, primary suppression applied."""
    shared = list(SHARED)
    columns = [own[name] if name in own else [person[shared.index(name)] for person in cohort] for name in names]
    levels = [sorted(set(column)) for column in columns]
    counts = Counter(zip(*columns, strict=True))
    facts = []
    for cell in product(*([None, *each] for each in levels)):
        n = sum(v for k, v in counts.items() if all(c is None or c == at for c, at in zip(cell, k, strict=True)))
        labels = tuple(sorted((name, level) for name, level in zip(names, cell, strict=True) if level is not None))
        masked = 1 <= n < THRESHOLD
        facts.append(Fact(labels=labels, low=1 if masked else n, high=9 if masked else n,
                          kind=Kind.MASKED if masked else Kind.EXACT, hides=9 if masked else None))  # fmt: skip
    return PublishedTable(file=file, dimensions=tuple(Dimension(name=name) for name in names), facts=tuple(facts))


def projects(facts: int, seed: int = 7) -> list[list[PublishedTable]]:
    """Make projects until their tables hold this many facts; the first asks to release, the last is cut to fit."""
    cohort, draw = people(seed), random.Random(seed + 1)  # noqa: S311
    made: list[list[PublishedTable]] = []
    left = facts
    while left > 0:
        number = len(made)
        levels = [f"outcome {number}.{n}" for n in range(8)]
        own = {f"outcome {number}": draw.choices(levels, [0.5**n for n in range(8)], k=PEOPLE)}
        outcome = next(iter(own))
        ways = [
            ("region", outcome),
            ("age", outcome),
            ("sex", "age", outcome),
            ("deprivation", outcome),
            ("region", "sex"),
        ]
        tables = []
        for names in ways:
            table = crossed(cohort, own, names, f"project {number} {' by '.join(names)}.csv")
            if len(table.facts) <= left:
                tables.append(table)
                left -= len(table.facts)
        if not tables:
            break
        made.append(tables)
    return made


def plainly(new: list[PublishedTable], released: list[ReleasedTable]) -> tuple[float, int, bool]:
    """Bound masked cells with a new whole-number model each: seconds for all, how many, and whether all ended."""
    members = members_of(new, released, frozenset())
    group = linked(members, in_shared_words(members))[0]
    inference = Inference(group, THRESHOLD, time.monotonic() + 3600, loose=False)
    system, rows = inference.system, inference.system.rows
    matrix = csr_array((rows.values, rows.columns, rows.starts), shape=(len(rows), len(system.low)))
    masked = [hidden for hidden in inference.hidden if hidden.fact is not None]
    draw = random.Random(3)  # noqa: S311
    sample = masked if len(masked) <= PLAIN_AT_MOST else draw.sample(masked, PLAIN_AT_MOST)
    ended, started = True, time.perf_counter()
    for hidden in sample:
        for sign in (1.0, -1.0):
            cost = numpy.zeros(len(system.low))
            cost[hidden.columns] = sign
            answer = milp(cost, constraints=LinearConstraint(matrix, rows.low, rows.high),
                          bounds=Bounds(system.low, system.high), integrality=numpy.ones(len(cost)),
                          options={"time_limit": PLAIN_SECONDS})  # fmt: skip
            ended = ended and answer.status == 0
    seconds = (time.perf_counter() - started) * len(masked) / max(1, len(sample))
    return seconds, len(masked), ended


def measured(facts: int) -> dict[str, float]:
    """Attack a ledger of this size three times; return the fastest and what it found."""
    made = projects(facts)
    asking, *earlier = made
    new = asking[:2]
    released = [
        ReleasedTable(project=f"p{number}", release=f"r{number}", table=table)
        for number, tables in enumerate(earlier)
        for table in tables
    ] + [ReleasedTable(project="ours", release="ours", table=table) for table in asking[2:]]
    times = []
    for _ in range(3 if facts <= 10_000 else 1):
        started = time.perf_counter()
        found = attack(new, released, Numbers(threshold=THRESHOLD, seconds=300), project="ours")
        times.append(time.perf_counter() - started)
    plain, masked, ended = plainly(new, released)
    tables = [*new, *(each.table for each in released)]
    return {
        "facts": sum(len(table.facts) for table in tables),
        "tables": len(tables),
        "masked": masked,
        "seconds": min(times),
        "slowest": max(times),
        "findings": sum(each.low is not None for each in found),
        "incomplete": sum(each.rule == "LEDGER_INCOMPLETE" for each in found),
        "plain": plain,
        "ended": ended,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--write", action="store_true", help="write the table to benchmarks/results")
    asked = parser.parse_args()
    lines = [
        "| facts | tables | masked cells | attack, fastest of 3 (s) | slowest (s) | cells found | notes "
        "| scipy.optimize.milp, a model a cell (s) | times faster |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for size in (each for each in SIZES if each <= asked.largest):
        one = measured(size)
        more = "" if one["ended"] else "> "
        lines.append(
            f"| {one['facts']:,} | {one['tables']} | {one['masked']:,} | {one['seconds']:.2f} | {one['slowest']:.2f} "
            f"| {one['findings']} | {one['incomplete']} | {more}{one['plain']:.1f} "
            f"| {more}{one['plain'] / one['seconds']:.0f} |"
        )
        print(lines[-1], flush=True)
    load = os.getloadavg()[0]
    text = "\n".join(lines)
    print(
        f"\nload average {load:.1f}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"scipy {scipy.__version__}"
    )
    if asked.write:
        RESULTS.write_text(f"{HEAD}\n{text}\n\n{FOOT.format(load=load, cores=os.cpu_count())}", encoding="utf-8")


HEAD = """# The release ledger

Made by `.venv/bin/python benchmarks/airlock_ledger.py --write`. One project asks to release two tables while everything
else is known outside: tables of 20,000 simulated people by region, age, sex, deprivation and an outcome of each
project's own, small counts masked (1 to 9), all totals shown. The attack is the whole answer: which tables are about
the same people, the model, every hidden cell that the new tables can tell anything of, and the sentences. Beside it, in
the same run: a new `scipy.optimize.milp` model for every masked cell and direction, measured on 6 of them (10 s at most
for each) and scaled to all; ">" where some did not end. What the new tables cannot change the ledger does not ask; the
plain way asks everything. Fastest of 3, of 1 for 50,000.
"""
FOOT = """Load average at the end {load:.1f} on {cores} cores: other work ran beside it. "Notes" say that so many tables
of so many dimensions are joined by the totals they share and not crossed in full
(`orchestrator/airlock/ledger/cliques.py`).

The prototype this grew from took 0.25 s for 873 facts and 23 cells, and 0.12 s for 1,872 facts and 43 cells, with
sentences left out, on a quiet machine.
"""


if __name__ == "__main__":
    main()
