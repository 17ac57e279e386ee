"""Our checks of tables beside ACRO on the same crosstabs: time, and which cells each of them marks.

ACRO runs in an environment of its own, which is not part of ours (it pins pandas 2.3):
    python3 -m venv /tmp/acro && /tmp/acro/bin/pip install acro
    .venv/bin/python benchmarks/airlock_tables.py --acro /tmp/acro/bin/python [--rows 100000 1000000] [--rounds 3]

Without ``--acro`` only our side is measured. Times are processor seconds of one process (median of the rounds), so that
other work on the machine counts little. ACRO checks while it tabulates the data; our checks read the table alone, after
the fact, and do not see the data.
"""

# ruff: noqa: PLC0415 - each side imports what only its own environment has
import argparse
import contextlib
import io
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TABLES = {
    "counts 12 × 18": {"index": ["region"], "columns": ["code"]},
    "counts 12 × 18 with margins": {"index": ["region"], "columns": ["code"], "margins": True},
    "counts 60 × 36 (nested)": {"index": ["region", "band"], "columns": ["code", "sex"]},
    "mean 12 × 18": {"index": ["region"], "columns": ["code"], "mean": True},
}


def timed(rounds: int, act: Callable[[], Any]) -> tuple[float, Any]:
    seconds, made = [], None
    for _ in range(rounds):
        start = time.process_time()
        made = act()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), made


def people(rows: int) -> Any:
    """Simulated stays: twelve regions of very different size, eighteen codes, the last ones rare."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(5)
    seldom = 1 / np.arange(1, 19) ** 2.5
    small = 1 / np.arange(1, 13) ** 2
    return pd.DataFrame(
        {
            "region": random.choice([f"R{number:02d}" for number in range(12)], rows, p=small / small.sum()),
            "code": random.choice([f"C{number:02d}" for number in range(18)], rows, p=seldom / seldom.sum()),
            "band": random.choice(["0-19", "20-39", "40-59", "60-79", "80+"], rows),
            "sex": random.choice(["F", "M"], rows),
            "cost": random.lognormal(6, 1, rows).round(2),
        }
    )


def acro_side(rows: int, rounds: int, directory: Path) -> dict[str, Any]:
    """Tabulate with pandas and with ACRO; write pandas' tables, for our side, and ACRO's suppressed ones."""
    import pandas as pd

    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        from acro import ACRO

        frame, found = people(rows), {}
        for number, (name, shape) in enumerate(TABLES.items()):
            index = [frame[column] for column in shape["index"]]
            columns = [frame[column] for column in shape["columns"]]
            more: dict[str, Any] = {"margins": True} if shape.get("margins") else {}
            if shape.get("mean"):
                more |= {"values": frame["cost"], "aggfunc": "mean"}
            plain, table = timed(rounds, lambda: pd.crosstab(index, columns, **more))  # noqa: B023
            table.to_csv(directory / f"{number}.csv")
            one: dict[str, Any] = {"pandas": plain}
            for way, suppress in (("checked", False), ("suppressed", True)):
                session = ACRO(suppress=suppress)
                seconds, made = timed(rounds, lambda: session.crosstab(index, columns, **more))  # noqa: B023
                marked = session.results.get_index(-1).sdc["summary"]
                one[way] = seconds
                one["marked"] = {key: count for key, count in marked.items() if isinstance(count, int) and count}
                if suppress:
                    made.to_csv(directory / f"{number}-suppressed.csv")
            found[name] = one
    return found


def our_side(path: Path, rounds: int) -> tuple[float, dict[str, int]]:
    """Run every check of tables on one file; return seconds and the number of places by rule."""
    from orchestrator.airlock.checks import CHECKS
    from orchestrator.airlock.checks.catalogue import DISCLOSURE
    from orchestrator.airlock.packs import load_pack
    from orchestrator.airlock.reading.specimen import Specimen

    pack = load_pack(Path(__file__).parents[1] / "policies" / "airlock" / "sdap.yaml")
    content = path.read_bytes()
    names = {"counts", "groups", "suppression", "shares", "proportions", "rounding", "extremes", "dominance", "models"}
    names |= {"survival", "histograms"}

    def act() -> list[Any]:
        file = Specimen.of(content, "table.csv")
        return [finding for name, check in CHECKS if name in names for finding in check(file, pack)]

    seconds, findings = timed(rounds, act)
    marked: dict[str, int] = {}
    for finding in findings:
        if finding.rule in DISCLOSURE:
            places = next((word for word in finding.message.replace(",", "").split() if word.isdigit()), "1")
            marked[finding.rule] = marked.get(finding.rule, 0) + int(places)
    return seconds, marked


def words(marked: dict[str, int]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in sorted(marked.items())) or "nothing"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acro", help="python of an environment with acro")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        print(json.dumps(acro_side(asked.rows[0], asked.rounds, asked.side)))
        return
    print("| table | rows | pandas | ACRO checked | ACRO suppressed | ours, table | ours, suppressed table |")
    print("|---|---|---|---|---|---|---|")
    notes = []
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as scratch:
            directory = Path(scratch)
            found = theirs(asked, rows, directory)
            for number, name in enumerate(TABLES):
                ours, marked = our_side(directory / f"{number}.csv", asked.rounds)
                one = found.get(name, {})
                hidden = directory / f"{number}-suppressed.csv"
                after, left = our_side(hidden, asked.rounds) if hidden.exists() else (float("nan"), {})
                times = [one.get(key, float("nan")) for key in ("pandas", "checked", "suppressed")]
                cells = [name, f"{rows:,}", *(f"{seconds:.2f}" for seconds in times), f"{ours:.2f}", f"{after:.2f}"]
                print(f"| {' | '.join(cells)} |")
                notes.append(
                    f"| {name} | {rows:,} | {words(one.get('marked', {}))} | {words(marked)} | {words(left)} |"
                )
    print("\n| table | rows | ACRO marks | ours mark in the same table | ours mark in ACRO's suppressed table |")
    print("|---|---|---|---|---|", *notes, sep="\n")


def theirs(asked: argparse.Namespace, rows: int, directory: Path) -> dict[str, Any]:
    """Let the other environment tabulate; without one, tabulate here."""
    if not asked.acro:
        import pandas as pd

        frame = people(rows)
        for number, shape in enumerate(TABLES.values()):
            index = [frame[column] for column in shape["index"]]
            more: dict[str, Any] = {"margins": True} if shape.get("margins") else {}
            if shape.get("mean"):
                more |= {"values": frame["cost"], "aggfunc": "mean"}
            table = pd.crosstab(index, [frame[column] for column in shape["columns"]], **more)
            table.to_csv(directory / f"{number}.csv")
        return {}
    command = [asked.acro, __file__, "--side", str(directory), "--rows", str(rows), "--rounds", str(asked.rounds)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=directory).stdout
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
