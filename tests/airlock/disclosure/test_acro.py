"""ACRO's notes are claims: held against the request's own files, never a verdict, and never released."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.acro import check_bundle, claims, read_bundle, supporting
from orchestrator.airlock.checks import run
from orchestrator.airlock.checks.models import across
from orchestrator.airlock.model import Severity
from orchestrator.airlock.reading.specimen import Specimen
from orchestrator.airlock.rules import verdict_of
from tests.airlock.disclosure.bundles import CONFIG, CROSSTAB, SUMMARY, bundle, ordinary, output, results
from tests.airlock.disclosure.findings import PACKS

SDAP = PACKS["sdap"]


def checked(files: dict[str, Specimen]) -> dict[str, dict[str, Severity]]:
    """Return rules with their severity by file, as the whole request is checked."""
    rules = {name: {each.rule for each in run(file, SDAP)} for name, file in files.items()}
    found = check_bundle(files, rules)
    return {name: {each.rule: each.severity for each in findings} for name, findings in found.items()}


def named(*names: str, status: str = "pass") -> dict[str, dict[str, Severity]]:
    """Check a bundle whose notes name these files, of which only ``t.csv`` is in the request."""
    return checked(bundle(results(output("output_0", *names, status=status)), {"t.csv": CROSSTAB}))


def test_a_bundle_is_read_as_claims():
    files = ordinary()
    read = read_bundle(files)
    assert read is not None
    assert (read.version, read.problems) == ("1.0.2", ())
    assert [(each.uid, each.status, len(each.files)) for each in read.outputs] == [
        ("output_0", "review", 1), ("output_1", "pass", 1), ("output_2", "pass", 2),
        ("summary-DONT_RELEASE", "review", 1),
    ]  # fmt: skip
    assert read.outputs[0].files[0].zeros == ((3, 0),)
    held, problems = claims(read, set(files))
    assert problems == []
    assert {"output_0_0.csv", "output_2_1.csv"} <= set(held)


def test_the_gap_between_acro_and_our_checks_is_told():
    found = checked(ordinary())
    assert found["output_1_0.csv"]["ACRO_CLAIM_DISAGREES"] is Severity.FLAG
    assert "ACRO_CLAIM_DISAGREES" not in found["output_0_0.csv"]
    assert found["output_0_0.csv"]["ACRO_NOT_PASSED"] is Severity.FLAG
    assert found["output_0_0.csv"]["ACRO_EXCEPTION"] is Severity.NOTE
    assert "session_summary.csv" not in found


def test_a_claim_of_pass_takes_no_finding_away():
    files = bundle(results(output("output_0", "t.csv")), {"t.csv": "arm,n\na,120\nb,4\n"})
    own = run(files["t.csv"], SDAP)
    assert verdict_of(own) == "flag"
    assert all(each.severity is not Severity.BLOCK for each in check_bundle(files, {})["t.csv"])
    assert verdict_of([*own, *check_bundle(files, {"t.csv": {each.rule for each in own}})["t.csv"]]) == "flag"


def test_one_person_in_a_regression_that_acro_passes_is_found():
    (finding,) = across(ordinary(), SDAP)["output_2_1.csv"]
    assert (finding.rule, finding.severity) == ("ONE_PERSON_TERM", Severity.FLAG)
    assert "row 4 (flag)" in finding.where


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../t.csv",
        "..",
        "a/../../t.csv",
        "C:\\t.csv",
        "..\\t.csv",
        "a/t.csv",
        "t.csv\n",
        "\\\\host\\t.csv",
        "C:t",
    ],
)
def test_a_name_that_leads_out_is_a_finding_and_opens_nothing(name):
    found = named(name)
    assert found["results.json"]["ACRO_NAME_OUTSIDE"] is Severity.FLAG
    assert "ACRO_CLAIM" not in found.get("t.csv", {})


def test_a_name_that_is_not_in_the_request_is_a_finding():
    found = named("t.csv", "u.csv")
    assert found["results.json"] == {"ACRO_FILE_MISSING": Severity.FLAG}
    assert found["t.csv"]["ACRO_CLAIM"] is Severity.NOTE


def test_the_gravest_of_two_claims_on_one_file_counts():
    notes = results(
        output("output_0", "t.csv"), output("output_1", "t.csv", status="fail"), output("output_2", "t.csv")
    )
    assert "ACRO_NOT_PASSED" in checked(bundle(notes, {"t.csv": CROSSTAB}))["t.csv"]


def test_a_file_that_acro_did_not_write_is_told():
    files = ordinary()
    files["output_1_0.csv"] = Specimen.of(b"arm,n\na,120\n", "output_1_0.csv")
    files["more.csv"] = Specimen.of(b"arm,n\na,120\n", "more.csv")
    del files["output_0_0.csv.txt"]
    found = checked(files)
    assert found["output_1_0.csv"]["ACRO_CHECKSUM_DIFFERS"] is Severity.FLAG
    assert found["output_0_0.csv"]["ACRO_CHECKSUM_MISSING"] is Severity.NOTE
    assert found["more.csv"] == {"ACRO_NOT_LISTED": Severity.NOTE}
    assert "ACRO_CHECKSUM_DIFFERS" not in found["output_2_0.csv"]


def test_a_digest_from_the_freezing_is_compared_where_bytes_cannot_be_read():
    files = ordinary()
    del files["output_1_0.csv"]
    found = check_bundle(files, {"output_1_0.csv": ()}, {"output_1_0.csv": "0" * 64})
    assert "ACRO_CHECKSUM_DIFFERS" in {each.rule for each in found["output_1_0.csv"]}


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("results.json", json.dumps(results(output("output_0", "t.csv"))), "the notes (results.json)"),
        ("table1.json", json.dumps(results(output("output_0", "t.csv"))), "the notes (results.json)"),
        ("anything.json", json.dumps(CONFIG), "the settings (config.json)"),
        ("t.csv.txt", "0a" * 32, "a checksum"),
        ("s.csv", SUMMARY, "the summary of a session"),
        (
            "s.json",
            json.dumps({"metadata": {"total_outputs": 1, "status_counts": {}}, "outputs": []}),
            "the summary of a session",
        ),
        (
            "e.json",
            json.dumps({"version": "1", "outputs": {"o": {"interim_tables": {}}}}),
            "the evidence (evidence.json)",
        ),
    ],
)
def test_helper_files_never_leave_whatever_their_name(name, content, what):
    file = Specimen.of(content.encode(), name)
    assert supporting(file) == what
    assert {each.rule: each.severity for each in run(file, SDAP)}["ACRO_HELPER_FILE"] is Severity.BLOCK


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", '{"seed": 3, "folds": 10}'),
        ("results.json", '{"coefficients": {"age": 0.25}, "n": 240}'),
        ("results.json", '{"version": "3", "results": [1.5, 2.5]}'),
        ("t.csv", CROSSTAB),
        ("notes.txt", "The table was checked with ACRO.\n"),
    ],
)
def test_other_files_of_the_same_name_are_no_helper_files(name, content):
    assert supporting(Specimen.of(content.encode(), name)) is None


def test_that_the_notes_tell_which_hidden_cells_are_zeros_is_said():
    (finding,) = [each for each in run(ordinary()["results.json"], SDAP) if each.rule == "ACRO_ZEROS_TOLD"]
    assert finding.severity is Severity.BLOCK
    assert "output_0_0.csv" in finding.where
    assert "exact zeros" in finding.message


@pytest.mark.parametrize("version", ["0.4.0", "0.4.12", "0.5.1", "1.0.0", "1.0.2", "1.0.9"])
def test_versions_from_0_4_to_1_0_are_known(version):
    entry = output("output_0", "t.csv")
    for key in ("fair", "exception", "comments"):
        entry.pop(key)
    notes = results(entry, version=version) | {"new": {"key": 1}}
    notes.pop("tool")
    read = read_bundle(bundle(notes, {"t.csv": CROSSTAB}))
    assert read is not None
    assert (read.problems, read.outputs[0].files[0].name) == ((), "t.csv")


@pytest.mark.parametrize(
    ("notes", "problem"),
    [
        (results(output("output_0", "t.csv"), version="2.1.0"), "version “2.1.0”"),
        (results(output("output_0", "t.csv", status="fine")), "status of “output_0”"),
        (results(output("output_0", "t.csv") | {"files": "t.csv"}), "files of “output_0”"),
        (results(output("output_0", "t.csv") | {"files": [{"sdc": {}}]}), "has no name"),
        (results(*(output(f"o{index}", "t.csv") for index in range(2_001))), "more than 2000 outputs"),
        ({"version": "1.0.2", "tool": {"name": "ACRO"}, "results": [1]}, "form of results.json"),
    ],
    ids=["version", "status", "files", "name", "many", "form"],
)
def test_notes_that_do_not_follow_the_form_are_told(notes, problem):
    files = bundle(notes, {"t.csv": CROSSTAB})
    read = read_bundle(files)
    assert read is not None
    assert any(problem in each for each in read.problems)
    (finding,) = [each for each in check_bundle(files, {})["results.json"] if each.rule == "ACRO_UNREADABLE"]
    assert problem in finding.message


def test_words_of_the_notes_are_bounded_and_printable():
    entry = output("u" * 5_000, "t.csv", exception="please\u202e" + "x" * 9_000, status="fail", command="\x00" * 9_000)
    files = bundle(results(entry), {"t.csv": CROSSTAB})
    for each in check_bundle(files, {})["t.csv"]:
        assert (each.where + each.message + each.guidance).isprintable()
        assert len(each.message) < 1_000


def test_a_request_without_notes_has_nothing_to_claim():
    assert check_bundle({"t.csv": Specimen.of(CROSSTAB.encode(), "t.csv")}, {}) == {}
    assert read_bundle({}) is None


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["uid", "status", "type", "files", "fair", "comments", "exception"]), plain), plain
)
def test_no_notes_make_the_reading_fail(entry: dict[str, Any], version: Any):
    notes = {"version": version, "tool": {"name": "ACRO"}, "results": {"output_0": entry}}
    files = bundle(notes, {"t.csv": CROSSTAB}, checksums=False)
    for findings in check_bundle(files, {"t.csv": ()}).values():
        assert all((each.where + each.message).isprintable() for each in findings)
    assert "ACRO_HELPER_FILE" in {each.rule for each in run(files["results.json"], SDAP)}
