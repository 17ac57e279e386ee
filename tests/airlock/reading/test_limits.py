"""Damaged and oversized files: reading never raises, never takes more than it may, and says what it did not read."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import time

import pytest
from pyarrow import ArrowException

from orchestrator.airlock.canonical import canonicalise
from orchestrator.airlock.checks import run
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.reading.made import chart, notebook, ods, parquet, picture, read, workbook, zipped
from tests.airlock.world import PACK

RULES = load_pack(PACK)
BROKEN = (csv.Error, ArrowException, OSError)


def plain(axes):
    axes.bar(range(5), [20, 30, 40, 50, 60])


WHOLE = {
    "workbook": workbook(),
    "ods": ods(),
    "parquet": parquet(),
    "zip": zipped({"a.csv": b"arm,n\na,120\n" * 20}),
    "png": picture(),
    "jpeg": picture("JPEG"),
    "gif": picture("GIF"),
    "svg": chart(plain, "svg"),
    "pdf": chart(plain, "pdf"),
    "notebook": notebook({"output_type": "stream", "name": "stdout", "text": "arm  n\na  120\n"}),
    "html": b"<html><body><table><tr><td>1</td></tr></table></body></html>",
    "json": json.dumps({"a": [{"n": 1}, {"n": 2}]}).encode(),
    "table": b"arm,n\na,120\nb,130\n",
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.timeout(600)
def test_files_cut_short_or_with_flipped_bits_never_make_the_reading_raise(kind):
    seed = random.Random(kind)  # noqa: S311 - damage for tests
    content = WHOLE[kind]
    assert read(content).kind == kind
    for _ in range(40):
        damaged = bytearray(content)
        if seed.random() < 0.4:
            del damaged[seed.randrange(1, len(damaged)) :]
        else:
            for _ in range(seed.randrange(1, 12)):
                damaged[seed.randrange(len(damaged))] ^= 1 << seed.randrange(8)
        start = time.process_time()
        found = read(bytes(damaged))
        assert time.process_time() - start < 20
        for table in found.tables:
            with contextlib.suppress(*BROKEN):  # tables that are read anew may be broken: checks catch and say it
                list(table.rows())
        for finding in found.findings:
            assert (finding.where + finding.message).isprintable()


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.timeout(600)
def test_of_damaged_files_there_is_a_clean_copy_or_none(kind):
    seed = random.Random(kind)  # noqa: S311 - damage for tests
    for _ in range(8):
        damaged = bytearray(WHOLE[kind])
        for _ in range(seed.randrange(1, 6)):
            damaged[seed.randrange(len(damaged))] ^= 1 << seed.randrange(8)
        canonical = canonicalise(Specimen.of(bytes(damaged), f"x.{kind}"), RULES)
        for derived in canonical.files if canonical else ():
            assert read(derived.content).kind in {*RULES.review_kinds, "unknown-text", "empty", "xml"}


@pytest.mark.parametrize("kind", ["workbook", "ods", "parquet", "png", "jpeg", "pdf", "zip"])
def test_a_file_without_its_second_half_is_said_to_be_unread(kind):
    content = WHOLE[kind]
    assert read(content[: len(content) // 2]).findings


def test_five_gigabytes_are_refused_without_being_read(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(b"arm,n\na,120\n")
        file.truncate(5 << 30)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        start = time.process_time()
        specimen = Specimen(descriptor, "huge.csv", most=RULES.limits.file_bytes)
        findings = run(specimen, RULES)
        assert specimen.kind == "too-large"
        assert [(each.rule, each.severity.value) for each in findings] == [("TOO_LARGE", "block")]
        with pytest.raises(OSError, match="more than"):
            _ = specimen.content
        assert time.process_time() - start < 5
    finally:
        os.close(descriptor)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "content_of",
    [
        lambda: b"<div>" * 200_000,
        lambda: b"<table>" * 50_000,
        lambda: b"[" * 500_000,
        lambda: b'{"a":' * 100_000,
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"<g>" * 100_000,
        lambda: b"| a | b |\n" * 200_000,
        lambda: b"<!--" * 200_000,
        lambda: b"![" * 300_000,
        lambda: b"c(1," * 200_000,
        lambda: b"<html>" + b"<!--" * 200_000,
        lambda: b"<html>" + b"<svg " * 200_000,
        lambda: b"<html>" + b"<script>newPlot(" * 50_000,
        lambda: b"words <img " * 100_000,
        lambda: b"# R\n" + (b"A" * 399 + b" ") * 5_000,
        lambda: b"# R\n" + b"[" * 200_000,
    ],
    ids=[
        "elements",
        "tables",
        "lists",
        "objects",
        "groups",
        "bars",
        "comments",
        "pictures",
        "values",
        "open comments",
        "open drawings",
        "open scripts",
        "open pictures",
        "long words",
        "open links",
    ],
)
def test_nesting_and_repetition_cost_bounded_time(content_of):
    content = content_of()
    start = time.process_time()
    assert read(content).kind
    assert time.process_time() - start < 30
