"""Archives, pickles and models never pass silently, and looking into them runs and unpacks nothing that could harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import time
import zipfile

import numpy
import pytest

from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.reading.made import flagged, overlapping, parquet, read, rules, workbook, zipped


def tar(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    return out.getvalue()


def renamed() -> bytes:
    """A zip whose directory names a part otherwise than the part itself."""
    plain = zipped({"aaaa.csv": b"x"})
    at = plain.find(b"aaaa.csv")
    return plain[:at] + b"bbbb.csv" + plain[at + 8 :]


def between() -> bytes:
    first, second = io.BytesIO(), zipped({"b.csv": b"2"})
    with zipfile.ZipFile(first, "w") as archive:
        archive.writestr("a.csv", b"1")
    body = first.getvalue()
    directory = body.find(b"PK\x01\x02")
    made = body[:directory] + b"HIDDEN ROWS 61,F" * 4 + body[directory:]
    end = made.rfind(b"PK\x05\x06")
    start = directory + 64
    assert second
    return made[: end + 16] + start.to_bytes(4, "little") + made[end + 20 :]


class Runs:
    def __reduce__(self):
        return (print, ("this must never be printed",))


THREATS = {
    "overlapping parts": (overlapping, "OVERLAPPING_ARCHIVE"),
    "a bomb": (lambda: zipped({"a": b"0" * (40 << 20)}), "ARCHIVE_BOMB"),
    "a name that leads out": (lambda: zipped({"../../etc/passwd": b"x"}), "ARCHIVE_PATHS"),
    "an absolute name": (lambda: zipped({"/etc/passwd": b"x"}), "ARCHIVE_PATHS"),
    "a name of another system": (lambda: zipped({"..\\..\\x": b"x"}), "ARCHIVE_PATHS"),
    "two parts of one name": (lambda: zipped({"a.csv": b"1", "A.CSV": b"2"}), "ARCHIVE_PATHS"),
    "a part of two names": (renamed, "ARCHIVE_PATHS"),
    "a zip in a zip": (lambda: zipped({"inner": zipped({"a.csv": b"1"})}), "NESTED_ARCHIVE"),
    "a pickle in a zip": (lambda: zipped({"inner": pickle.dumps(Runs())}), "PICKLE"),
    "bytes between the parts": (between, "TRAILING_BYTES"),
    "bytes after a zip": (lambda: zipped({"a.csv": b"1"}) + b"rows" * 9, "TRAILING_BYTES"),
    "a directory cut off": (lambda: zipped({"a.csv": b"1" * 99})[:60], "INSPECTION_INCOMPLETE"),
    "a pickle": (lambda: pickle.dumps(Runs()), "PICKLE"),
    "a packed pickle": (lambda: gzip.compress(pickle.dumps({"a": 1})), "PICKLE"),
    "a zip in gzip": (lambda: gzip.compress(zipped({"a": b"1"})), "NESTED_ARCHIVE"),
    "a tar in bzip2": (lambda: bz2.compress(tar("a.csv")), "NESTED_ARCHIVE"),
    "r data in xz": (lambda: lzma.compress(b"RDX3\nX\n\x00\x00"), "DATA_FILE"),
    "a tar that leads out": (lambda: tar("a.csv", "../b.csv"), "ARCHIVE_PATHS"),
    "a model of torch": (lambda: zipped({"model/data.pkl": pickle.dumps(1), "model/version": b"3"}), "MODEL_FILE"),
    "arrays": (lambda: _saved(numpy.arange(9)), "DATA_FILE"),
    "stata": (lambda: b"<stata_dta><header>", "DATA_FILE"),
    "spss": (lambda: b"$FL2@(#) SPSS", "DATA_FILE"),
    "onnx": (lambda: b"\x08\x08\x12\x07pytorch\x1a\x03", "MODEL_FILE"),
    "safetensors": (lambda: b"\x10\x00\x00\x00\x00\x00\x00\x00" + b'{"w": {"dtype"}}', "MODEL_FILE"),
    "hdf5": (lambda: b"\x89HDF\r\n\x1a\n" + b"\x00" * 64, "MODEL_FILE"),
    "unknown bytes": (lambda: b"\x00\x01\x02\x03" * 20, "INSPECTION_INCOMPLETE"),
}


def _saved(array) -> bytes:
    out = io.BytesIO()
    numpy.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize("case", THREATS)
def test_what_is_packed_is_said_and_nothing_of_it_runs(case, capsys):
    make, rule = THREATS[case]
    assert rule in flagged(make())
    assert capsys.readouterr().out == ""


def test_an_ordinary_zip_has_no_finding_but_its_list():
    found = read(zipped({"a.csv": b"arm,n\na,120\n", "b/c.txt": b"words"}))
    assert found.kind == "zip"
    assert [(finding.rule, finding.message) for finding in found.findings] == [
        ("ARCHIVE_CONTENT", "It holds 2 parts: a.csv, b/c.txt.")
    ]


def test_a_zip_written_in_a_stream_is_no_suspicious_one():
    out = io.BytesIO()

    class Pipe:
        def write(self, data):
            return out.write(data)

        def flush(self):
            """Nothing waits."""

    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"arm,n\na,120\n")
        archive.writestr("b.csv", b"arm,n\na,120\n")
    assert rules(out.getvalue()) == {"ARCHIVE_CONTENT"}


@pytest.mark.timeout(200)
def test_few_bytes_that_stand_for_gigabytes_are_refused_at_once():
    bomb = overlapping(entries=1_000, size=10_500_000)
    assert len(bomb) < 80_000
    start = time.process_time()
    assert {"OVERLAPPING_ARCHIVE", "ARCHIVE_BOMB"} <= flagged(bomb)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (workbook(), "workbook"),
        (parquet(), "parquet"),
        (zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "word-document"),
        (zipped({"[Content_Types].xml": b"", "ppt/presentation.xml": b""}), "presentation"),
        (zipped({"a.npy": b"", "b.npy": b""}), "numpy"),
        (zipped({"archive/data.pkl": b""}), "model"),
        (zipped({"a.csv": b""}), "zip"),
    ],
)
def test_a_zip_is_told_by_its_parts_and_not_by_its_name(content, kind):
    for name in ("a.csv", "a.xlsx", "a"):
        assert Specimen.of(content, name).kind == kind
