"""The first checks: what each finds, and what it leaves alone."""

# ruff: noqa: S311 - numbers for tests
from __future__ import annotations

import csv
import io
import json
import os
import random
import struct
import tempfile
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.checks import CHECKS, run
from orchestrator.airlock.checks.counts import whole_number
from orchestrator.airlock.checks.formulas import is_formula
from orchestrator.airlock.checks.identifiers import valid_nhs_number
from orchestrator.airlock.model import Severity
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen
from orchestrator.airlock.review.previews import preview
from orchestrator.airlock.rules import verdict_of
from tests.airlock.world import PACK

RULES = load_pack(PACK)


def inspect(content: bytes, name: str):
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        specimen = Specimen(file.fileno(), name)
        return specimen.kind, run(specimen, RULES)


def rules_of(content: bytes | str, name: str = "t.csv", *, least: Severity | None = Severity.FLAG) -> set[str]:
    findings = inspect(content.encode() if isinstance(content, str) else content, name)[1]
    return {each.rule for each in findings if least is None or each.severity in (least, Severity.BLOCK)}


def nhs_number(seed: random.Random) -> str:
    while True:
        digits = "".join(str(seed.randrange(10)) for _ in range(9))
        for last in "0123456789":
            if valid_nhs_number(digits + last):
                return digits + last


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def png(*extra: tuple[bytes, bytes], after: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))]
    parts += [chunk(kind, body) for kind, body in extra]
    parts += [chunk(b"IDAT", zlib.compress(b"\0" + b"\xff\0\0" * 2 + b"\0" + b"\0\xff\0" * 2)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + after


def jpeg(after: bytes = b"", comment: bytes = b"") -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(out, "JPEG", **({"comment": comment} if comment else {}))
    return out.getvalue() + after


SAFE = {
    "counts.csv": "arm,n,mean age\nplacebo,120,71.2\ntreated,118,70.9\n",
    "coefficients.csv": "term,estimate,std error,p\nage,-0.031,0.004,0.0001\nsex,1.5,0.2,0.03\n",
    "years.csv": "year,rate\n2019,0.21\n2020,0.25\n2021,0.22\n",
    "deciles.csv": "age decile,n\n1,120\n2,133\n3,140\n4,128\n",
    "masked.csv": "arm,n\na,<10\nb,130\nc,suppressed\n",
    "model.json": json.dumps({"coefficients": {"age": 0.2, "sex": -1.1}, "n": 240}),
    "summary.md": "# Summary\n\nWe studied 240 people; the hazard ratio was 0.8 (0.7 to 0.9).\n",
    "plot.png": png((b"tEXt", b"Software\0matplotlib")),
    "ranges.csv": "term,interval\nage,-0.5 to -0.1\nsex,-1.2 (-2.1)\nbmi,-\nsmoking,–\n",
}


@pytest.mark.parametrize("name", SAFE)
def test_an_ordinary_safe_result_passes_without_a_flag(name):
    content = SAFE[name]
    kind, findings = inspect(content if isinstance(content, bytes) else content.encode(), name)
    assert kind in RULES.review_kinds
    assert [each for each in findings if each.severity is not Severity.NOTE] == []


SMALL = {
    "an ordinary count": "arm,n\na,120\nb,4\n",
    "a crosstab": "sex,placebo,treated\nF,53,50\nM,33,9\n",
    "an unnamed crosstab": "x,0,1\na,53,50\nb,33,9\n",
    "a share beside it": "group,patients\na,120 (40%)\nb,4 (1.3%)\n",
    "a spreadsheet's float": "arm,n\na,120.0\nb,4.0\nc,\n",
    "thousands": 'arm,n\na,"1,204"\nb,3\n',
    "tabs": "arm\tn\na\t120\nb\t4\n",
    "semicolons": "arm;n\na;120\nb;4\n",
    "n in the label": "group,rate\nall (n=240),0.2\nrare (n=3),0.3\n",
    "a life table": "event_at,removed,observed,censored,entrance,at_risk\n0,0,0,0,163,163\n"
    "6,1,1,0,0,163\n7,30,20,10,0,162\n",
    "a weak mask": "arm,n\na,<5\nb,130\n",
    "a count at the end of many rows": "group,n\n" + "g,100\n" * 4000 + "h,2\n",
    "a byte order mark": "\ufeffarm,n\na,120\nb,4\n",
    "one column": "n\n120\n130\n4\n110\n",
    "a total": "arm,n\na,\nTotal,7\n",
}


@pytest.mark.parametrize("case", SMALL)
def test_a_small_count_is_found(case):
    assert rules_of(SMALL[case]) & {"SMALL_COUNT", "WEAK_MASK", "SMALL_TOTAL"}


def test_the_last_count_that_is_too_small_is_one_below_the_threshold():
    assert "SMALL_COUNT" in rules_of("arm,n\na,120\nb,9\n")
    assert "SMALL_COUNT" not in rules_of("arm,n\na,120\nb,10\n")


def test_zeros_are_flagged_as_the_pack_says_that_they_disclose():
    assert "ZERO_COUNT" in rules_of("arm,n\na,120\nb,0\n")
    assert rules_of("arm,missing n\na,120\nb,0\n") == set()


def test_small_counts_in_words_and_json_are_found():
    assert "SMALL_COUNT" in rules_of("Of these, three patients died (n = 4).\n", "t.txt")
    assert "SMALL_COUNT" in rules_of(json.dumps({"deaths": {"n": 3}}), "t.json")
    assert "SMALL_COUNT" not in rules_of(json.dumps({"deaths": {"n": 30}}), "t.json")


@pytest.mark.parametrize(
    ("cell", "count"),
    [("7", 7), ("1,204", 1204), ("7.0", 7), ("7 (3.1%)", 7), ("0.7", None), ("-7", None), ("7%", None), ("x", None)],
)
def test_a_count_is_told_from_other_numbers(cell, count):
    assert whole_number(cell) == count


def test_a_column_of_nhs_numbers_blocks_and_random_ten_digit_numbers_do_not():
    seed = random.Random(7)
    numbers = [nhs_number(seed) for _ in range(50)]
    content = table(["who", "score"], [[number, 1.5] for number in numbers])
    findings = {each.rule: each.severity for each in inspect(content.encode(), "t.csv")[1]}
    assert findings["NHS_NUMBER"] is Severity.BLOCK
    other = table(["reading", "score"], [[seed.randrange(10**9, 10**10), 1.5] for _ in range(2000)])
    assert "NHS_NUMBER" not in rules_of(other)


def test_an_nhs_number_in_the_last_row_and_in_words_is_found():
    number = nhs_number(random.Random(3))
    grouped = f"{number[:3]} {number[3:6]} {number[6:]}"
    assert "NHS_NUMBER" in rules_of(table(["g", "note"], [["a", "x"]] * 3000 + [["b", grouped]]))
    assert "NHS_NUMBER" in rules_of(f"The patient {grouped} was left out.\n", "t.txt")


def test_the_check_digit_lets_about_one_random_number_in_eleven_pass():
    seed = random.Random(1)
    passed = sum(valid_nhs_number(f"{seed.randrange(10**10):010d}") for _ in range(20_000))
    assert 0.08 < passed / 20_000 < 0.10


@pytest.mark.parametrize("text", ["SW1A 1AA", "M1 1AE", "cr2 6xh", "DN551PT", "W1A 0AX", "EC1A 1BB"])
def test_a_postcode_is_found(text):
    assert "POSTCODE" in rules_of(f"area,rate\n{text},0.2\nx,0.3\n")


@pytest.mark.parametrize("text", ["E11", "I21.9", "C50 9", "SW1A", "A10BA02", "B12"])
def test_a_district_or_a_clinical_code_is_no_postcode(text):
    assert "POSTCODE" not in rules_of(f"area,rate\n{text},0.2\nx,0.3\n")


@pytest.mark.parametrize("heading", ["dob", "Date of birth", "BirthDate", "birth_date", "DOD", "date_of_death"])
def test_a_column_of_birth_dates_is_found(heading):
    assert "DATE_OF_BIRTH" in rules_of(table([heading, "x"], [["1961-04-03", 0.5], ["03/05/1972", 0.6]]))


@pytest.mark.parametrize("heading", ["surname", "PatientID", "USUBJID", "person_id", "nhs_number"])
def test_a_column_that_names_persons_is_found(heading):
    assert "PERSON_COLUMN" in rules_of(table([heading, "x"], [["q", 0.5], ["r", 0.6]]))


def test_an_address_for_mail_is_found():
    assert "EMAIL" in rules_of("contact,rate\njane.doe@example.nhs.uk,0.2\nx,0.3\n")


@pytest.mark.parametrize(
    "cell", ["=1+1", "=cmd|' /C calc'!A0", "+SUM(A1)", "-2+3+cmd", "@SUM(A1)", "\t=1", "＝1+1", "-A1", "-log2(A1)"]
)
def test_a_formula_is_found(cell):
    assert is_formula(cell)
    assert "FORMULA" in rules_of(table(["a", "b"], [["x", 0.2], [cell, 0.3]]))


@pytest.mark.parametrize(
    "cell",
    [
        "- none",
        "-log2(p)",
        "-log10(p-value)",
        "+44 7700 900001",
        "-1.5",
        "+3",
        "-",
        "–",
        "-0.2 (-0.4, -0.1)",
        "-1e-5",
        "-3%",
        "a=b",
        "",
        "-0.5 to -0.1",
    ],
)
def test_a_number_or_a_dash_is_no_formula(cell):
    assert not is_formula(cell)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04rest", "zip"), (b"\x1f\x8brest", "gzip"),
        (b"\x80\x04\x95abc", "pickle"),
        (b"SQLite format 3\x00...", "sqlite"), (b"\x7fELF...", "program"), (b"\x89HDF\r\n\x1a\n", "hdf5"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"), (b"ab\x00cd\x00", "unknown-binary"),
        (b"RDX3\n..", "r-data"), (b"\x93NUMPY..", "numpy"),
    ],
)  # fmt: skip
def test_a_kind_that_is_not_on_the_list_blocks_whatever_its_name(content, kind):
    for name in ("t.csv", "t.png", "t"):
        found, findings = inspect(content, name)
        assert found == kind
        assert "KIND_NOT_ALLOWED" in {each.rule for each in findings if each.severity is Severity.BLOCK}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<?xml version='1.0'?><a/>", "xml"), (b"GIF89a..", "gif"), (b"\x81\x8d\xf0\xf1 \xf2\xf3", "unknown-text"),
    ],
)  # fmt: skip
def test_a_kind_that_cannot_be_read_to_the_end_is_held_for_a_person(content, kind):
    found, findings = inspect(content, "t.txt")
    assert found == kind
    assert "HELD_KIND" in {each.rule for each in findings if each.severity is Severity.FLAG}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 ...", "pdf"), (b"<svg xmlns='x'><g>", "svg"), (b"PAR1........PAR1", "parquet"),
        (b"<!doctype html><p>x<!-- ", "html"), (b'{"nbformat": 4, "cells": 5}', "notebook"),
    ],
)  # fmt: skip
def test_a_damaged_file_of_a_kind_that_may_leave_is_said_to_be_unread(content, kind):
    found, findings = inspect(content, "t")
    assert found == kind
    assert "INSPECTION_INCOMPLETE" in {each.rule for each in findings if each.severity is Severity.FLAG}


def test_bytes_after_the_end_of_a_picture_block():
    assert rules_of(png(), "p.png") == set()
    assert "TRAILING_BYTES" in rules_of(png(after=b"PK\x03\x04hidden"), "p.png")
    assert rules_of(jpeg(), "p.jpg") == set()
    assert "TRAILING_BYTES" in rules_of(jpeg(after=b"hidden"), "p.jpg")


def test_a_broken_picture_and_hidden_words_in_one_are_found():
    assert "INSPECTION_INCOMPLETE" in rules_of(png()[:-20], "p.png")
    assert "INSPECTION_INCOMPLETE" in rules_of(jpeg()[:-20], "p.jpg")
    assert "IMAGE_METADATA" in rules_of(png((b"tEXt", b"Comment\0" + b"x" * 4000)), "p.png")
    assert "IMAGE_METADATA" in rules_of(jpeg(comment=b"x" * 4000), "p.jpg")
    damaged = bytearray(png())
    damaged[40] ^= 1
    assert "INSPECTION_INCOMPLETE" in rules_of(bytes(damaged), "p.png")


def test_a_misleading_name_an_empty_file_and_hidden_characters_are_found():
    assert "NAME_MISLEADS" in rules_of(png(), "p.csv")
    assert "EMPTY_FILE" in rules_of(b"", "e.csv")
    assert "BIDI_TEXT" in rules_of("arm,rate\na\u202eb,0.2\nx,0.3\n")
    assert "HIDDEN_CHARACTERS" in rules_of("arm,rate\na\u200bb,0.2\nx,0.3\n")


def test_a_broken_or_ragged_or_long_table_is_found():
    assert "RAGGED_ROWS" in rules_of("a,b\n1.5,2.5\n1.5,2.5,3.5\n1.5,2.5\n1.1,2\n")
    assert "INSPECTION_INCOMPLETE" in rules_of('a,b\n1.5,2.5\n1.1,2.2\n"open,2.5\n')
    assert "INSPECTION_INCOMPLETE" in rules_of("a,b\n1.5,2.5\n1.1,2.2\n" + "x" * 200_000 + ",2.5\n")
    assert "MANY_ROWS" in rules_of("a,b\n" + "1.5,2.5\n" * 5001)
    assert "MANY_ROWS" not in rules_of("a,b\n" + "1.5,2.5\n" * 5000)


def test_a_table_among_words_is_read_as_a_table():
    prose = "These are the numbers that we found in our study and they are shown below for the reader.\n" * 60
    assert "SMALL_COUNT" in rules_of(prose + "arm,n,m\na,14,13\nb,5,12\nc,11,18\n", "t.txt")
    assert "SMALL_COUNT" in rules_of(prose + "arm   n   m\na   14   13\nb   5   12\nc   11   18\n", "t.txt")
    assert rules_of(prose, "t.txt") == set()


def test_a_check_that_fails_is_a_finding_and_the_others_still_run(monkeypatch):
    def broken(_file, _pack):
        raise RuntimeError("no")

    monkeypatch.setattr("orchestrator.airlock.checks.CHECKS", (("broken", broken), *CHECKS))
    rules = rules_of("arm,n\na,120\nb,4\n")
    assert {"INSPECTION_INCOMPLETE", "SMALL_COUNT"} <= rules


@settings(deadline=None)  # libraries are loaded when the first file needs them
@given(st.binary(max_size=400), st.sampled_from(["t.csv", "t", "t.png", "t.json"]))
def test_no_bytes_make_a_check_fail_unseen(content, name):
    kind, findings = inspect(content, name)
    assert kind
    if kind not in RULES.review_kinds:
        assert verdict_of(findings) != "pass"
    for each in findings:
        assert each.where
        assert (each.where + each.message + each.guidance).isprintable()


@settings(deadline=None)  # libraries are loaded when the first file needs them
@given(st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=4), min_size=1, max_size=12))
def test_no_table_makes_the_reading_fail_unseen(rows):
    content = table(["a", "b"], rows).encode("utf-8", "surrogatepass")
    kind, findings = inspect(content, "t.csv")
    assert kind
    assert all(each.message.isprintable() for each in findings)


@settings(deadline=None)  # libraries are loaded when the first file needs them
@given(st.lists(st.integers(min_value=10, max_value=10**6), min_size=3, max_size=30), st.integers(1, 9), st.data())
def test_one_small_count_among_large_ones_is_found_wherever_it_stands(counts, small, data):
    counts.insert(data.draw(st.integers(0, len(counts))), small)
    content = table(["group", "n"], [[f"g{index}", count] for index, count in enumerate(counts)])
    assert "SMALL_COUNT" in rules_of(content)


def test_the_file_is_read_through_its_descriptor_only(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("arm,n\na,120\n")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        path.unlink()
        assert Specimen(descriptor, "t.csv").kind == "table"
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        (table(["arm", "note"], [["a", "x" * 2001]]), "t.csv", "LONG_CELLS"),
        (table(["arm", "x" * 2001], [["a", "b"]]), "t.csv", "LONG_CELLS"),
        ("Results.\n" + "x" * 2001 + "\n", "t.txt", "LONG_LINES"),
    ],
    ids=["cell", "heading", "line"],
)
def test_what_no_checker_would_be_shown_whole_stays_inside(content, name, rule, tmp_path):
    assert rule in rules_of(content, name, least=Severity.BLOCK)
    shorter = content.replace("x" * 2001, "x" * 2000)
    assert rule not in rules_of(shorter, name, least=None)
    file = tmp_path / name
    for text, whole in ((content, False), (shorter, True)):
        file.write_text(text)
        shown = preview(file, name=name, kind=inspect(text.encode(), name)[0])
        seen = [*shown.columns, *shown.lines, *(cell for _, row in shown.rows for cell in row)]
        assert ("x" * 2000 in seen) is whole
        assert any(cell.endswith("…") for cell in seen) is not whole


@pytest.mark.timeout(300)
def test_a_pile_of_comments_is_told_from_a_page_without_trying_every_way_to_read_it():
    comments = "<!-- - -> -->\n<!---->" * 2_000
    assert inspect((comments + "<html>").encode(), "t.txt")[0] == "html"
    assert inspect((comments + "plain words").encode(), "t.txt")[0] == "xml"
    assert inspect(("<!-- <html> " * 2_000).encode(), "t.txt")[0] == "xml"
    assert inspect((" " * 50_000 + "<!-- x").encode(), "t.txt")[0] == "xml"
