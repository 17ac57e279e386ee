"""Rows in disguise: packed into digits and codes, divided over files, under headings that lie; and what looks so."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator, Sequence

from tests.airlock.corpus.held_back.case import Case

from .files import FORMATS, to_csv
from .leaks import frame, lines
from .numbers import real_counts

__all__ = ["disguised"]

UNSEEN = frozenset({"hidden-content"})
ROWS = frozenset({"row-level"})
SMALL = frozenset({"small-count", "class-disclosure"})
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Record = Sequence[object]


def disguised() -> Iterator[Case]:
    """Yield every case."""
    yield from _packed()
    yield from _looks_packed()
    yield from _divided()
    yield from _looks_divided()
    yield from _lying()
    yield from _true_headings()


def _records(name: str, many: int) -> list[Record]:
    """Return the first whole numbers of a table's rows."""
    part = frame(name).select_dtypes("number").astype(int).abs()
    return [tuple(row) for row in part.head(many).itertuples(index=False)]


def _joined(record: Record) -> str:
    return "".join(f"{value:05d}" for value in record)


def _bytes(record: Record) -> bytes:
    return b"".join(int(str(value)).to_bytes(2) for value in record)


def _base36(record: Record) -> str:
    number, digits = int("1" + _joined(record)), ""
    while number:
        number, digit = divmod(number, 36)
        digits = ALPHABET[digit] + digits
    return digits


PACKING: dict[str, Callable[[Record], str]] = {
    "whole": lambda record: str(int(_joined(record[:2]) + "7")),
    "long-whole": lambda record: str(int(_joined(record) + "7")),
    "decimals": lambda record: f"0.5{_joined(record)}",
    "low-decimals": lambda record: f"71.2034{_joined(record[:2])}",
    "hex": lambda record: _bytes(record[:3]).hex(),
    "base32": lambda record: base64.b32encode(_bytes(record)).decode().rstrip("="),
    "base36": _base36,
    "base64": lambda record: base64.b64encode(_bytes(record)).decode(),
}


def _packed() -> Iterator[Case]:
    for name in ("lifelines/gbsg2", "lifelines/ACTG175", "adam/adsl"):
        for many in (12, 80):
            for packing, pack in PACKING.items():
                body = [[f"group {number}", pack(record)] for number, record in enumerate(_records(name, many))]
                kinds = FORMATS if (name, many) == ("lifelines/gbsg2", 80) else {"csv": FORMATS["csv"]}
                for kind, (file, write) in kinds.items():
                    yield Case(
                        name=f"packed-{packing}-{name}-{many}-{kind}",
                        files={file: write([["group", "estimate"], *body])},
                        expected=UNSEEN,
                        acceptable=ROWS | SMALL | {"identifier", "extreme"},
                        source=name,
                    )
                words = "\n".join(
                    f"Step {number}: {pack(record)}" for number, record in enumerate(_records(name, many))
                )
                yield Case(
                    name=f"packed-{packing}-{name}-{many}-text",
                    files={"log.txt": f"The model converged.\n{words}\n".encode()},
                    expected=UNSEEN,
                    acceptable=ROWS | SMALL | {"identifier"},
                    source=name,
                )


def _looks_packed() -> Iterator[Case]:
    """Codes and numbers that results are full of."""
    chance = random.Random(7)  # noqa: S311 - the same each time
    concepts = (73211009, 22298006, 44054006, 38341003, 195967001, 840539006, 1240581000000104, 254837009, 363406005)
    columns = {
        "areas": [f"E0100{chance.randrange(10**4):04d}" for _ in range(40)],
        "practices": [f"{chance.choice('ABCDEFGHY')}{chance.randrange(10**5):05d}" for _ in range(40)],
        "genes": [f"ENSG{chance.randrange(10**11):011d}" for _ in range(40)],
        "variants": [f"rs{chance.randrange(10**5, 10**9)}" for _ in range(40)],
        "concepts": [*concepts],
        "diagnoses": [
            f"{chance.choice('ABCDEFGHIJ')}{chance.randrange(100):02d}.{chance.randrange(10)}" for _ in range(40)
        ],
        "drugs": [f"0{chance.randrange(1, 9)}0{chance.randrange(1, 9)}0{chance.randrange(1, 9)}0A0" for _ in range(40)],
        "quarters": [f"20{year}-Q{quarter}" for year in range(10, 20) for quarter in range(1, 5)],
        "variables": [f"ageBand{number}:sexFemale" for number in range(40)],
    }
    for name, codes in columns.items():
        rows = [["code", "n"], *([code, 120 + 5 * place] for place, code in enumerate(codes))]
        yield Case(name=f"looks-packed-{name}", files={"t.csv": to_csv(rows)}, source="invented", acceptable=SMALL)
    estimates = [[f"term {n}", *(abs(chance.gauss(0, 1)) for _ in range(4))] for n in range(12)]
    for terms in (5, 12):
        rows = [
            ["term", "estimate", "std error", "t", "p value"],
            *([*row[:4], abs(row[4]) % 1] for row in estimates[:terms]),
        ]
        yield Case(name=f"looks-packed-unrounded-{terms}", files={"m.csv": to_csv(rows)}, source="invented")
    money = [[f"trust {n}", 400 + 5 * n, chance.randrange(10**8, 10**11)] for n in range(30)]
    yield Case(
        name="looks-packed-money", files={"t.csv": to_csv([["trust", "n", "total cost"], *money])}, source="invented"
    )
    log = "Commit 3f2a9c1e8b7d6a5f4e3d2c1b0a9f8e7d6c5b4a39 of the analysis ran.\nAll 480 groups were rounded to 5.\n"
    yield Case(name="looks-packed-commit", files={"log.txt": log.encode()}, source="invented")


def _divided() -> Iterator[Case]:
    """Columns of real rows, each in a file of its own: by position, by a number, under names of results."""
    chance = random.Random(8)  # noqa: S311 - the same each time
    for name in ("lifelines/gbsg2", "lifelines/ACTG175", "lifelines/lung", "adam/adsl"):
        for many in (15, 60):
            part = frame(name).select_dtypes("number").head(many).reset_index(drop=True)
            head, *body = lines(part)
            for shape in ("position", "number", "key", "named"):
                keys = chance.sample(range(1000, 9999), many)
                files = {}
                for place, heading in enumerate(head):
                    rows = [[row[place]] for row in body]
                    if shape != "position":
                        rows = [[keys[n] if shape == "key" else n + 1, *row] for n, row in enumerate(rows)]
                        chance.shuffle(rows)
                    title = f"score {place}" if shape == "named" else heading
                    files[f"part{place}.csv"] = to_csv([[title] if shape == "position" else ["no", title], *rows])
                yield Case(
                    name=f"divided-{shape}-{name}-{many}",
                    files=files,
                    expected=ROWS,
                    acceptable=SMALL | {"extreme", "hidden-content", "identifier", "dof"},
                    against=(name,),
                    source=name,
                )


def _looks_divided() -> Iterator[Case]:
    """Results of one shape in several files, as programs write them."""
    chance = random.Random(9)  # noqa: S311 - the same each time
    months = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]
    shapes: dict[str, tuple[list[object], list[list[object]]]] = {
        "months": (["month", "admissions"], [[month, 100 + 5 * chance.randrange(90)] for month in months]),
        "years": (["year", "deaths"], [[1990 + n, 100 + 5 * chance.randrange(90)] for n in range(30)]),
        "ages": (["age", "n"], [[20 + n, 100 + 5 * chance.randrange(90)] for n in range(60)]),
        "regions": (["region", "rate"], [[f"Region {n}", round(chance.random() * 90, 1)] for n in range(15)]),
        "terms": (["term", "estimate", "p value"], [[f"x{n}", round(chance.gauss(0, 1), 3), 0.04] for n in range(20)]),
        "steps": (["time", "survival"], [[30 * n, round(1 - n / 90, 3)] for n in range(40)]),
        "bins": (["from", "to", "count"], [[5 * n, 5 * n + 5, 200 + 5 * n] for n in range(15)]),
        "grid": (["x", "density"], [[n / 10, round(chance.random(), 3)] for n in range(50)]),
    }
    for name, (head, body) in shapes.items():
        files = {f"{name}-{arm}.csv": to_csv([head, *body]) for arm in ("men", "women")}
        files |= {f"{name}-other.csv": to_csv([[*head[:-1], f"{head[-1]} adjusted"], *body])}
        yield Case(name=f"looks-divided-{name}", files=files, source="invented", acceptable=SMALL | {"differencing"})


LIES = ("mean", "sd", "estimate", "mean age", "standard error", "p value", "median", "age", "code", "score")


def _lying() -> Iterator[Case]:
    """Real counts with a small one among them, called something that nobody counts."""
    for seed, heading in enumerate(LIES):
        for total in (True, False):
            source, body = real_counts(300 + seed)
            body[len(body) // 2][-1] = 3
            rows: list[list[object]] = [["group", "level", heading], *body]
            if total:
                rows.append(["Total", "", sum(int(str(row[-1])) for row in body)])
            yield Case(
                name=f"lying-{heading}-{'total' if total else 'alone'}",
                files={"t.csv": to_csv(rows)},
                expected=UNSEEN,
                acceptable=SMALL | {"suppression-undone", "extreme", "dof"},
                source=source,
            )


def _true_headings() -> Iterator[Case]:
    """The same headings over what they name."""
    chance = random.Random(10)  # noqa: S311 - the same each time
    for seed, heading in enumerate(LIES):
        source, body = real_counts(300 + seed)
        values = {
            "p value": lambda: round(chance.random(), 3),
            "age": lambda: chance.randrange(40, 80),
            "code": lambda: chance.randrange(100, 999),
            "median": lambda: chance.randrange(3, 30),
        }
        made = values.get(heading, lambda: round(chance.uniform(2, 80), 1))
        rows = [["group", "level", "n", heading], *([*row, made()] for row in body)]
        yield Case(
            name=f"true-{heading}", files={"t.csv": to_csv(rows)}, source=source, acceptable=frozenset({"extreme"})
        )
