"""Edges of every rule about numbers: a real table, one planted cell, and the number where it means something else."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.airlock.corpus.held_back.case import Case
from tests.airlock.corpus.held_back.tables import adam, lifelines_set, omop

from .files import FORMATS, Rows, to_csv

__all__ = ["numbers", "real_counts"]

SMALL = frozenset({"small-count"})
IMPOSSIBLE = frozenset({"coef", "beta", "odds ratio", "HR", "p", "se", "mean age", "year"})
"""Headings below which whole numbers from 3 to 8 stand in ``not-a-count``: a finding that says so is true of them."""
TRUE_TOO = frozenset({"class-disclosure", "suppression-undone"})


def real_counts(seed: int) -> tuple[str, list[list[object]]]:
    """Return a real crosstab of one or two columns whose counts all are 15 or more, with its source."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    tables = {
        "cdisc": (adam("adsl"), ["SITEGR1", "ARM", "SEX", "AGEGR1", "BMIBLGR1"]),
        "gbsg2": (lifelines_set("gbsg2"), ["horTh", "menostat", "tgrade"]),
        "actg175": (lifelines_set("ACTG175"), ["arms", "gender", "race", "symptom", "karnof", "strat"]),
        "omop": (omop("person"), ["race_source_value", "gender_source_value", "ethnicity_source_value"]),
        "rossi": (lifelines_set("rossi"), ["fin", "race", "wexp", "paro", "mar"]),
    }
    source = chance.choice(sorted(tables))
    frame, columns = tables[source]
    keys = chance.sample(columns, 2)
    sizes = frame.groupby(keys).size()
    return source, [[*map(str, key), int(n)] for key, n in sizes.items() if n >= 15]


def planted(seed: int, heading: str, value: object) -> tuple[str, Rows]:
    """Return a real count table with one cell replaced."""
    source, body = real_counts(seed)
    body[len(body) // 2][-1] = value
    return source, [["group", "level", heading], *body]


def counts() -> Iterator[Case]:
    """Each heading and format at the threshold and one below it."""
    headings = [
        "n",
        "N",
        "count",
        "counts",
        "freq",
        "patients",
        "number of patients",
        "participants",
        "cases",
        "events",
        "subjects",
        "people",
        "total",
        "n_patients",
        "Number (n)",
        "denominator",
        "at risk",
        "deaths",
        "admissions",
        "num_events",
        "freq.",
    ]
    for seed, heading in enumerate(headings):
        for value in (9, 10):
            source, rows = planted(seed, heading, value)
            yield Case(
                name=f"edge-heading-{seed}-{value}",
                files={"t.csv": to_csv(rows)},
                source=source,
                expected=SMALL if value < 10 else frozenset(),
            )
    for seed, kind in enumerate(FORMATS):
        for value in (1, 9, 10):
            source, rows = planted(30 + seed, "n", value)
            file, write = FORMATS[kind]
            yield Case(
                name=f"edge-{kind}-{value}",
                files={file: write(rows)},
                source=source,
                expected=SMALL if value < 10 else frozenset(),
            )
    spellings = ["9", "9.0", " 9 ", "９", "٩", "nine", "9*", "9 (1.2%)", "9 (1·2)", "9/254", "+9", "9†"]
    for seed, spelling in enumerate(spellings):
        source, rows = planted(50 + seed, "n", spelling)
        yield Case(name=f"edge-spelt-{seed}", files={"t.csv": to_csv(rows)}, source=source, expected=SMALL)
        source, rows = planted(
            50 + seed,
            "n",
            spelling.replace("9", "19").replace("nine", "nineteen").replace("９", "１９").replace("٩", "١٩"),
        )
        yield Case(name=f"edge-spelt-{seed}-large", files={"t.csv": to_csv(rows)}, source=source)
    for seed, mark in enumerate(["<10", "*", "[REDACTED]", "c", "suppressed", "..", "<=9", "NA"]):
        source, rows = planted(70 + seed, "n", mark)
        yield Case(name=f"edge-mark-{seed}", files={"t.csv": to_csv(rows)}, source=source)
    source, rows = planted(80, "n", "<2")
    yield Case(
        name="edge-mask-too-narrow", files={"t.csv": to_csv(rows)}, source=source, expected=SMALL, acceptable=TRUE_TOO
    )
    source, rows = planted(81, "n", "1 to 9")
    yield Case(name="edge-mask-in-words", files={"t.csv": to_csv(rows)}, source=source)


def not_counts() -> Iterator[Case]:
    """Small whole numbers that count no one."""
    for seed, heading in enumerate(
        [
            "coef",
            "beta",
            "odds ratio",
            "HR",
            "p",
            "se",
            "t value",
            "rank",
            "week",
            "visit",
            "year",
            "stage",
            "score",
            "age",
            "dose",
            "median days",
            "mean age",
            "df1",
            "percent",
            "z",
            "decile",
            "month",
            "lag",
            "chi2",
            "rate per 1000",
        ]
    ):
        source, body = real_counts(100 + seed)
        rows = [
            ["group", "level", "n", heading],
            *([*row, 3 + number % 6 + (0.5 if heading in {"percent", "p"} else 0)] for number, row in enumerate(body)),
        ]
        impossible = frozenset({"hidden-content"}) if heading in IMPOSSIBLE else frozenset[str]()
        yield Case(name=f"not-a-count-{seed}", files={"t.csv": to_csv(rows)}, source=source, acceptable=impossible)


def classes() -> Iterator[Case]:
    """Zeros, full shares and groups without spread, and near misses."""
    flaw = frozenset({"class-disclosure"})
    for seed, (heading, value, wrong) in enumerate(
        [
            ("n", 0, True),
            ("percent", 100.0, True),
            ("percent", 0.0, True),
            ("share", 1.0, True),
            ("proportion", 0.0, True),
            ("sd", 0.0, True),
            ("variance", 0, True),
            ("percent", 71.1, False),
            ("share", 0.68, False),
            ("sd", 0.4, False),
            ("p", 0.0, False),
            ("coef", 0.0, False),
            ("% with event", "100%", True),
            ("% with event", "62%", False),
        ]
    ):
        source, body = real_counts(140 + seed)
        if heading == "n":
            rows = planted(140 + seed, "n", value)[1]
        else:
            other = {
                "percent": 41.2,
                "share": 0.41,
                "proportion": 0.37,
                "sd": 2.1,
                "variance": 4.4,
                "p": 0.2,
                "coef": 1.2,
            }
            column = [other.get(heading, "41%")] * len(body)
            column = [
                f"{(37 + 3 * i) % 60 + 20}%" if isinstance(c, str) else round(c * (1 + 0.01 * i), 3)
                for i, c in enumerate(column)
            ]
            column[len(body) // 2] = value
            rows = [["group", "level", "n", heading], *([*row, cell] for row, cell in zip(body, column, strict=True))]
        yield Case(
            name=f"class-{seed}",
            files={"t.csv": to_csv(rows)},
            source=source,
            acceptable=SMALL if wrong else frozenset(),
            expected=flaw if wrong else frozenset(),
        )


def spread() -> Iterator[Case]:
    """Minima, maxima, percentiles with few and many people; dominance at its two limits; degrees of freedom."""
    extreme = frozenset({"extreme"})
    for seed, (heading, wrong) in enumerate(
        [
            ("min", True),
            ("max", True),
            ("minimum", True),
            ("Maximum age", True),
            ("highest value", True),
            ("lowest", True),
            ("oldest", True),
            ("range", True),
            ("age_max", True),
            ("q1", False),
            ("median", False),
            ("p25", False),
            ("mean", False),
            ("admin", False),
            ("maximum dose allowed", False),
        ]
    ):
        source, body = real_counts(160 + seed)
        column = [f"{40 + i % 7}.5" if heading != "range" else f"{18 + i % 7}-{80 + i % 9}" for i in range(len(body))]
        rows = [["group", "level", "n", heading], *([*row, cell] for row, cell in zip(body, column, strict=True))]
        yield Case(
            name=f"extreme-{seed}",
            files={"t.csv": to_csv(rows)},
            source=source,
            expected=extreme if wrong else frozenset(),
        )
    for n, percentile, wrong in (
        (1000, 99, False),
        (1000, 95, False),
        (100, 99, True),
        (100, 95, True),
        (300, 95, False),
        (50, 90, True),
        (200, 90, False),
        (30, 50, False),
        (40, 25, False),
    ):
        rows = [["group", "n", f"p{percentile}"], ["A", n, 71.2], ["B", n + 20, 70.3]]
        yield Case(
            name=f"percentile-{n}-{percentile}",
            files={"t.csv": to_csv(rows)},
            source="invented",
            expected=extreme if wrong else frozenset(),
        )
    money = frozenset({"dominance"})
    for largest, second, wrong in (
        (800, 101, True),
        (850, 60, True),
        (500, 410, True),
        (400, 100, False),
        (300, 200, False),
    ):
        rows = [
            ["sector", "n", "total", "largest", "second largest"],
            ["A", 25, 1000, largest, second],
            ["B", 40, 9000, 900, 800],
        ]
        yield Case(
            name=f"dominance-{largest}-{second}",
            files={"t.csv": to_csv(rows)},
            source="invented",
            acceptable=extreme,
            expected=money if wrong else extreme,
        )
    for share, wrong in ((91.0, True), (90.0, True), (89.0, False), (40.0, False)):
        rows = [["sector", "n", "total", "share of top 2 (%)"], ["A", 25, 1000, share], ["B", 40, 9000, 31.0]]
        yield Case(
            name=f"dominance-share-{share}",
            files={"t.csv": to_csv(rows)},
            source="invented",
            expected=money if wrong else frozenset(),
        )
    dof = frozenset({"dof"})
    for heading in ("Residual df", "df_resid", "Df Residuals", "degrees of freedom (residual)"):
        for value, wrong in ((9, True), (10, False), (0, True), (200, False)):
            rows = [
                ["model", "n", heading, "r2"],
                ["A", value + 30 if value > 9 else value + 4, value, 0.31],
                ["B", 430, 420, 0.22],
            ]
            yield Case(
                name=f"dof-{heading.replace(' ', '_')}-{value}",
                files={"t.csv": to_csv(rows)},
                source="invented",
                acceptable=SMALL if value < 9 else frozenset(),
                expected=dof if wrong else frozenset(),
            )
    for observations, parameters, wrong in ((12, 5, True), (15, 5, False), (14, 5, True), (400, 5, False)):
        body = [[f"x{i}", 0.4 * i, 0.1] for i in range(1, parameters)]
        text = "\n".join(
            [
                f"Number of obs = {observations}",
                "term coef se",
                "Intercept 1.2 0.2",
                *(" ".join(map(str, row)) for row in body),
            ]
        )
        yield Case(
            name=f"observations-{observations}",
            files={"fit.txt": text.encode()},
            source="invented",
            expected=dof if wrong else frozenset(),
        )


def rounding() -> Iterator[Case]:
    """Rounded and unrounded counts under each pack that asks for it."""
    flaw = frozenset({"rounding"})
    for pack in ("opensafely", "nhs-england-sde", "nhs-hes"):
        for seed in range(4):
            source, body = real_counts(200 + seed)
            body = [row for row in body if row[-1] > 20]
            fives = [[*row[:-1], 5 * round(row[-1] / 5)] for row in body]
            yield Case(
                name=f"rounded-{pack}-{seed}",
                files={"t.csv": to_csv([["a", "b", "n"], *fives])},
                pack=pack,
                source=source,
            )
            one = [row[:] for row in fives]
            one[-1][-1] += 2
            yield Case(
                name=f"unrounded-{pack}-{seed}",
                files={"t.csv": to_csv([["a", "b", "n"], *one])},
                pack=pack,
                source=source,
                expected=flaw,
            )
    sixes = [["a", "b", "n_midpoint6"], *([*row[:-1], row[-1] // 6 * 6 + 3] for row in real_counts(205)[1])]
    yield Case(name="midpoint-opensafely", files={"t.csv": to_csv(sixes)}, pack="opensafely", source="mixed")
    yield Case(name="midpoint-elsewhere", files={"t.csv": to_csv(sixes)}, pack="nhs-hes", source="mixed", expected=flaw)
    yield Case(
        name="unrounded-where-free", files={"t.csv": to_csv([["a", "b", "n"], *real_counts(206)[1]])}, source="mixed"
    )
    for pack, value, wrong in (
        ("opensafely", 5, True),
        ("opensafely", "[REDACTED]", False),
        ("nhs-hes", 5, True),
        ("nhs-hes", "*", False),
        ("ukllc", 0, True),
        ("opensafely", 0, False),
        ("datashield", 4, False),
        ("datashield", 2, True),
        ("nhs-england-sde", 0, False),
    ):
        source, body = real_counts(207)
        body = [[*row[:-1], 5 * round(row[-1] / 5)] for row in body]
        body[1][-1] = value
        yield Case(
            name=f"pack-{pack}-{value}",
            files={"t.csv": to_csv([["a", "b", "n"], *body])},
            pack=pack,
            source=source,
            expected=SMALL if wrong else frozenset(),
            acceptable=TRUE_TOO if wrong else frozenset(),
        )


def numbers() -> Iterator[Case]:
    """Every case of this module."""
    yield from counts()
    yield from not_counts()
    yield from classes()
    yield from spread()
    yield from rounding()
