"""Numbers, places, dates and names of people in every share and spelling, and what only looks like them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.airlock.corpus.held_back.case import Case

from .files import FORMATS, to_csv

__all__ = ["identities"]

NAMED = frozenset({"identifier"})
TOO = frozenset({"row-level", "small-count", "extreme", "hidden-content"})


def with_check(nine: str) -> str | None:
    """Return the number with its modulus-11 digit, nothing where none exists."""
    digit = -sum(int(figure) * weight for figure, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
    return None if digit == 10 else nine + str(digit)


def valid(chance: random.Random, low: int, high: int) -> str:
    while True:
        made = with_check(f"{chance.randrange(low, high):09d}")
        if made:
            return made


def invalid(chance: random.Random) -> str:
    while True:
        number = f"{chance.randrange(4 * 10**9, 8 * 10**9)}"
        if with_check(number[:9]) != number:
            return number


def named(name: str, file: str, content: bytes) -> Case:
    return Case(name=name, files={file: content}, expected=NAMED, acceptable=TOO, source="invented")


def fair(name: str, file: str, content: bytes) -> Case:
    return Case(name=name, files={file: content}, source="invented")


def health_numbers() -> Iterator[Case]:
    """Shares and numbers around the thresholds (3 distinct, half of the ten-digit values); all formats; all places."""
    for share in (0, 10, 40, 60, 100):
        chance = random.Random(share)  # noqa: S311 - the same each time
        column = [valid(chance, 4 * 10**8, 8 * 10**8) if i < 2 * share else invalid(chance) for i in range(200)]
        chance.shuffle(column)
        content = to_csv([["ref", "n"], *([v, 20 + i % 50] for i, v in enumerate(column))])
        yield (named if share > 50 else fair)(f"nhs-share-{share}", "t.csv", content)
    for distinct in (1, 2, 3, 12):
        chance = random.Random(300 + distinct)  # noqa: S311 - the same each time
        column = [valid(chance, 4 * 10**8, 8 * 10**8) for _ in range(distinct)]
        content = to_csv(
            [["ref", "n"], *([v, 25 + i] for i, v in enumerate(column)), *([f"R{i}", 30 + i] for i in range(40))]
        )
        yield (
            named(f"nhs-distinct-{distinct}", "t.csv", content)
            if distinct > 2
            else fair(f"nhs-distinct-{distinct}", "t.csv", content)
        )
    chance = random.Random(7)  # noqa: S311 - the same each time
    numbers = [valid(chance, 4 * 10**8, 8 * 10**8) for _ in range(30)]
    for kind, (file, write) in FORMATS.items():
        yield named(f"nhs-{kind}", file, write([["ref", "n"], *([v, 25] for v in numbers)]))
    spellings: dict[str, Callable[[str], str]] = {
        "spaces": lambda v: f"{v[:3]} {v[3:6]} {v[6:]}",
        "dashes": lambda v: f"{v[:3]}-{v[3:6]}-{v[6:]}",
        "float": lambda v: f"{v}.0",
        "quoted": lambda v: f"'{v}",
        "prefixed": lambda v: f"NHS{v}",
        "padded": lambda v: f"  {v} ",
        "arabic": lambda v: v.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
        "full-width": lambda v: v.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    }
    for name, spell in spellings.items():
        yield named(f"nhs-spelt-{name}", "t.csv", to_csv([["ref", "n"], *([spell(v), 25] for v in numbers)]))
    late = [["ref", "n"], *([f"code{i}", 40] for i in range(4000)), *([v, 40] for v in numbers)]
    yield named("nhs-last-rows", "t.csv", to_csv(late))
    yield named("nhs-in-heading", "t.csv", to_csv([["arm", *numbers[:4]], ["A", 20, 30, 40, 50]]))
    chi = [valid(chance, 10190000, 311299999) for _ in range(40)]
    born = [
        v
        for v in (
            with_check(f"{d:02d}{m:02d}{y:02d}{n:03d}")
            for d, m, y, n in (
                (chance.randint(1, 28), chance.randint(1, 12), chance.randint(20, 99), chance.randint(0, 999))
                for _ in range(60)
            )
        )
        if v
    ]
    yield named("chi", "t.csv", to_csv([["ref", "n"], *([v, 25] for v in born)]))
    yield named(
        "health-and-care",
        "t.csv",
        to_csv([["ref", "n"], *([valid(chance, 32 * 10**7 + 1, 4 * 10**8), 25] for _ in chi)]),
    )
    eleven = [f"{chance.randrange(10**10, 10**11)}" for _ in range(100)]
    yield fair("eleven-digits", "t.csv", to_csv([["code", "n"], *([v, 30] for v in eleven)]))
    grown = [f"{chance.random() * 1e10:.0f}" for _ in range(100)]
    yield fair("large-sums", "t.csv", to_csv([["region", "cost"], *([f"R{i}", v] for i, v in enumerate(grown))]))
    yield fair(
        "snomed",
        "t.csv",
        to_csv(
            [
                ["snomed", "n"],
                *(
                    [v, 60]
                    for v in (
                        "195967001",
                        "44054006",
                        "38341003",
                        "73211009",
                        "1156040003",
                        "840539006",
                        "399211009",
                        "22298006",
                    )
                ),
            ]
        ),
    )


def places() -> Iterator[Case]:
    """Postcodes and dates of birth."""
    codes = [
        "SW1A 1AA",
        "M1 1AE",
        "B33 8TH",
        "CR2 6XH",
        "DN55 1PT",
        "EC1A 1BB",
        "W1A 0AX",
        "G12 8QQ",
        "BT7 1NN",
        "CF10 3AT",
        "LS1 4AP",
        "EH8 9YL",
    ]
    for name, column in {
        "whole": codes,
        "closed": [c.replace(" ", "") for c in codes],
        "lower": [c.lower() for c in codes],
        "in-address": [f"{i} High Street, {c}" for i, c in enumerate(codes, 1)],
    }.items():
        yield named(f"postcodes-{name}", "t.csv", to_csv([["area", "n"], *([v, 40] for v in column)]))
    yield fair("postcode-districts", "t.csv", to_csv([["area", "n"], *([c.split()[0], 40] for c in codes)]))
    yield fair("postcode-sectors", "t.csv", to_csv([["area", "n"], *([c[:-2], 400] for c in codes)]))
    yield fair("areas", "t.csv", to_csv([["lsoa", "n"], *([f"E0100{i:04d}", 55] for i in range(1200, 1240))]))
    yield fair(
        "hospital-codes", "t.csv", to_csv([["trust", "n"], *([v, 900] for v in ("RJ1", "RYJ", "R1H", "RAL", "RQM"))])
    )
    chance = random.Random(11)  # noqa: S311 - the same each time
    days = [(chance.randint(1, 28), chance.randint(1, 12), chance.randint(1925, 2005)) for _ in range(60)]
    for heading, shape in (
        ("dob", "{0:02d}/{1:02d}/{2}"),
        ("date_of_birth", "{2}-{1:02d}-{0:02d}"),
        ("birth_date", "{0:02d}.{1:02d}.{2}"),
        ("DOB", "{0:02d}{1:02d}{2}"),
        ("birthdate", "{2}-{1:02d}-{0:02d}T00:00:00"),
    ):
        rows = [[heading, "sex"], *([shape.format(*day), "FM"[i % 2]] for i, day in enumerate(days))]
        yield named(f"born-{heading}", "t.csv", to_csv(rows))
    yield fair("birth-years", "t.csv", to_csv([["year of birth", "n"], *([1930 + i, 40 + i] for i in range(50))]))
    yield fair(
        "weeks",
        "t.csv",
        to_csv([["week starting", "n"], *([f"2023-{m:02d}-0{d}", 70] for m in range(1, 13) for d in (1, 8))]),
    )
    yield fair(
        "months", "t.csv", to_csv([["month", "admissions"], *([f"2023-{m:02d}", 700 + m] for m in range(1, 13))])
    )


def names() -> Iterator[Case]:
    """Names, addresses of mail and telephones in columns and in words; words that resemble them."""
    first = ["Mary", "John", "Aisha", "Piotr", "Siobhan", "Wei", "Olu", "Fatima", "George", "Priya"]
    last = ["Smith", "Jones", "Khan", "Kowalski", "O'Neill", "Chen", "Adeyemi", "Begum", "Taylor", "Patel"]
    pairs = [f"{a} {b}" for a in first for b in last][:40]
    for heading, column in (
        ("patient_name", pairs),
        ("surname", [p.split()[1] for p in pairs]),
        ("forename", [p.split()[0] for p in pairs]),
    ):
        yield named(
            f"names-{heading}", "t.csv", to_csv([[heading, "age"], *([v, 40 + i % 30] for i, v in enumerate(column))])
        )
    for number, words in enumerate(
        (
            "Mrs Smith attended on Monday.",
            "Dr John Taylor referred the patient.",
            "Patient name: Aisha Khan, seen in March.",
            "Mr. Patel and Mr. Jones withdrew consent.",
        )
    ):
        yield named(f"names-in-words-{number}", "t.txt", words.encode())
    for number, words in enumerate(
        (
            "The Charlson index and the Kaplan-Meier estimator were used.",
            "Patients with Parkinson disease had 231 admissions.",
            "St Thomas Hospital contributed 812 patients.",
            "We thank the patients. Mean age 61.2 (SD 9.8).",
            "Fitted with R 4.3.1 on 2023-11-02; seed 1234567890.",
        )
    ):
        yield fair(f"no-names-{number}", "t.txt", words.encode())
    mails = [f"{p.replace(' ', '.').lower()}@mail.example" for p in pairs]
    yield named("mails", "t.csv", to_csv([["contact", "n"], *([v, 20] for v in mails)]))
    yield named("phones", "t.csv", to_csv([["telephone", "n"], *([f"07700 900{i:03d}", 20] for i in range(40))]))
    yield named("phones-unnamed", "t.csv", to_csv([["x", "n"], *([f"+44 7700 900{i:03d}", 20] for i in range(40))]))
    yield named("insurance", "t.csv", to_csv([["nino", "n"], *([f"QQ{i:06d}C", 20] for i in range(123456, 123496))]))
    yield named(
        "record-numbers",
        "t.csv",
        to_csv([["patient_id", "age"], *([f"P{100000 + 37 * i}", 30 + i] for i in range(40))]),
    )
    yield fair("site-ids", "t.csv", to_csv([["site_id", "patients"], *([f"S{i:02d}", 30 + i] for i in range(12))]))
    yield fair(
        "concepts",
        "t.csv",
        to_csv([["concept_id", "patients"], *([f"{v}", 44] for v in (40213154, 192671, 4112343, 260139))]),
    )
    yield fair(
        "trials", "t.csv", to_csv([["study", "patients"], *([f"NCT{v:08d}", 44] for v in range(4000000, 4000020))])
    )


def identities() -> Iterator[Case]:
    """Every case of this module."""
    yield from health_numbers()
    yield from places()
    yield from names()
