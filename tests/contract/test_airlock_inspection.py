"""The inspection process, for real: what it sees, what it may use, and what becomes of its failures."""

from __future__ import annotations

import io
import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from orchestrator.adapters.inspection import IsolatedInspector
from orchestrator.adapters.restraint import SINGLE_THREADED
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.ports import Inspected
from tests.airlock.world import PACK, SAFE

RULES = load_pack(PACK)
SMALL = replace(RULES, resources=replace(RULES.resources, wall_seconds=5, memory_mib=256, cpu_seconds=20))


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "frozen"
    path.write_bytes(SAFE)
    path.chmod(0o400)
    return path


def hostile(tmp_path: Path, body: str) -> IsolatedInspector:
    """An inspection whose program does something else: what a parser taken over by its file could do."""
    source = tmp_path / "extra"
    source.mkdir()
    (source / "hostile.py").write_text(body)
    source.chmod(0o755)
    return IsolatedInspector(module="hostile", extra_source=source)


def incomplete(seen) -> str:
    assert [each.rule for each in seen.findings] == ["INSPECTION_INCOMPLETE"]
    assert seen.findings[0].severity == "flag"
    assert seen.kind == "unread"
    return seen.findings[0].message


def test_a_safe_file_is_inspected_and_found_safe(sample):
    seen = IsolatedInspector().inspect(sample, name="t.csv", sha256="", pack=RULES)
    assert (seen.kind, seen.findings) == ("table", ())


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (["arm", "n"], ["a", 120], ["b", 118]):
        book.active.append(row)
    hidden = book.create_sheet("secret")
    hidden.sheet_state = "veryHidden"
    hidden.append(["id", "x"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("in_a_pod", [False, True])
def test_what_leaves_is_made_anew_within_the_walls(sample, in_a_pod):
    sample.chmod(0o600)
    sample.write_bytes(workbook())
    seen = IsolatedInspector(in_a_pod=in_a_pod).inspect(sample, name="t.xlsx", sha256="", pack=RULES)
    assert seen.kind == "workbook"
    assert [(each.name, each.content) for each in seen.derived] == [("t-Sheet.csv", b"arm,n\na,120\nb,118\n")]
    [hidden] = [each for each in seen.findings if each.rule == "HIDDEN_SHEET"]
    assert hidden.severity == "flag"
    assert "removed before review" in hidden.message


@pytest.mark.parametrize("in_a_pod", [False, True])
def test_tables_of_one_request_are_attacked_together_within_the_walls(tmp_path, in_a_pod):
    inspector, files = IsolatedInspector(in_a_pod=in_a_pod), []
    for name, text in (("a.csv", "region,n\nnorth,40\nsouth,60\n"), ("b.csv", "region,n\nnorth,40\nsouth,61\n")):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o444)
        seen = inspector.inspect(path, name=name, sha256="", pack=RULES)
        files.append(Inspected(file_id=name, path=path, name=name, sha256="", kind=seen.kind, tables=seen.tables))
    found = inspector.inspect_together(files, released=[], pack=RULES)
    assert set(found) == {"a.csv", "b.csv"}
    assert "LEDGER_DIFFERENCE" in {each.rule for findings in found.values() for each in findings}


def test_a_request_that_cannot_be_checked_together_is_a_finding_on_every_file(sample, tmp_path):
    asked = [
        Inspected(file_id=name, path=sample, name=name, sha256="", kind="table", tables=({"not": "a table"},))
        for name in ("a", "b")
    ]
    found = IsolatedInspector().inspect_together(asked, released=[], pack=RULES)
    assert [[each.rule for each in found[name]] for name in ("a", "b")] == [["INSPECTION_INCOMPLETE"]] * 2
    broken = hostile(tmp_path, "raise SystemExit(1)").inspect_together(asked, released=[], pack=RULES)
    assert [[each.rule for each in broken[name]] for name in ("a", "b")] == [["INSPECTION_INCOMPLETE"]] * 2


def test_a_bad_file_is_inspected_and_found_bad(sample):
    sample.chmod(0o600)
    sample.write_bytes(b"arm,n\na,120\nb,4\n")
    seen = IsolatedInspector().inspect(sample, name="t.csv", sha256="", pack=RULES)
    assert {each.rule for each in seen.findings} == {"SMALL_COUNT"}


@pytest.mark.parametrize(
    ("case", "body"),
    [
        ("crash", "import os; os.abort()"),
        ("kill", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        ("exit without a word", "raise SystemExit(0)"),
        ("exit with a code", "print('{}'); raise SystemExit(3)"),
        ("broken JSON", "print('{\"complete\": true, \"kind\": \"table\", \"findings\": [')"),
        ("not complete", "print('{\"complete\": false, \"kind\": \"table\", \"findings\": []}')"),
        ("no kind", "print('{\"complete\": true, \"kind\": \"\", \"findings\": []}')"),
        ("unknown severity", "print('{\"complete\": true, \"kind\": \"t\", \"findings\": [{\"rule\": \"A\", "
         "\"severity\": \"fine\", \"where\": \"\", \"message\": \"\", \"guidance\": \"\"}]}')"),
        ("deep JSON", "print('[' * 100000)"),
        ("two answers", "a='{\"complete\": true, \"kind\": \"t\", \"findings\": []}'; print(a + a)"),
        ("far too much", "import sys\nwhile True: sys.stdout.write('x' * 65536)"),
        ("hang", "import time; time.sleep(600)"),
        ("hang after closing", "import os, time; os.close(1); time.sleep(600)"),
        ("busy", "while True: pass"),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_is_a_finding_and_never_clean(sample, tmp_path, case, body):
    resources = replace(SMALL.resources, wall_seconds=3)
    seen = hostile(tmp_path, body).inspect(sample, name="t.csv", sha256="", pack=replace(SMALL, resources=resources))
    assert "not inspected to its end" in incomplete(seen), case


def test_a_file_that_eats_memory_is_a_finding(sample):
    sample.chmod(0o600)
    with sample.open("wb") as file:
        file.write(b"a,b\n")
        file.truncate(200 << 20)
    tiny = replace(
        SMALL, resources=replace(SMALL.resources, memory_mib=256), limits=replace(SMALL.limits, file_bytes=1 << 30)
    )
    incomplete(IsolatedInspector().inspect(sample, name="t.csv", sha256="", pack=tiny))


def test_five_gigabytes_are_refused_without_being_read(sample):
    sample.chmod(0o600)
    with sample.open("wb") as file:
        file.write(b"a,b\n")
        file.truncate(5 << 30)
    [finding] = IsolatedInspector().inspect(sample, name="t.csv", sha256="", pack=SMALL).findings
    assert (finding.rule, finding.severity) == ("TOO_LARGE", "block")


def test_processor_time_is_limited(sample):
    sample.chmod(0o600)
    sample.write_bytes(b"a,b\n" + b"1.5,2.5\n" * 4_000_000)
    slow = replace(SMALL, resources=replace(SMALL.resources, cpu_seconds=1, wall_seconds=60))
    assert "ended early" in incomplete(IsolatedInspector().inspect(sample, name="t.csv", sha256="", pack=slow))


def test_an_ordinary_users_way_works_too(sample, monkeypatch):
    monkeypatch.setattr("orchestrator.adapters.inspection_walls.os.geteuid", lambda: 1000)
    seen = IsolatedInspector().inspect(sample, name="t.csv", sha256="", pack=RULES)
    assert (seen.kind, seen.findings) == ("table", ())


def test_a_file_that_is_a_link_is_not_followed(sample, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(sample)
    incomplete(IsolatedInspector().inspect(link, name="t.csv", sha256="", pack=RULES))


LOOK = """
import json, os, socket, sys
seen = {"environment": sorted(os.environ), "user": os.getuid(), "root": sorted(os.listdir("/"))}
seen["descriptors"] = []
for number in range(4096):
    try:
        os.fstat(number); seen["descriptors"].append(number)
    except OSError:
        pass
def attempt(what):
    try:
        what(); return "done"
    except OSError as error:
        return type(error).__name__
seen["network"] = attempt(lambda: socket.create_connection(("127.0.0.1", PORT), timeout=2))
seen["write file"] = attempt(lambda: os.write(0, b"x"))
seen["write root"] = attempt(lambda: open("/x", "w"))
seen["state"] = attempt(lambda: os.listdir("STATE"))
seen["shadow"] = attempt(lambda: open("/etc/shadow"))
seen["become root"] = attempt(lambda: os.setuid(0))
seen["processes"] = attempt(lambda: os.kill(PARENT, 0))
finding = {"rule": "SEEN", "severity": "note", "where": "", "guidance": ""}
text = json.dumps(seen)
parts = [text[i:i + 500] for i in range(0, len(text), 500)]
print(json.dumps({"complete": True, "kind": "seen", "findings": [{**finding, "message": part} for part in parts]}))
"""


def test_the_inspection_sees_its_file_and_nothing_of_the_host(sample, tmp_path, monkeypatch):
    monkeypatch.setenv("CANARY_SECRET", "x")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        port = listener.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=2).close()  # positive control: the listener answers
        body = LOOK.replace("PORT", str(port)).replace("STATE", str(tmp_path)).replace("PARENT", str(os.getpid()))
        result = hostile(tmp_path, body).inspect(sample, name="t.csv", sha256="", pack=RULES)
    seen = json.loads("".join(each.message for each in result.findings))
    assert "CANARY_SECRET" not in seen["environment"]
    own = {"LD_LIBRARY_PATH", "LC_CTYPE", "PWD", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", *SINGLE_THREADED}
    assert set(seen["environment"]) <= own
    assert not {"home", "root", "etc", "var", "proc", "run", "tmp", "work"} & set(seen["root"])
    assert len(seen["descriptors"]) == 4
    for forbidden in ("network", "write file", "write root", "state", "shadow", "processes"):
        assert seen[forbidden] != "done", forbidden
    if os.geteuid() == 0:
        assert seen["user"] != 0
        assert seen["become root"] != "done"


def test_no_bubblewrap_means_no_clean_file(sample, monkeypatch):
    monkeypatch.setattr("orchestrator.adapters.inspection_walls.bubblewrap", lambda: Path("/nowhere/bwrap"))
    incomplete(IsolatedInspector().inspect(sample, name="t.csv", sha256="", pack=RULES))
