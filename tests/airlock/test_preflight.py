"""What researchers run before submitting: the real client and entrance, the same engine, nothing kept."""

from __future__ import annotations

import json
from dataclasses import replace

import openpyxl
import pytest

from orchestrator.airlock.fakes import FakeInspector
from orchestrator.airlock.intake.preflight import Preflight
from orchestrator.airlock.store import select_ids
from orchestrator.audit.store import EntryRow
from tests.airlock.test_intake import entrance, running, tre_airlock  # noqa: F401
from tests.airlock.world import SAFE

pytestmark = pytest.mark.usefixtures("entrance")
SMALL = b"arm,n\nplacebo,120\ntreated,4\n"


@pytest.fixture
def checking(entrance):  # noqa: F811 - the fixture of that name
    """The entrance with the checks behind it, in place of the one without."""
    (entrance.live.directory / "intake.sock").unlink()
    entrance.live = replace(entrance.live, directory=entrance.live.directory.with_name("k"))
    entrance.sessions.sessions[:] = [entrance.live]
    with running(entrance, entrance.desk.pack.limits, preflight=Preflight(entrance.desk, FakeInspector())):
        yield entrance


def put(tmp_path, **files: bytes) -> list[str]:
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_bytes(content)
    return [f"{name}.csv" for name in files]


@pytest.mark.parametrize(
    ("files", "code", "verdict"),
    [
        ({"safe": SAFE}, 0, "pass"),
        ({"safe": SAFE, "small": SMALL}, 7, "flag"),
        ({"bad": b"\x80\x04pickle"}, 5, "block"),
    ],
)
def test_the_verdict_is_the_exit_code_and_nothing_is_kept(checking, tmp_path, files, code, verdict):
    done = tre_airlock(checking, "check", *put(tmp_path, **files), "--output", "json", cwd=tmp_path)
    assert done.returncode == code, done.stderr
    answer = json.loads(done.stdout)
    assert answer["verdict"] == verdict
    assert [file["path"] for file in answer["files"]] == [f"{name}.csv" for name in files]
    with checking.record.read() as session:
        assert select_ids(session) == []
        kinds = [row.kind for row in session.query(EntryRow)]
    assert kinds == ["results.checked"]
    assert list((checking.desk.frozen.directory / "incoming").iterdir()) == []
    assert not any(path.is_file() for path in (checking.desk.frozen.directory / "frozen").rglob("*"))


def test_it_says_what_was_found_and_what_to_do(checking, tmp_path):
    done = tre_airlock(checking, "check", *put(tmp_path, small=SMALL), cwd=tmp_path)
    assert "small.csv: needs a look" in done.stdout
    assert "SMALL_COUNT" in done.stdout
    assert "nothing was submitted" in done.stdout


def test_what_the_project_released_before_counts(checking, tmp_path):
    checking.released({"table.csv": b"region,n\nnorth,40\nsouth,60\n"})
    files = put(tmp_path, new=b"region,n\nnorth,40\nsouth,61\n")
    done = tre_airlock(checking, "check", *files, "--output", "json", cwd=tmp_path)
    [file] = json.loads(done.stdout)["files"]
    assert "LEDGER_DIFFERENCE" in {each["rule"] for each in file["findings"]}


def test_only_members_may_check(checking, tmp_path):
    checking.governance.members[checking.project] = frozenset()
    done = tre_airlock(checking, "check", *put(tmp_path, safe=SAFE), cwd=tmp_path)
    assert done.returncode == 4
    assert "member" in done.stderr


def test_a_bad_header_is_refused_in_words(checking):
    from orchestrator.airlock import client

    address = str(checking.live.directory / "intake.sock")
    for files in ([], "x", [{"name": 3}], [{"name": "../x"}], [{"name": "a"}, {"name": "A"}]):
        with pytest.raises(client.Problem) as told:
            client.ask(address, {"protocol": 1, "action": "check", "files": files})
        assert told.value.code == 2


def test_an_airlock_that_is_busy_says_so(checking, tmp_path):
    preflight = Preflight(checking.desk, FakeInspector())
    with running(checking, checking.desk.pack.limits, preflight=preflight):
        assert preflight._room.acquire(blocking=False)
        assert preflight._room.acquire(blocking=False)
        done = tre_airlock(checking, "check", *put(tmp_path, safe=SAFE), cwd=tmp_path)
    assert done.returncode == 6
    assert "in a minute" in done.stderr


def test_what_is_found_in_every_file_made_from_one_is_told(checking, tmp_path):
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("second")):
        for row in (["arm", "n"], ["a", 120], ["b", 4]):
            sheet.append(row)
    book.create_sheet("hidden").sheet_state = "hidden"
    book.save(tmp_path / "t.xlsx")
    done = tre_airlock(checking, "check", "t.xlsx", "--output", "json", cwd=tmp_path)
    [file] = json.loads(done.stdout)["files"]
    assert file["leaves_as"] == ["t-Sheet.csv", "t-second.csv"]
    small = [each["where"].split(",")[0] for each in file["findings"] if each["rule"] == "SMALL_COUNT"]
    assert small == ["t-Sheet.csv", "t-second.csv"]
    assert [each["where"] for each in file["findings"] if each["rule"] == "HIDDEN_SHEET"] == [
        "as submitted: hidden sheet “hidden”"
    ]
