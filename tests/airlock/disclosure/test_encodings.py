"""Encodings that a question must meet: grouped hexadecimal, base 85, short codes, a few rows behind decimals."""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Callable

import pytest

from orchestrator.airlock.checks import packed_values
from orchestrator.airlock.checks.codes import coded, coded_shortly, dense
from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.corpus.looking import pack

BASE36 = string.digits + string.ascii_uppercase
BASE32 = string.ascii_uppercase + "234567"
BASE64 = string.ascii_letters + string.digits


@pytest.fixture
def chance() -> random.Random:
    return random.Random(11)  # noqa: S311 - the same each time


def table(head: str, *rows: str) -> Specimen:
    return Specimen.of("\n".join((head, *rows, "")).encode(), "t.csv")


def column(values: list[str]) -> Specimen:
    cells = ('"' + value.replace('"', '""') + '"' for value in values)
    return table("group,value", *(f"group {place},{value}" for place, value in enumerate(cells)))


def packed(file: Specimen) -> set[str]:
    return {each.rule for each in packed_values.check(file, pack("default"))}


def grouped(mark: str, digits: int) -> Callable[[bytes], str]:
    return lambda data: mark.join(data.hex()[at : at + digits] for at in range(0, len(data.hex()), digits))


LONG = {
    "colons": grouped(":", 2),
    "hyphens": grouped("-", 4),
    "spaces": grouped(" ", 2),
    "dots": grouped(".", 4),
    "base85": lambda data: base64.b85encode(data).decode(),
    "ascii85": lambda data: base64.a85encode(data).decode(),
}


@pytest.mark.parametrize("make", LONG.values(), ids=LONG.keys())
def test_grouped_hexadecimal_and_base_85_are_asked_about(chance: random.Random, make: Callable[[bytes], str]) -> None:
    values = [make(chance.randbytes(12)) for _ in range(20)]
    assert packed(column(values)) == {"PACKED_VALUES"}
    words = "\n".join(f"Round {place} {value}" for place, value in enumerate(values))
    assert packed(Specimen.of(f"It converged.\n{words}\n".encode(), "log.txt")) == {"PACKED_VALUES"}


def test_one_long_run_of_groups_is_asked_about_although_no_line_is_too_long(chance: random.Random) -> None:
    run = chance.randbytes(300).hex(":")
    assert packed(Specimen.of(f"It converged.\nState {run}\nDone.\n".encode(), "log.txt")) == {"PACKED_VALUES"}


def test_universally_unique_identifiers_are_asked_about(chance: random.Random) -> None:
    values = [str(uuid.UUID(bytes=chance.randbytes(16), version=4)) for _ in range(20)]
    assert packed(column(values)) == {"PACKED_VALUES"}


@pytest.mark.parametrize(
    "words",
    [
        [f"{day:02d}-Dec-{year}" for day in range(10, 20) for year in (2019, 2020)],
        [f"{hour:02d}:{minute:02d}:00" for hour in range(24) for minute in (10, 20)],
        [f"10.{n}.{n + 20}.{n + 40}" for n in range(10, 60)],
        [f"C(sex)[T.{sex}]:C(arm)[T.{arm}]" for sex in "MF" for arm in ("placebo", "A", "B1", "B2")],
        [f"I(age{n}**2)" for n in range(10, 30)],
        [f"https://example.org/a?page={n}&B=1#x" for n in range(10, 30)],
        [f"{n}.5(3.4-{n}.6)*" for n in range(10, 30)],
        [f"<b>Arm_{n}</b>&nbsp;;" for n in range(10, 30)],
    ],
    ids=["dates", "times", "versions", "terms", "powers", "addresses", "intervals", "markup"],
)
def test_marks_that_results_are_full_of_are_no_encoding(words: list[str]) -> None:
    assert not coded(words)
    assert not dense(words)
    assert packed(column(words)) == set()


@pytest.mark.parametrize("alphabet", [BASE36, BASE32, BASE64], ids=["base36", "base32", "base64"])
@pytest.mark.parametrize("length", [4, 5, 6, 7])
def test_short_codes_are_asked_about_where_they_are_many(chance: random.Random, alphabet: str, length: int) -> None:
    values = ["".join(chance.choices(alphabet, k=length)) for _ in range(120)]
    assert packed(column(values)) == {"PACKED_VALUES"}
    assert packed(column(values[:15])) == set()


GENES = [
    "TP53",
    "BRCA1",
    "BRCA2",
    "CD8A",
    "CD3E",
    "IL2RA",
    "CYP2D6",
    "KLF4",
    "SOX2",
    "MMP9",
    "STAT3",
    "APOC3",
    "GPR55",
    "CDKN2A",
    "C1QTNF6",
    "HLA1",
    "FOXP3",
    "IL17A",
    "TNFA1",
    "CXCL8",
    "CCR5",
    "CTLA4",
    "PDCD1",
    "LAG3",
    "TIM3",
    "ERBB2",
    "ESR1",
    "PIK3CA",
    "AKT1",
    "MAP2K1",
    "NOTCH1",
    "JAK2",
    "SMAD4",
    "MSH2",
    "MSH6",
    "MLH1",
    "PMS2",
    "ATM1",
    "RAD51C",
]


@pytest.mark.parametrize(
    "values",
    [
        [f"{letter}{number:02d}{digit}" for letter in "ABCEI" for number in range(10, 20) for digit in (1, 9)],
        GENES,
        [f"{area}{number}{letter}" for area in ("SW", "EC", "W") for number in range(1, 9) for letter in "ABHW"],
        [f"20{year}Q{quarter}" for year in range(10, 24) for quarter in range(1, 5)],
        [f"{low}to{low + 9}" for low in range(10, 90)],
        [f"rs{number}" for number in range(1000, 1080)],
        [f"x{number}" for number in range(100, 180)],
    ],
    ids=["diagnoses", "genes", "districts", "quarters", "bands", "variants", "variables"],
)
def test_short_codes_of_a_system_are_none(values: list[str]) -> None:
    assert len(values) >= 30
    assert not coded_shortly(values)
    assert packed(column(values)) == set()


def numbers(*columns: list[str]) -> Specimen:
    rows = zip(*columns, strict=True)
    heads = ",".join(f"estimate {place}" for place in range(len(columns)))
    return table(f"term,{heads}", *(f"term {place}," + ",".join(row) for place, row in enumerate(rows)))


def test_a_few_rows_behind_rounded_decimals_are_asked_about(chance: random.Random) -> None:
    rounded = [f"{chance.uniform(0, 90):.2f}" for _ in range(12)]
    assert packed(numbers(rounded)) == set()
    for place in (0, 5, 11):
        one = [*rounded]
        one[place] += "7301948255"
        assert packed(numbers(one)) == {"LONG_DECIMALS"}


def test_rows_behind_zeros_or_cut_to_one_length_are_asked_about(chance: random.Random) -> None:
    free = [repr(chance.uniform(0, 90)) for _ in range(12)]
    assert packed(numbers(free)) == set()
    behind = [f"{chance.uniform(1, 9):.3f}000{chance.randrange(10**5, 10**6)}" for _ in range(4)]
    assert packed(numbers([*behind, *free[:8]])) == {"LONG_DECIMALS"}
    cut = [f"{chance.uniform(0, 90):.4f}{chance.randrange(10**9):09d}1" for _ in range(12)]
    assert packed(numbers(cut)) == {"LONG_DECIMALS"}


def test_decimals_of_a_text_cut_to_one_length_are_asked_about(chance: random.Random) -> None:
    def log(*values: str) -> Specimen:
        return Specimen.of(
            "\n".join(f"Step {place}: {value}" for place, value in enumerate(values)).encode(), "log.txt"
        )

    values = [f"71.{chance.randrange(10**14):014d}" for _ in range(12)]
    assert packed(log(*values)) == {"LONG_DECIMALS"}
    assert packed(log(*values[:8])) == set()
    assert packed(log(*(f"{chance.random():.10f}" for _ in range(40)))) == set()
    assert packed(log(*(repr(chance.uniform(10, 90)) for _ in range(40)))) == set()


def test_how_programs_compute_is_no_hiding(chance: random.Random) -> None:
    drift = ["0.30000000000000004", "1.1500000000000001", "2.7999999999999998", *(f"{n}.25" for n in range(9))]
    assert packed(numbers(drift)) == set()
    described = [["120.0", repr(chance.uniform(60, 80)), repr(chance.uniform(1, 9)), "18.0", "60.0", "71.0", "80.5"]]
    assert packed(numbers(*(described * 4))) == set()
    small = [f"1.000{chance.randrange(10**11, 10**12)}" for _ in range(8)]
    assert packed(numbers(small)) == set()
    assert packed(numbers(["nan", "1e-300", "1.5e-7", "", "-", "." * 50, "0.1" + "1" * 60] * 2)) == set()


def test_a_book_of_many_short_cells_is_read_in_one_pass(chance: random.Random) -> None:
    values = ["".join(chance.choices(BASE36, k=6)) for _ in range(60)]
    mixed = [value if place % 3 else "men" for place, value in enumerate(values)]
    assert packed(column(mixed)) == {"PACKED_VALUES"}
    few = [value if place % 3 == 0 else "men" for place, value in enumerate(values * 3)]
    assert packed(column(few)) == set()
