"""Sketches of datasets: time to make one, time to compare results with it, planted rows found, beside common tools.

One core: seconds are of the processor, which a busy machine changes less. Data are simulated stays of 12 columns:
    .venv/bin/python benchmarks/airlock_sketches.py [--rows 100000 1000000] [--rounds 3]
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from orchestrator.airlock.sketches.building import build_sketch
from orchestrator.airlock.sketches.candidates import HashedColumn, LoadedPart, candidates_of
from orchestrator.airlock.sketches.comparing import compare
from orchestrator.airlock.sketches.hashing import Hasher
from orchestrator.airlock.sketches.joining import best_match, joined
from orchestrator.airlock.sketches.results import block_of, blocks_of
from orchestrator.airlock.sketches.sketch import Sketch, open_sketch
from tests.airlock.sketches.tables import KEY, people, table


def timed(call, rounds: int = 1):
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        answer = call()
        seconds.append(time.process_time() - started)
    return statistics.median(seconds), answer


def shapes(frame: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The leaks and safe results that the prototype was tried on (5,000 rows unless said), and two more."""
    random = np.random.default_rng(3)
    some, invented = frame.sample(5000, random_state=1), people(5000, seed=7)
    renamed = some[["dob", "icd", "sbp", "bmi", "cost"]].sample(frac=1, random_state=2)
    renamed.columns = list("abcde")
    alone = pd.DataFrame({name: random.permutation(frame[name].to_numpy())[:5000] for name in frame})
    scores = some[["age", "sbp", "bmi", "hba1c"]]
    mixed = pd.concat([invented.iloc[:1000], some.iloc[:25]]).sample(frac=1, random_state=5)
    model = pd.DataFrame({"term": list(frame), "coef": np.linspace(-1, 1, 12), "p": np.linspace(0, 1, 12)})
    means = frame.groupby(["region", "sex"])[["age", "bmi", "cost"]].mean().round(1).reset_index()
    daily = frame.groupby("admitted").agg(n=("los", "size"), cost=("cost", "mean"), age=("age", "median")).reset_index()
    leaks = {
        "L1 exact rows, 12 columns": some,
        "L2 5 columns renamed, shuffled": renamed,
        "L3 three clinical columns": some[["sbp", "bmi", "hba1c"]],
        "L4 25 rows among 1,000 invented": mixed,
        "L5 cost and bmi rounded": some[["age", "sex", "icd", "cost", "bmi"]].round(0),
        "L6 50 rows, dob sex icd region": some[["dob", "sex", "icd", "region"]].iloc[:50],
        "L7 standard scores of 4 columns": (scores - scores.mean()) / scores.std(),
        "L8 500 rows on their side": some.iloc[:500].T.reset_index(),
    }
    safe = {
        "S1 crosstab": pd.crosstab([frame.sex, frame.region], frame.icd.str[0]).reset_index(),
        "S2 means": means,
        "S3 1,200 counts of codes": frame.icd.value_counts().reset_index(),
        "S4 regression": model,
        "S5 simulated, same joint distribution": invented,
        "S6 simulated, same marginals": alone.drop(columns="person"),
        "S7 daily series": daily.round(2),
        "S8 percentiles by age": frame.groupby("age")[["sbp", "bmi", "cost"]].quantile([0.05, 0.5, 0.95]).reset_index(),
    }
    return leaks, safe


def building(frame: pd.DataFrame, directory: Path, rounds: int) -> Path:
    source, columnar, sketch = directory / "p.csv", directory / "p.parquet", directory / "sketch"
    frame.to_csv(source, index=False)
    frame.to_parquet(columnar)

    def made(path: Path) -> None:
        with sketch.open("w+b") as into:
            assert build_sketch([(path.name, path)], into, key=KEY, dataset="d") == ()

    def counted() -> None:
        with duckdb.connect(config={"threads": 1}) as database:
            distinct = ", ".join(f"count(DISTINCT {name})" for name in frame)
            database.read_csv(str(source)).create("d")
            database.table("d").aggregate(distinct).fetchall()

    lines = [
        ("make the sketch from CSV", lambda: made(source)),
        ("make the sketch from Parquet", lambda: made(columnar)),
        ("pandas.read_csv alone", lambda: pd.read_csv(source)),
        ("duckdb, read and count values", counted),
    ]
    print(f"\n## {len(frame):,} rows of 12 columns ({source.stat().st_size / 1e6:.0f} MB of CSV)\n")
    ours = 0.0
    for name, call in lines:
        seconds, _ = timed(call, rounds)
        ours = ours or seconds
        print(f"{name:40} {seconds:6.2f} s   sketch from CSV is {ours / seconds:5.2f} times that")
    print(f"{'size of the sketch':40} {sketch.stat().st_size / 1e6:6.0f} MB")
    return sketch


def scanning(frame: pd.DataFrame, sketch: Sketch, rounds: int) -> None:
    leaks, safe = shapes(frame)
    found, times = 0, []
    print()
    for expected, cases in (("block", leaks), ("", safe)):
        for name, case in cases.items():
            made = table(case)
            seconds, findings = timed(lambda made=made: compare([made], (), sketch, key=KEY), rounds)
            worst = max((each.severity.value for each in findings if each.severity.value != "note"), default="")
            found += worst == expected
            times.append(seconds)
            wrong = "" if worst == expected else "  <-- WRONG"
            print(f"{name:40} {seconds:6.2f} s  {len(case):6,} rows  {worst or '-'}{wrong}")
    print(
        f"{found} of {len(times)} as they should be; median {statistics.median(times):.2f} s, worst {max(times):.2f} s"
    )


def overlapping(frame: pd.DataFrame, sketch: Sketch, rounds: int) -> None:
    """1,000 rows of the data among as many invented rows as the data have: found one by one, on one core."""
    planted = frame.sample(1000, random_state=11)
    results = pd.concat([people(len(frame) - 1000, seed=12), planted]).sample(frac=1, random_state=13)
    made = table(results)
    hasher, loaded = Hasher(KEY), LoadedPart(sketch.parts[0])

    def whole() -> int:
        seen = 0
        for block in blocks_of(made):
            columns = [HashedColumn(each, hasher) for each in block.columns]
            match = best_match(loaded, candidates_of(loaded, columns), block.rows)
            seen += 0 if match is None else len(match.rows)
        return seen

    block = block_of(list(made.again()), list(results), where="", first=1)
    candidates = candidates_of(loaded, [HashedColumn(each, hasher) for each in block.columns])
    named = [each for each in candidates if each.name == each.result.name]
    assert len(named) >= 11  # of identifiers, hardly any is one of the data's
    with duckdb.connect(config={"threads": 1}) as database:
        database.register("r", pa.Table.from_pandas(results, preserve_index=False))
        database.register("d", pa.Table.from_pandas(frame, preserve_index=False))
        on = " AND ".join(f"r.{name} = d.{name}" for name in frame)
        query = f"SELECT count(*) FROM r SEMI JOIN d ON {on}"  # noqa: S608 - names of our own
        lines = [
            ("join on every column", lambda: np.count_nonzero(joined(loaded, named).counts())),
            ("pandas merge", lambda: len(results.merge(frame, on=list(frame)))),
            ("duckdb semi join", lambda: database.execute(query).fetchone()[0]),
            ("whole comparison, from text", whole),
        ]
        print(f"\nexact overlap: {len(results):,} rows of results, of which 1,000 are among the {len(frame):,}")
        ours = 0.0
        for name, call in lines:
            seconds, seen = timed(call, rounds)
            ours = ours or seconds
            speed = len(results) / seconds / 1e6
            print(
                f"{name:40} {seconds:6.2f} s  {speed:5.2f} M rows/s, {seen:,} found, {seconds / ours:.2f} of the join"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    for rows in arguments.rows:
        frame = people(rows)
        print(f"\nload average {os.getloadavg()[0]:.1f}; median of {arguments.rounds} rounds")
        with tempfile.TemporaryDirectory() as name:
            path = building(frame, Path(name), arguments.rounds)
            with path.open("rb") as file:
                sketch = open_sketch(file.fileno(), key=KEY)
            scanning(frame, sketch, arguments.rounds)
            overlapping(frame, sketch, arguments.rounds)


if __name__ == "__main__":
    main()
