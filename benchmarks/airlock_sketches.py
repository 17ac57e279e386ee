"""Sketches of datasets: time to make one, time to compare results with it, planted rows found, beside common tools.

One core. Data are simulated hospital stays of 12 columns. Run on a quiet machine:
    .venv/bin/python benchmarks/airlock_sketches.py [--rows 100000 1000000] [--rounds 3]
"""

import argparse
import csv
import io
import os
import statistics
import tempfile
import time
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from orchestrator.airlock.reading.parts import Points, Table
from orchestrator.airlock.sketches.building import build_sketch
from orchestrator.airlock.sketches.candidates import HashedColumn, LoadedPart, candidates_of
from orchestrator.airlock.sketches.comparing import compare
from orchestrator.airlock.sketches.hashing import Hasher
from orchestrator.airlock.sketches.joining import best_match, joined
from orchestrator.airlock.sketches.results import block_of, blocks_of
from orchestrator.airlock.sketches.sketch import open_sketch

KEY = bytes(range(32))


def people(rows: int, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    age = random.integers(18, 95, rows)
    seldom = 1 / np.arange(1, 1201)
    code = random.choice(1200, rows, p=seldom / seldom.sum())
    day = np.datetime64("2015-01-01") + random.integers(0, 3000, rows)
    bmi = np.round(random.normal(24 + age / 20, 4, rows), 1)
    return pd.DataFrame(
        {
            "person": [f"{number:016x}" for number in random.integers(0, 2**62, rows)],
            "dob": (day - age * 365 - random.integers(0, 365, rows)).astype(str),
            "sex": random.choice(["M", "F"], rows),
            "region": random.choice([f"R{number}" for number in range(12)], rows),
            "icd": [f"{chr(65 + each % 26)}{each:03d}" for each in code],
            "age": age,
            "sbp": np.rint(random.normal(105 + age / 3, 12, rows)).astype(int),
            "bmi": bmi,
            "hba1c": np.round(30 + bmi / 2 + random.normal(0, 7, rows), 1),
            "cost": np.round(random.lognormal(5 + age / 60, 1, rows), 2),
            "los": random.geometric(0.2, rows),
            "admitted": day.astype(str),
        }
    )


def table(frame: pd.DataFrame) -> Table:
    rows = list(csv.reader(io.StringIO(frame.to_csv(index=False))))
    return Table(columns=tuple(rows[0]), again=lambda: iter(rows[1:]))


def timed(call, rounds: int = 1):
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), answer


def shapes(frame: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The leaks L1–L6 and safe results S1–S8 that the prototype was tried on (reference 3.3), 5,000 rows unless said."""
    some, invented = frame.sample(5000, random_state=1), people(5000, seed=7)
    renamed = some[["dob", "icd", "sbp", "bmi", "cost"]].sample(frac=1, random_state=2)
    renamed.columns = list("abcde")
    alone = pd.DataFrame({name: np.random.default_rng(3).permutation(frame[name].to_numpy())[:5000] for name in frame})
    scores = some[["age", "sbp", "bmi", "hba1c"]]
    leaks = {
        "L1 exact rows, 12 columns": some,
        "L2 5 columns renamed, shuffled": renamed,
        "L3 three clinical columns": some[["sbp", "bmi", "hba1c"]],
        "L4 25 rows among 1,000 invented": pd.concat([invented.iloc[:1000], some.iloc[:25]]).sample(
            frac=1, random_state=5
        ),
        "L5 cost and bmi rounded": some[["age", "sex", "icd", "cost", "bmi"]].round(0),
        "L6 50 rows, dob sex icd region": some[["dob", "sex", "icd", "region"]].iloc[:50],
        "L7 standard scores of 4 columns": (scores - scores.mean()) / scores.std(),
        "L8 500 rows on their side": some.iloc[:500].T.reset_index(),
    }
    means = frame.groupby(["region", "sex"])[["age", "bmi", "cost"]].mean().round(1).reset_index()
    daily = frame.groupby("admitted").agg(n=("los", "size"), cost=("cost", "mean"), age=("age", "median")).reset_index()
    safe = {
        "S1 crosstab": pd.crosstab([frame.sex, frame.region], frame.icd.str[0]).reset_index(),
        "S2 means": means,
        "S3 1,200 counts of codes": frame.icd.value_counts().reset_index(),
        "S4 regression": pd.DataFrame(
            {"term": list(frame), "coef": np.linspace(-1, 1, 12), "p": np.linspace(0, 1, 12)}
        ),
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

    from_csv, _ = timed(lambda: made(source), rounds)
    from_parquet, _ = timed(lambda: made(columnar), rounds)
    pandas_reads, _ = timed(lambda: pd.read_csv(source), rounds)

    def indexed() -> None:
        with duckdb.connect(config={"threads": 1}) as database:
            columns = ", ".join(f"count(DISTINCT {name})" for name in frame)
            database.execute(f"CREATE TABLE d AS SELECT * FROM read_csv('{source}')")
            database.execute(f"SELECT {columns} FROM d").fetchall()

    counted, _ = timed(indexed, rounds)
    size = sketch.stat().st_size / 1e6
    print(f"\n## {len(frame):,} × 12 ({source.stat().st_size / 1e6:.0f} MB of CSV)\n")
    print(f"make the sketch from CSV       {from_csv:6.2f} s   ({size:.0f} MB)")
    print(f"make the sketch from Parquet   {from_parquet:6.2f} s")
    print(f"pandas.read_csv alone          {pandas_reads:6.2f} s   ratio {from_csv / pandas_reads:.2f}")
    print(f"duckdb, read and count values  {counted:6.2f} s   ratio {from_csv / counted:.2f}")
    return sketch


def scanning(frame: pd.DataFrame, sketch, rounds: int) -> None:
    leaks, safe = shapes(frame)
    found = 0
    times = []
    for expected, cases in (("block", leaks), ("", safe)):
        for name, case in cases.items():
            made = table(case)
            seconds, findings = timed(lambda made=made: compare([made], (), sketch, key=KEY), rounds)
            worst = max((each.severity.value for each in findings if each.severity.value != "note"), default="")
            found += worst == expected
            times.append(seconds)
            print(
                f"{name:40} {len(case):6,} rows {seconds:6.2f} s  {worst or '-':6} {'' if worst == expected else '  <-- WRONG'}"
            )
    some = frame.sample(500, random_state=4)
    points = Points(xs=tuple(some.cost * 1.5 + 10), ys=tuple(some.bmi.astype(float)))
    seconds, findings = timed(lambda: compare([], (points,), sketch, key=KEY), rounds)
    print(f"{'plot of cost (in pixels) and bmi':40} {500:6,} marks{seconds:6.2f} s  {[each.rule for each in findings]}")
    print(
        f"{found} of {len(leaks) + len(safe)} as they should be; median {statistics.median(times):.2f} s, worst {max(times):.2f} s"
    )


def overlapping(frame: pd.DataFrame, sketch, rounds: int) -> None:
    """1,000 rows of the data among as many invented rows as the data have: found one by one, on one core."""
    planted = frame.sample(1000, random_state=11)
    invented = people(len(frame) - 1000, seed=12)
    results = pd.concat([invented, planted]).sample(frac=1, random_state=13).reset_index(drop=True)
    made = table(results)
    hasher, loaded = Hasher(KEY), LoadedPart(sketch.parts[0])

    def whole() -> int:
        seen = 0
        for block in blocks_of(made):
            match = best_match(
                loaded, candidates_of(loaded, [HashedColumn(each, hasher) for each in block.columns]), block.rows
            )
            seen += 0 if match is None else len(match.rows)
        return seen

    from_text, seen = timed(whole)
    rows = list(zip(*(results[name].astype(str) for name in results), strict=True))
    block = block_of(rows, list(results), where="", first=1)
    candidates = candidates_of(loaded, [HashedColumn(each, hasher) for each in block.columns])
    named = [each for each in candidates if each.name == each.result.name]
    assert len(named) == 12
    join, pairs = timed(lambda: np.count_nonzero(joined(loaded, named).counts()), rounds)
    merged, merge_seen = timed(lambda: len(results.merge(frame.drop_duplicates(), on=list(frame))), rounds)
    with duckdb.connect(config={"threads": 1}) as database:
        database.register("r", pa.Table.from_pandas(results))
        database.register("d", pa.Table.from_pandas(frame))
        on = " AND ".join(f"r.{name} = d.{name}" for name in frame)
        query = f"SELECT count(*) FROM r SEMI JOIN d ON {on}"
        semi, semi_seen = timed(lambda: database.execute(query).fetchone()[0], rounds)
    count = len(results)
    print(f"\nexact overlap, {count:,} rows of results with 1,000 planted, against {len(frame):,}")
    print(f"join on 12 columns             {join:6.2f} s  {count / join / 1e6:5.2f} M rows/s  {pairs:,} found")
    print(
        f"pandas merge                   {merged:6.2f} s  {count / merged / 1e6:5.2f} M rows/s  {merge_seen:,} found, ratio {merged / join:.2f}"
    )
    print(
        f"duckdb semi join               {semi:6.2f} s  {count / semi / 1e6:5.2f} M rows/s  {semi_seen:,} found, ratio {semi / join:.2f}"
    )
    print(f"whole comparison, from text    {from_text:6.2f} s  {count / from_text / 1e6:5.2f} M rows/s  {seen:,} found")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}; median of {arguments.rounds} rounds")
    for rows in arguments.rows:
        frame = people(rows)
        with tempfile.TemporaryDirectory() as name:
            path = building(frame, Path(name), arguments.rounds)
            with path.open("rb") as file:
                sketch = open_sketch(file.fileno(), key=KEY)
            scanning(frame, sketch, arguments.rounds)
            overlapping(frame, sketch, arguments.rounds)


if __name__ == "__main__":
    main()
