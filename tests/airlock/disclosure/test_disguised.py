"""Rows in disguise are asked about: packed into digits and codes, divided over files, under headings that lie."""

from __future__ import annotations

import base64
import io
import random

import openpyxl
import pytest

from orchestrator.airlock.checks import contradictions, packed_values, run, split_rows
from orchestrator.airlock.checks.codes import coded, is_concept, turns
from orchestrator.airlock.model import Severity
from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.corpus.looking import pack

RANDOM = random.Random(3)  # noqa: S311 - the same each time


def table(head: str, *rows: str) -> Specimen:
    return Specimen.of("\n".join((head, *rows, "")).encode(), "t.csv")


def packed(file: Specimen) -> set[str]:
    found = list(packed_values.check(file, pack("default")))
    assert all(each.severity is Severity.FLAG and each.message and each.guidance for each in found)
    return {each.rule for each in found}


def contradicted(head: str, *rows: str) -> list[str]:
    return [each.where for each in contradictions.check(table(head, *rows), pack("default"))]


def column(values: list[str]) -> Specimen:
    return table("group,value", *(f"group {place},{value}" for place, value in enumerate(values)))


@pytest.mark.parametrize(
    "make",
    [
        lambda data: base64.b32encode(data).decode(),
        lambda data: base64.b64encode(data).decode().rstrip("="),
        lambda data: data.hex(),
        lambda data: data.hex().upper(),
        lambda data: str(10**11 + int.from_bytes(data[:5])),
        lambda data: f"0.{int.from_bytes(data):025d}",
    ],
    ids=["base32", "base64", "hex", "capital hex", "whole", "decimal"],
)
def test_each_packing_is_found_in_columns_and_in_texts(make) -> None:
    values = [make(RANDOM.randbytes(10)) for _ in range(30)]
    assert packed(column(values)) == {"PACKED_VALUES"}
    words = "\n".join(f"Round {place}: {value}" for place, value in enumerate(values))
    assert packed(Specimen.of(f"It converged.\n{words}\n".encode(), "log.txt")) == {"PACKED_VALUES"}


@pytest.mark.parametrize(
    "dress",
    ["{0}000", "£{0}", "{0} mg", "({0})", "{0}*", "{1}"],
    ids=["rounded", "money", "unit", "brackets", "mark", "spaces"],
)
def test_a_number_in_another_dress_is_read_all_the_same(dress: str) -> None:
    numbers = [RANDOM.randrange(10**11, 10**12) for _ in range(30)]
    assert packed(column([dress.format(each, f"{each:,}".replace(",", " ")) for each in numbers])) == {"PACKED_VALUES"}


def test_other_digits_and_base_64_for_addresses_are_read_too() -> None:
    digits = ["".join(chr(0x660 + int(each)) for each in str(RANDOM.randrange(10**11, 10**12))) for _ in range(30)]
    assert packed(column(digits)) == {"PACKED_VALUES"}
    words = [base64.urlsafe_b64encode(RANDOM.randbytes(12)).decode() for _ in range(30)]
    assert packed(column(words)) == {"PACKED_VALUES"}
    names = [f"{stem}_{low}_{low + 9}" for stem in ("age", "bmi", "years_since", "imd") for low in range(10, 90, 10)]
    assert packed(column([*names, "Age_60_69", "100 000-199 999", "2020-01-01", "12 (3.4-5.6)"])) == set()


def test_many_digits_that_nobody_reads_are_found_by_their_room() -> None:
    def unrounded(rows: int) -> Specimen:
        return table("a,b,c", *(",".join(str(RANDOM.random()) for _ in range(3)) for _ in range(rows)))

    assert packed(unrounded(60)) == {"LONG_DECIMALS"}
    assert packed(unrounded(8)) == set()
    rounded = table("a,b,c", *(",".join(f"{RANDOM.random():.6f}" for _ in range(3)) for _ in range(200)))
    assert packed(rounded) == set()


@pytest.mark.parametrize(
    "values",
    [
        [f"E0100{n:04d}" for n in range(1000, 1040)],
        [f"ENSG{n:011d}" for n in range(141510, 141550)],
        ["73211009", "22298006", "44054006", "38341003", "195967001", "840539006", "1240581000000104"],
        [f"0407010A{n}" for n in range(10, 50)],
        [f"56{n:06d}" for n in range(286961, 286966)],
        [f"{n}000000000" for n in range(100, 130)],
        [f"2020-01-{n:02d}T00:00:00" for n in range(1, 30)],
        ["SIMVASTATIN", "ATORVASTATIN", "CARBAMAZEPINE", "HYDROCHLOROTHIAZIDE", "METFORMINUM", "BISOPROLOLUM"] * 3,
        ["", "-", "*"] * 9,
    ],
    ids=["areas", "genes", "concepts", "drugs", "populations", "rounded", "moments", "capitals", "marks"],
)
def test_codes_and_numbers_that_results_are_full_of_are_none(values: list[str]) -> None:
    assert packed(column(values)) == set()


def test_a_concept_is_known_by_its_check_digit() -> None:
    assert all(map(is_concept, ("73211009", "22298006", "1240581000000104")))
    assert not any(map(is_concept, ("73211008", "22298060", "7321100", "123", "", "٧٣٢١١٠٠٩", "9" * 19)))
    assert turns("3f9Ab2")
    assert not any(map(turns, ("", "a", "E01000001", "hospital", "2020")))
    assert not coded([])


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("p value", (0.03, 4, 12)),
        ("n", (12.5, 30.25, 41.5)),
        ("number of patients", (12, -30, 41)),
        ("sd", (2.5, -3.5, 4.5)),
        ("age", (70, 150, 41)),
        ("year", (12, 30, 41)),
        ("percent", (120, 300, 410)),
        ("mean", (12, 3, 41)),
        ("estimate", (12, 3, 41)),
    ],
)
def test_what_a_heading_cannot_be_is_told_with_its_column(heading: str, values: tuple[float, ...]) -> None:
    rows = [f"{place},{value}" for place, value in zip("abc", values, strict=True)]
    assert contradicted(f"group,{heading}", *rows) == [f"column “{heading}”"]


def test_what_never_adds_up_and_does_holds_counts() -> None:
    rows = ("a,12", "b,30", "c,41", "Total,83")
    for heading in ("age", "code", "median", "score"):
        assert contradicted(f"group,{heading}", *rows) == [f"column “{heading}”"], heading
        assert contradicted(f"group,{heading}", *rows[:-1], "Total,70") == []
    assert contradicted("group,n", *rows) == []


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("term,estimate,se,p value", ("age,0.31,0.02,0.001", "sex,-1.2,0.4,0.02", "dose,3,1,1")),
        ("group,n,mean,sd", ("a,120,71.2,3.1", "b,140,7,2", "c,90,70.4,3")),
        ("group,percent", ("a,12", "b,30", "c,58", "Total,100")),
        ("group,rate per 1000", ("a,120", "b,300", "c,158")),
        ("group,change in percent", ("a,-12", "b,130", "c,158")),
        ("year,n", ("2001,120", "2002,130", "2003,140")),
        ("age,n", ("61,120", "62,130", "63,140")),
        ("group,min,mean,max", ("a,1.5,2.5,9", "b,2,2.5,3", "c,2,3.5,4")),
        ("group,mean,x", ("a,3", "b,,")),
    ],
)
def test_true_headings_are_left_alone(head: str, rows: tuple[str, ...]) -> None:
    assert contradicted(head, *rows) == []


def test_a_mean_outside_its_bounds_is_told() -> None:
    assert contradicted("group,min,mean,max", "a,1.5,2.5,9", "b,2,7.5,3", "c,2,3,4") == ["whole table"]


def divided(files: dict[str, list[str]]) -> set[str]:
    opened = {name: Specimen.of("\n".join((*lines, "")).encode(), name) for name, lines in files.items()}
    found = split_rows.across(opened)
    assert all(each.rule == "SPLIT_ROWS" for findings in found.values() for each in findings)
    return set(found)


def values(heading: str, keys: list[int] | None = None, many: int = 20) -> list[str]:
    lines = [f"{RANDOM.uniform(0, 90):.1f}" for _ in range(many)]
    if keys is None:
        return [heading, *lines]
    return [f"no,{heading}", *(f"{key},{line}" for key, line in zip(keys, lines, strict=True))]


def test_columns_of_rows_in_several_files_are_told_of_each_other() -> None:
    keys = RANDOM.sample(range(1000, 9999), 20)
    again = RANDOM.sample(keys, 20)
    whole = {"a.csv", "b.csv"}
    assert divided({"a.csv": values("age"), "b.csv": values("weight")}) == whole
    assert divided({"a.csv": values("age", keys), "b.csv": values("weight", again)}) == whole
    assert divided({"a.csv": values("age", keys), "b.csv": values("weight")}) == whole
    assert (
        divided({"a.csv": values("score", keys), "b.csv": values("index", again), "c.csv": values("x", many=7)})
        == whole
    )


def test_rows_divided_over_the_many_tables_of_a_request_are_told_once_for_each() -> None:
    book = openpyxl.Workbook()
    for number in range(30):
        sheet = book.create_sheet(f"s{number}")
        groups = ["region,patients", *(f"r{each},{each * 10}" for each in range(20))]
        for line in values("weight") if number == 29 else groups:
            sheet.append(line.split(","))
    held = io.BytesIO()
    book.save(held)
    files = {f"{number}.csv": Specimen.of("\n".join(values(f"h{number}")).encode(), "x.csv") for number in range(40)}
    found = split_rows.across({"book.xlsx": Specimen.of(held.getvalue(), "book.xlsx"), **files})
    assert len(found) == 41
    (beyond,) = found["book.xlsx"]
    assert beyond.where == "sheet “s29”"
    assert "as many stand in 0.csv, 1.csv, 10.csv, 11.csv, 12.csv" in beyond.message


def test_the_same_headings_in_both_parts_hide_no_rows() -> None:
    keys = RANDOM.sample(range(1000, 9999), 20)
    again = RANDOM.sample(keys, 20)
    whole = {"a.csv", "b.csv"}
    assert divided({"a.csv": values("age", keys), "b.csv": values("age", again)}) == whole
    for heading in ("value", "x1", "", "Column 2"):
        assert divided({"a.csv": values(heading), "b.csv": values(heading)}) == whole, heading
        same = values(heading)
        assert divided({"a.csv": same, "b.csv": same}) == set(), heading
    grid = [f"{n / 2},0.{RANDOM.randrange(100, 999)}" for n in range(20)]
    other = [f"{n / 2},0.{RANDOM.randrange(100, 999)}" for n in range(20)]
    assert divided({"a.csv": ["x,y", *grid], "b.csv": ["x,y", *other]}) == set()
    sites = [701, 703, 704, 705, 708, 709, 710, 713, 716, 718, 900]
    assert divided({name: values("age", sites, many=11) for name in ("a.csv", "b.csv")}) == set()
    bounds = [1, 2, 5, 10, 15, 20, 25, 50, 75, 100, 200, 500, 1000]
    assert divided({name: values("age", bounds, many=13) for name in ("a.csv", "b.csv")}) == set()


def test_results_of_one_shape_in_several_files_are_none() -> None:
    other = RANDOM.sample(range(10_000, 20_000), 20)
    assert divided({"a.csv": values("age", list(range(20))), "b.csv": values("weight", other)}) == set()
    assert divided({"a.csv": values("age"), "b.csv": values("age")}) == set()
    assert divided({"a.csv": values("age"), "b.csv": values("weight", many=21)}) == set()
    assert divided({"a.csv": values("age", many=9), "b.csv": values("weight", many=9)}) == set()
    months = [f"2021-{n:02d},{n}" for n in range(1, 13)]
    assert divided({"a.csv": ["month,men", *months], "b.csv": ["month,women", *months]}) == set()
    estimates = [f"0.{n},0.0{n}" for n in range(10, 30)]
    assert divided({"a.csv": ["b,se", *estimates], "b.csv": ["b,se adjusted", *estimates]}) == set()
    assert divided({"a.csv": ["x"], "b.csv": [""], "c.csv": ["{"]}) == set()


@pytest.mark.parametrize("content", [b'a,b\n"1,2\n', b"\x00\xff", b"", b"a\n" + b"9" * 5000 + b"\n", b"[1, [2]]"])
def test_files_that_cannot_be_read_to_the_end_break_nothing(content: bytes) -> None:
    found = run(Specimen.of(content, "t.csv"), pack("default"))
    assert not [each for each in found if "could not finish" in each.message]
    assert split_rows.across({"a.csv": Specimen.of(content, "a.csv"), "b.csv": Specimen.of(content, "b.csv")}) == {}
