"""Health service numbers, postcodes and names: found in every part of a file, and not where chance makes them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from orchestrator.airlock.checks import contacts, identifiers
from orchestrator.airlock.checks.flat import Flat
from orchestrator.airlock.checks.health_numbers import find, valid_nhs_number
from orchestrator.airlock.model import Severity
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen

RULES = load_pack(Path(__file__).parents[2] / "policies" / "airlock" / "sdap.yaml")


def number(seed: random.Random, front: str = "") -> str:
    """Make ten digits with the right check digit."""
    while True:
        digits = front + "".join(str(seed.randrange(10)) for _ in range(9 - len(front)))
        for last in "0123456789":
            if valid_nhs_number(digits + last):
                return digits + last


def chi(seed: random.Random) -> str:
    return number(seed, f"{seed.randrange(1, 29):02d}{seed.randrange(1, 13):02d}{seed.randrange(30, 99):02d}")


def numbers_of(content: str, name: str = "t.csv"):
    return list(identifiers.check(Specimen.of(content.encode(), name), RULES))


def contacts_of(content: str, name: str = "t.txt") -> set[str]:
    return {each.rule for each in contacts.check(Specimen.of(content.encode(), name), RULES)}


def column(values: list[str], heading: str = "key") -> str:
    return "\n".join([f"group,{heading},n", *(f"a,{value},120" for value in values)]) + "\n"


SEED = random.Random(7)  # noqa: S311 - examples, no secrets


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("NHS_NUMBER", [number(SEED, "4") for _ in range(40)]),
        ("NHS_NUMBER", [f"{each[:3]} {each[3:6]} {each[6:]}" for each in (number(SEED, "7") for _ in range(40))]),
        ("NHS_NUMBER", [f"{each[:3]}-{each[3:6]}-{each[6:]}" for each in (number(SEED, "6") for _ in range(40))]),
        ("NHS_NUMBER", [f"{number(SEED, '4')}.0" for _ in range(40)]),
        ("CHI_NUMBER", [chi(SEED) for _ in range(40)]),
        ("HC_NUMBER", [number(SEED, "35") for _ in range(40)]),
        ("CHI_NUMBER", [each[1:] for each in (chi(SEED) for _ in range(200)) if each[0] == "0"]),
    ],
)  # fmt: skip
def test_a_column_of_numbers_is_blocked_and_named(rule, values):
    [finding] = numbers_of(column(values))
    assert (finding.rule, finding.severity) == (rule, Severity.BLOCK)
    assert "column “key”" in finding.where


def test_the_rows_are_named_as_a_person_counts_them():
    rows = [["a", "x"]] * 4998 + [["a", number(SEED, "4")]]
    [finding] = numbers_of("\n".join(["group,note", *(",".join(row) for row in rows)]) + "\n")
    assert finding.where == "column “note”: row 5000"
    assert finding.severity is Severity.FLAG


def test_quoted_cells_with_line_ends_keep_columns_and_rows_right():
    values = [number(SEED, "4") for _ in range(5)]
    content = 'g,"a ""b""\nlong",key\n' + "".join(f'"x,\ny",2,{value}\n' for value in values)
    [finding] = numbers_of(content)
    assert finding.severity is Severity.BLOCK
    assert "column “key”" in finding.where


@pytest.mark.parametrize(
    "values",
    [
        [str(SEED.randrange(10**9, 10**10)) for _ in range(2000)],
        [f"0.{SEED.randrange(10**9, 10**10)}" for _ in range(200)],
        [f"{SEED.randrange(10**9, 10**10)}.25" for _ in range(200)],
        [str(SEED.randrange(10**10, 10**11)) for _ in range(200)],
        [f"NCT{SEED.randrange(10**8):08d}" for _ in range(200)],
        [str(SEED.randrange(10**8, 10**9)) for _ in range(2000)],
        ["0000000000", "1111111111", "9999999999"],
    ],
)
def test_other_numbers_raise_no_alarm(values):
    assert numbers_of(column(values)) == []


def test_digits_of_another_script_are_read():
    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    [finding] = numbers_of(column([number(SEED, "4").translate(arabic) for _ in range(5)]))
    assert finding.severity is Severity.BLOCK


def test_numbers_across_the_pieces_of_a_large_file_are_all_found():
    values = [number(SEED, "4") for _ in range(60_000)]
    content = ("g,key\n" + "".join(f"some words to fill the line,{value}\n" for value in values)).encode()
    found = [value for each in find(Flat(data=content)) for value in each.values[each.valid].tolist()]
    assert found == [int(value) for value in values]


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("She lives at LS2 9JT.", "POSTCODE"),
        ("sw1a2aa", "POSTCODE"),
        ("EC1A 1BB", "POSTCODE"),
        ("write to jo.bloggs+trial@nhs.example.org", "EMAIL"),
        ("seen by Dr Ann O'Neill today", "PERSON_NAME"),
        ("Mrs. J. K. Smith", "PERSON_NAME"),
        ("Patient name: Aisha Khan", "PERSON_NAME"),
        ("ring 07700 900123", "PHONE_NUMBER"),
        ("ring +44 7700 900123", "PHONE_NUMBER"),
        ("ring 0113 496 0123", "PHONE_NUMBER"),
        ("Tel07700900123", "PHONE_NUMBER"),
        ("QQ 12 34 56 C", "INSURANCE_NUMBER"),
        ("qq123456c", "INSURANCE_NUMBER"),
    ],
)
def test_contacts_are_found_in_words_and_in_cells(words, rule):
    assert rule in contacts_of(f"Some results.\n{words}\n")
    assert rule in contacts_of(f'a,b,c\n1,2,"{words}"\n3,4,5\n', "t.csv")


@pytest.mark.parametrize(
    "words",
    [
        "LS2 and BD9 districts",
        "C50.9 and E11 codes",
        "p@5 = 0.4",
        "Drug A, Mr1 model, Miss rate",
        "dose 2mg 3x daily",
        "the name: a model",
        "AB1234567 C",
        "2024-07-12, 0.0712345678",
        "n = 07123",
        "ENSG07123456789 and rs07700900123",
    ],
)
def test_ordinary_words_are_no_contacts(words):
    assert contacts_of(f"Some results.\n{words}\n") == set()
