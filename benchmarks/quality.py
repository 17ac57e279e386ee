"""The published quality scores of 2020, computed again from the real catalogue, with every difference by its cause.

Run as `.venv/bin/python benchmarks/quality.py`. The catalogue of 2.0.0 records is found by TRE_TEST_DATA. With
`--flat FOLDER`, the flat catalogue of the same day (datasets.csv, attribute_errors.csv of HDRUK/datasets, commit
89ec5426) is scored as well.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import os
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from orchestrator.discovery.descriptions.conversion import convert
from orchestrator.discovery.descriptions.quality import Score, score, usable

DATA = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
ROUNDING = 0.011
Record = dict[str, Any]


def _table(path: Path) -> dict[str, Record]:
    csv.field_size_limit(sys.maxsize)
    with path.open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def _catalogue() -> dict[str, Record]:
    records = json.loads((DATA / "catalogue-2020-11-20.json").read_text())["dataModels"]
    return {record["identifier"][-36:]: record for record in records}


def _flat(folder: Path) -> dict[str, Record]:
    """The table holds tables as text and columns by identifier only: what columns say is not there."""
    records = {}
    for name, row in _table(folder / "datasets.csv").items():
        record: Record = {field: value for field, value in row.items() if value}
        if "dataClasses" in record:
            record["dataClasses"] = ast.literal_eval(record["dataClasses"])
        records[name] = record
    return records


def _near(one: float, other: str) -> bool:
    return abs(one - float(other)) < ROUNDING


def _compare(title: str, records: dict[str, Record], errors: dict[str, Record]) -> None:
    flags, scores = _table(DATA / "quality-flags-2020-11-20.csv"), _table(DATA / "quality-scores-2020-11-20.csv")
    common = [name for name in records if name in flags]
    found = {name: score(records[name]) for name in common}
    print(f"\n{title}: {len(records)} records, {len(common)} of them with published flags")
    _flags("flag", {name: each.flags for name, each in found.items()}, flags)
    if errors:
        _flags("mistake", {name: each.errors for name, each in found.items()}, errors)
    _scores(found, scores)


def _flags(what: str, ours: dict[str, dict[str, float | None]], theirs: dict[str, Record]) -> None:
    equal: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    untold: Counter[str] = Counter()
    for name, flags in ours.items():
        for field, value in flags.items():
            kind = untold if value is None else equal if value == float(theirs[name][field]) else wrong
            kind["structure" if field.startswith("F: ") else field] += 1
    for where, inside in (("outside the structural section", False), ("in the structural section", True)):
        counts = [
            sum(count for field, count in kind.items() if (field == "structure") is inside)
            for kind in (equal, wrong, untold)
        ]
        print(f"  {what}s {where}: {counts[0]:,} equal, {counts[1]:,} different, {counts[2]:,} not told by the file")
    for kind, word in ((wrong, "different"), (untold, "not told")):
        print(f"    {word}: " + (", ".join(f"{field} {count}" for field, count in kind.most_common()) or "none"))


def _scores(found: dict[str, Score], published: dict[str, Record]) -> None:
    pairs = [(each, published[name]) for name, each in found.items()]
    told = [(a, b) for a, b in pairs if a.score_between[0] == a.score_between[1]]
    same = sum(_near(a.score, b["weighted_quality_score"]) for a, b in told)
    print(f"  score equal where every input is told: {same} of {len(told)}")
    inside = 0
    for a, b in pairs:
        low, high = a.score_between
        inside += low - ROUNDING <= float(b["weighted_quality_score"]) <= high + ROUNDING
    widths = [a.score_between[1] - a.score_between[0] for a, _ in pairs]
    print(f"  score within its bounds: {inside} of {len(pairs)}; bounds {statistics.median(widths):.2f} wide (median)")
    complete = sum(_near(a.completeness, b["weighted_completeness_percent"]) for a, b in pairs)
    error = sum(_near(a.error, b["weighted_error_percent"]) for a, b in pairs)
    print(f"  completeness equal {complete}, error equal {error}, of {len(pairs)}")


def _speed(records: list[Record]) -> None:
    for name, work in (("score", score), ("usable", usable), ("convert", convert)):
        started = time.perf_counter()
        for record in records:
            work(record)
        print(f"{name:8} {len(records) / (time.perf_counter() - started):8,.0f} records/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flat", type=Path)
    folder = parser.parse_args().flat
    errors = _table(folder / "attribute_errors.csv") if folder else {}
    records = _catalogue()
    _compare("catalogue of 2.0.0 records", records, errors)
    if folder:
        _compare("flat catalogue of the same day", _flat(folder), errors)
    base = [score(record, "hdruk-2022") for record in records.values()]
    strict = [usable(record) for record in records.values()]
    print(f"\nprofile of 2022: median {statistics.median(each.score for each in base):.1f}, ", end="")
    print(f"usable {statistics.median(each.score for each in strict):.1f}")
    print(
        "  ratings",
        dict(Counter(each.rating for each in base)),
        "usable",
        dict(Counter(each.rating for each in strict)),
    )
    holds = Counter(mend.field for each in strict for mend in each.mend if mend.now == "placeholder")
    print("  fields most often filled with nothing:", holds.most_common(6), "\n")
    _speed(list(records.values()))


if __name__ == "__main__":
    main()
