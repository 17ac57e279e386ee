"""Terms of use, purposes, evidence and rules from the command line: the story, its exit codes, and bad files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from .conftest import LATER, TODAY, Terminal


def purpose(terminal: Terminal, text: str) -> str:
    file = terminal.state.parent / "asked.yaml"
    file.write_text(text)
    return str(file)


def test_a_purpose_is_answered_with_a_reason_for_each_code(terminal: Terminal) -> None:
    dataset = terminal.ids["north_dataset"]
    terminal.done("uses", "publish", dataset, "HMB", "GS=GB", "NCU # after review", "--yes", who="cora")
    permitted = purpose(terminal, "uses: HMB\nregions: [GB-SCT]\ncommercial: true\n")
    ran = terminal.run("uses", "answer", permitted, dataset, "--output", "json")
    assert ran.code == 7
    (found,) = ran.data
    verdicts = {each["code"]: each["verdict"] for each in found["answers"]}
    assert found["verdict"] == "not permitted"
    assert verdicts == {"DUO:0000006": "permitted", "DUO:0000022": "permitted", "DUO:0000046": "not permitted"}
    terminal.done("uses", "publish", dataset, "HMB", "--yes")
    assert terminal.done("uses", "answer", permitted, dataset)[0]["verdict"] == "permitted"
    assert len(terminal.done("uses", "list", dataset)) == 3
    table = terminal.run("uses", "answer", permitted, dataset)
    assert table.code == 0
    assert "permitted" in table.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("uses: [XYZ]\n", "no kind of use"),
        ("aim: [HMB]\n", "no field of a purpose"),
        ("months: many\n", "whole number"),
        ("commercial: perhaps\n", "yes or no"),
        ("publishes_from: soon\n", "as a day"),
        ("diseases: {a: b}\n", "list of texts"),
        ("[]", "fields by name"),
        ("a: b: c", "cannot be read"),
    ],
)
def test_a_purpose_that_cannot_be_read_is_told_by_field(terminal: Terminal, text: str, said: str) -> None:
    ran = terminal.run("uses", "answer", purpose(terminal, text), terminal.ids["north_dataset"])
    assert ran.code == 2
    assert said in ran.err


def test_diseases_are_imported_and_answered_by(terminal: Terminal, tmp_path: Path) -> None:
    dataset = terminal.ids["north_dataset"]
    terminal.done("uses", "publish", dataset, "DS=MONDO:0045024", "--yes", who="cora")
    asked = purpose(terminal, "uses: [DS]\ndiseases: [MONDO:0005105]\n")
    assert terminal.run("uses", "answer", asked, dataset, "--output", "json").data[0]["verdict"] == "needs a person"
    table = tmp_path / "mondo.csv"
    table.write_text("code,label,parents\nMONDO:0045024,cancer,\nMONDO:0005105,melanoma,MONDO:0045024\n")
    made = terminal.done("disease", "import", str(table), "--version", "2026-11", "--yes", who="ada")
    assert (made["vocabulary"], made["terms"]) == ("MONDO", 2)
    assert terminal.done("uses", "answer", asked, dataset)[0]["verdict"] == "permitted"
    table.write_text("code,label,parents\nMONDO:1,a,MONDO:2\nMONDO:2,b,MONDO:1\n")
    ran = terminal.run("disease", "import", str(table), "--version", "x", "--yes")
    assert ran.code == 2
    assert "circle" in ran.err


def test_evidence_is_compared_with_the_document_and_the_rules_follow(terminal: Terminal, tmp_path: Path) -> None:
    north, project = terminal.ids["north"], terminal.ids["project"]
    terms = tmp_path / "terms.txt"
    terms.write_text("Bring an assessment.\n")
    words = ("terms", "publish", north, str(terms), "--until", LATER, "--evidence", "dpia", "--yes")
    assert terminal.done(*words, who="cora")["evidence"] == ["dpia"]
    ran = terminal.run("project", "rules", project, "--output", "json", who="ada")
    assert ran.code == 7
    trouble = {each["rule"]: each["trouble"] for each in ran.data["rules"]}
    assert "bring it" in trouble["evidence:dpia"]
    assert terminal.run("evidence", "required", terminal.ids["application"]).code == 7
    document = tmp_path / "dpia.pdf"
    document.write_bytes(b"%PDF assessed")
    words = ("--reference", "D-9", "--from", str(TODAY), "--until", LATER, "--file", str(document))
    piece = terminal.done("evidence", "record", terminal.ids["application"], "dpia", *words, who="rex")
    assert piece["file_sha256"] == hashlib.sha256(b"%PDF assessed").hexdigest()
    identifier = piece["evidence_id"]
    assert identifier in terminal.run("evidence", "list", "--waiting", "-o", "name", who="ada").out.split()
    document.write_bytes(b"%PDF another")
    ran = terminal.run("evidence", "verify", identifier, "--file", str(document), "--yes")
    assert ran.code == 2
    assert "not the document" in ran.err
    document.write_bytes(b"%PDF assessed")
    assert terminal.done("evidence", "verify", identifier, "--file", str(document), "--yes")["state"] == "verified"
    assert terminal.run("evidence", "required", terminal.ids["application"]).code == 0
    assert terminal.run("project", "rules", project).code == 0


def test_a_key_is_made_and_grants_are_signed(terminal: Terminal, tmp_path: Path) -> None:
    key = tmp_path / "visas.pem"
    assert terminal.run("visa", "make-key", str(key)).code == 0
    settings = terminal.state / "tre.yaml"
    kept = settings.read_text() if settings.exists() else ""
    settings.write_text(f"{kept}\nvisas:\n  key_file: {key}\n")
    for custodian in ("north", "south"):
        terminal.done("terms", "accept", terminal.ids[custodian], "1", "--yes", who="rex")
    assert len(terminal.run("visa", "issue", "-o", "name").out.split()) == 2
    assert terminal.done("visa", "keys")["keys"][0]["crv"] == "P-256"
    key.chmod(0o644)
    ran = terminal.run("visa", "issue")
    assert ran.code == 2
    assert "600" in ran.err


@pytest.mark.parametrize("content", ["{", '{"ga4gh_passport_v1": 3}', "{}", ""])
def test_a_file_that_is_no_passport_is_told(terminal: Terminal, tmp_path: Path, content: str) -> None:
    file = tmp_path / "passport.json"
    file.write_text(content)
    assert terminal.run("visa", "accept", str(file), who="rex").code == 2
