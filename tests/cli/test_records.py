"""Proofs, keys, heads and release records, as a stranger checks them with files alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rfc8785

from orchestrator.airlock.release import documents
from orchestrator.assembly import open_house
from orchestrator.audit.fakes import FakeSigner
from orchestrator.core.events import Json
from orchestrator.settings import load_settings

from .conftest import Terminal


@pytest.fixture
def signer() -> FakeSigner:
    return FakeSigner()


@pytest.fixture
def signed(terminal: Terminal, signer: FakeSigner) -> Terminal:
    """An installation whose log has a signed head."""
    house = open_house(load_settings(terminal.state))
    house.audit.sign_head(signer)
    house.record.engine.dispose()
    terminal.sign_in("ada")
    return terminal


def _kept(terminal: Terminal, *words: str) -> Path:
    file = terminal.state.parent / f"{words[1]}.json"
    file.write_text(terminal.run(*words, "--output", "json").out)
    return file


def test_a_kept_key_and_head_verify_the_log(signed: Terminal) -> None:
    keys, head = _kept(signed, "audit", "keys"), _kept(signed, "audit", "head")
    found = signed.done("audit", "verify", "--keys", str(keys), "--head", str(head))
    assert found["sound"] is True
    assert found["heads"] == 1


def test_a_kept_head_shows_that_entries_are_missing(signed: Terminal) -> None:
    keys, head = _kept(signed, "audit", "keys"), _kept(signed, "audit", "head")
    body = json.loads(head.read_text())
    head.write_text(json.dumps({**body, "size": body["size"] + 100}))
    found = signed.run("audit", "verify", "--keys", str(keys), "--head", str(head), "-o", "json")
    assert found.code == 7
    assert {"entries-missing"} <= {finding["rule"] for finding in found.data["findings"]}


def test_another_key_verifies_nothing(signed: Terminal) -> None:
    keys = _kept(signed, "audit", "keys")
    other = FakeSigner().public_keys()[1]
    import base64

    keys.write_text(json.dumps([{"version": 1, "key": base64.b64encode(other).decode()}]))
    assert signed.run("audit", "verify", "--keys", str(keys)).code == 7


def test_an_entry_is_proved(signed: Terminal) -> None:
    proof = signed.done("audit", "prove", "0")
    assert json.loads(proof["entry"])["position"] == 0
    assert proof["head"]["size"] > 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '[{"version": 1, "key": "AAAA"}]', '[{"version": "x"}]', "\x00"])
def test_keys_that_are_none_are_usage(signed: Terminal, content: str) -> None:
    file = signed.state.parent / "keys.json"
    file.write_text(content)
    assert signed.run("audit", "verify", "--keys", str(file)).code == 2
    assert signed.run("audit", "verify", "--keys", str(file.parent)).code == 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"origin": 1, "size": "x"}'])
def test_heads_that_are_none_are_usage(signed: Terminal, content: str) -> None:
    file = signed.state.parent / "head.json"
    file.write_text(content)
    assert signed.run("audit", "verify", "--head", str(file)).code == 2


def _record(signer: FakeSigner, file: Path) -> bytes:
    import hashlib

    content = file.read_bytes()
    vote: dict[str, Json] = {"file": "f", "choice": "approve", "binding": "b"}
    record: dict[str, Json] = {
        "schema": documents.SCHEMA,
        "author": "author",
        "files": [
            {"file": "f", "sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "binding": "b",
             "verdict": "pass"}
        ],
        "reviews": [{"checker": name, "votes": [vote]} for name in ("kim", "lee")],
        "policy": {"checkers_needed": 2},
        "custodians": [],
    }  # fmt: skip
    return documents.signed(record, signer)


def test_a_released_file_is_verified_offline(tmp_path: Path, signed: Terminal, signer: FakeSigner) -> None:
    keys = _kept(signed, "audit", "keys")
    table, record = tmp_path / "table.csv", tmp_path / "record.json"
    table.write_text("stage,people\nI,120\n")
    record.write_bytes(_record(signer, table))
    words = ("release", "verify", str(record), str(table), "--keys", str(keys))
    signed.state = tmp_path / "no installation is needed"
    assert signed.done(*words)["holds"] is True
    table.write_text("stage,people\nI,121\n")
    changed = signed.run(*words, "--output", "json")
    assert changed.code == 7
    assert "not among the released files" in changed.data["problems"][0]


def test_a_changed_record_does_not_hold(tmp_path: Path, signed: Terminal, signer: FakeSigner) -> None:
    keys = _kept(signed, "audit", "keys")
    table, record = tmp_path / "table.csv", tmp_path / "record.json"
    table.write_text("stage,people\nI,120\n")
    whole = json.loads(_record(signer, table))
    whole["record"]["author"] = "somebody"
    record.write_bytes(rfc8785.dumps(whole))
    assert signed.run("release", "verify", str(record), "--keys", str(keys)).code == 7
    for content in (b"", b"{}", b"\xff\xfe", b"[[" * 9999):
        record.write_bytes(content)
        assert signed.run("release", "verify", str(record), "--keys", str(keys)).code == 7
    assert signed.run("release", "verify", str(tmp_path / "none"), "--keys", str(keys)).code == 2
