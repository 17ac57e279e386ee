"""The intake over real sockets, spoken to by the real client and by hostile ones."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.airlock import client
from orchestrator.airlock.intake.listening import Intake, IntakeTimes
from orchestrator.airlock.model import State
from orchestrator.airlock.store import select_ids
from orchestrator.core.ids import new_id
from tests.airlock.world import SAFE

CLIENT = Path(client.__file__)


def wait_for(condition, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def entrance(world):
    """A running intake in a directory short enough for a socket; yields the world with it as ``intake``."""
    import shutil
    import tempfile

    directory = Path(tempfile.mkdtemp(prefix="in-", dir="/tmp"))
    world.live = replace(world.live, directory=directory / "i")
    world.sessions.sessions[:] = [world.live]
    with running(world, world.desk.pack.limits) as world.intake:
        yield world
    shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def running(world, limits, **options):
    stop = threading.Event()
    times = options.pop("times", IntakeTimes(idle=60, total=90, look=0.02, turn=60))
    intake = Intake(world.service.submissions, world.desk.frozen, world.sessions, limits, times=times, **options)
    thread = threading.Thread(target=intake.run, args=(stop,))
    thread.start()
    try:
        wait_for((world.live.directory / "intake.sock").exists)
        yield intake
    finally:
        stop.set()
        thread.join(90)
        assert not thread.is_alive()


def address(world) -> str:
    return str(world.live.directory / "intake.sock")


def tre_airlock(world, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", str(CLIENT), "--socket", address(world), *arguments],
        check=False, capture_output=True, text=True, timeout=120, cwd=cwd,
    )  # fmt: skip


def kept(world) -> list[str]:
    with world.record.read() as session:
        return select_ids(session)


def nothing_kept(world) -> bool:
    store = world.desk.frozen.directory
    return not kept(world) and not list((store / "incoming").iterdir()) and not list((store / "frozen").rglob("??/*"))


class Raw:
    """A hostile client: any frames in any order."""

    def __init__(self, world) -> None:
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.settimeout(90)
        self.connection.connect(address(world))

    def send(self, letter: bytes, payload: bytes = b"") -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.sendall(letter + struct.pack(">I", len(payload)) + payload)

    def header(self, *names: str, **changes: object) -> None:
        files = [{"name": name, "context": "why"} for name in names]
        self.send(
            b"H", json.dumps({"protocol": 1, "action": "submit", "title": "t", "files": files, **changes}).encode()
        )

    def file(self, content: bytes, **changes: object) -> None:
        self.send(b"D", content)
        said = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), **changes}
        self.send(b"E", json.dumps(said).encode())

    def answer(self) -> dict:
        head = self.connection.recv(5, socket.MSG_WAITALL)
        if not head:
            return {}
        received = self.connection.recv(struct.unpack(">I", head[1:])[0], socket.MSG_WAITALL)
        self.connection.close()
        return json.loads(received)


def test_what_the_client_sends_is_what_is_frozen(entrance, tmp_path):
    (tmp_path / "a.csv").write_bytes(SAFE)
    (tmp_path / "big.txt").write_bytes(os.urandom(3_000_000).hex().encode())
    done = tre_airlock(
        entrance, "submit", "a.csv", "big.txt", "--title", "Ages", "--context", "rounded to 5", "--context",
        "big.txt=a random text", "--output", "json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    submission = entrance.service.submissions.mine(entrance.actor(entrance.author))[0]
    assert submission.submission_id == answer["submission"]
    assert [file.context for file in submission.files] == ["rounded to 5", "a random text"]
    for file in submission.files:
        assert entrance.desk.frozen.path(file.sha256).read_bytes() == (tmp_path / file.name).read_bytes()
    status = tre_airlock(entrance, "status")
    assert (status.returncode, "frozen" in status.stdout) == (0, True)


def test_a_file_changed_after_submission_changes_nothing(entrance, tmp_path):
    (tmp_path / "a.csv").write_bytes(SAFE)
    assert tre_airlock(entrance, "submit", "a.csv", "--title", "t", "--context", "w", cwd=tmp_path).returncode == 0
    (tmp_path / "a.csv").write_bytes(b"arm,n\nx,1\n")
    submission = entrance.service.submissions.mine(entrance.actor(entrance.author))[0]
    assert entrance.desk.frozen.path(submission.files[0].sha256).read_bytes() == SAFE


def _link(path: Path) -> None:
    path.with_name("target").write_bytes(SAFE)
    path.symlink_to("target")


def _hard_link(path: Path) -> None:
    path.with_name("target").write_bytes(SAFE)
    path.hardlink_to(path.with_name("target"))


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def _giant(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


PLANTED = {
    "link": _link,
    "dangling link": lambda path: path.symlink_to("/nowhere"),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "link to memory": lambda path: path.symlink_to("/proc/self/mem"),
    "hard link": _hard_link,
    "pipe": os.mkfifo,
    "socket": _socket,
    "sparse giant": _giant,
}


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("how", ["named", "in a folder"])
def test_the_client_refuses_what_is_no_ordinary_file_and_says_why(entrance, tmp_path, kind, how):
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    os.chdir(outbox)
    PLANTED[kind](Path("result.csv"))
    target = "result.csv" if how == "named" else "."
    done = tre_airlock(entrance, "submit", target, "--title", "t", "--context", "w", cwd=outbox)
    os.chdir("/")
    assert done.returncode in (2, 3)
    assert "tre-airlock: " in done.stderr
    assert "Traceback" not in done.stderr
    assert nothing_kept(entrance)


def test_the_client_says_what_is_missing(entrance, tmp_path):
    (tmp_path / "a.csv").write_bytes(SAFE)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.csv").write_bytes(SAFE)
    for arguments, words in (
        (("submit", "a.csv", "--title", "t"), "why"),
        (("submit", "absent.csv", "--title", "t", "--context", "w"), "no file"),
        (("submit", "a.csv", "d", "--title", "t", "--context", "w"), "two files"),
        (("submit", "a.csv", "--title", "t", "--context", "other.csv=x"), "not among"),
        (("submit", "a.csv", "--title", "\x07", "--context", "w"), "title"),
        (("submit", "a.csv", "--title", "t", "--context", "w", "--replaces", "x"), "identifier"),
    ):
        done = tre_airlock(entrance, *arguments, cwd=tmp_path)
        assert done.returncode in (2, 3), done.stderr
        assert words in done.stderr
    assert nothing_kept(entrance)


def test_the_client_says_when_the_airlock_is_not_there(world, tmp_path):
    (tmp_path / "a.csv").write_bytes(SAFE)
    done = tre_airlock(world, "submit", "a.csv", "--title", "t", "--context", "w", cwd=tmp_path)
    assert done.returncode == 6
    assert "does not answer" in done.stderr


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a\\b", "x\x00", "\u202efdp.exe", "", ".ssh", "a" * 200, "con.csv"]
)
def test_the_server_refuses_a_tricky_name_whatever_the_client_let_pass(entrance, name):
    raw = Raw(entrance)
    raw.header(name)
    assert raw.answer()["error"] == "invalid"
    assert nothing_kept(entrance)


@pytest.mark.parametrize(("one", "two"), [("A.csv", "a.csv"), ("a.csv", "a.csv"), ("ﬁg.png", "fig.png")])
def test_the_server_refuses_two_names_for_one_file(entrance, one, two):
    raw = Raw(entrance)
    raw.header(one, two)
    assert "one file on some systems" in raw.answer()["message"]


@pytest.mark.parametrize(
    "frames",
    [
        [(b"X", b"")], [(b"H", b"\xff")], [(b"H", b"[]")], [(b"H", b"{}")], [(b"H", b"[" * 50_000)], [(b"F", b"")],
        [(b"H", b'{"protocol":2,"action":"submit"}')],
        [(b"H", b'{"protocol":1,"action":"submit","title":1,"files":[]}')],
        [(b"H", b'{"protocol":1,"action":"submit","title":"t","files":[{"name":1,"context":"w"}]}')],
        [(b"H", b'{"protocol":1,"action":"submit","title":"t","files":[],"x":1}')],
    ],
)  # fmt: skip
def test_a_malformed_request_gets_a_sentence(entrance, frames):
    raw = Raw(entrance)
    for letter, payload in frames:
        raw.send(letter, payload)
    answer = raw.answer()
    assert answer["error"] == "invalid"
    assert answer["message"].endswith(".")
    assert nothing_kept(entrance)


def test_a_frame_that_claims_too_much_is_refused_before_it_is_read(entrance):
    raw = Raw(entrance)
    raw.connection.sendall(b"H" + struct.pack(">I", 0xFFFFFFFF))
    assert raw.answer()["error"] == "invalid"


def test_a_file_that_did_not_arrive_as_sent_is_refused(entrance):
    for changes in ({"size": 1}, {"sha256": "0" * 64}):
        raw = Raw(entrance)
        raw.header("a.csv")
        raw.file(SAFE, **changes)
        raw.send(b"F")
        assert "did not arrive as it was sent" in raw.answer()["message"]
    assert nothing_kept(entrance)


@pytest.mark.parametrize("sent", range(4))
@pytest.mark.parametrize("abruptly", [True, False])
def test_hanging_up_in_the_middle_leaves_nothing(entrance, sent, abruptly):
    raw = Raw(entrance)
    raw.header("a.csv", "b.csv")
    if sent > 0:
        raw.send(b"D", SAFE)
    if sent > 1:
        raw.send(b"E", json.dumps({"size": len(SAFE), "sha256": hashlib.sha256(SAFE).hexdigest()}).encode())
    if sent > 2:
        raw.connection.sendall(b"D" + struct.pack(">I", 1000) + b"half")
    if not abruptly:
        # The intake hangs up in its turn when it has put everything away: nothing may be left from then on.
        raw.connection.shutdown(socket.SHUT_WR)
        while raw.connection.recv(4096):
            pass
        assert nothing_kept(entrance)
    raw.connection.close()
    wait_for(lambda: nothing_kept(entrance))


@pytest.mark.parametrize("which", ["file_bytes", "total_bytes", "files"])
def test_each_limit_refuses_the_first_byte_or_file_too_much(world, which):
    import shutil
    import tempfile

    directory = Path(tempfile.mkdtemp(prefix="in-", dir="/tmp"))
    world.live = replace(world.live, directory=directory)
    world.sessions.sessions[:] = [world.live]
    limits = replace(world.desk.pack.limits, **{which: {"file_bytes": 100, "total_bytes": 150, "files": 2}[which]})
    allowed = {"file_bytes": [100], "total_bytes": [75, 75], "files": [1, 1]}[which]
    refused = {"file_bytes": [101], "total_bytes": [75, 76], "files": [1, 1, 1]}[which]
    with running(world, limits):
        for sizes in (refused, allowed):
            raw = Raw(world)
            raw.header(*[f"f{place}.txt" for place in range(len(sizes))])
            for size in sizes:
                raw.file(b"x" * size)
            raw.send(b"F")
            answer = raw.answer()
            assert (answer.get("error") == "invalid") == (sizes is refused), answer
    assert len(kept(world)) == 1
    shutil.rmtree(directory)


def test_a_thousand_files_are_refused_in_a_sentence_and_as_many_as_may_come_come_whole(entrance, tmp_path):
    names = [f"t{place}.txt" for place in range(1000)]
    for place, name in enumerate(names):
        (tmp_path / name).write_text(f"Figure {place} shows no group by itself.\n")
    refused = tre_airlock(entrance, "submit", *names, "--title", "All", "--context", "rounded", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Submit 1 to 100 files at a time." in refused.stderr
    raw = Raw(entrance)
    raw.header(*names)
    assert raw.answer()["error"] == "invalid"
    wait_for(lambda: nothing_kept(entrance))
    done = tre_airlock(entrance, "submit", *names[:100], "--title", "All", "--context", "rounded", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (submission,) = entrance.service.submissions.mine(entrance.actor(entrance.author))
    assert [file.name for file in submission.files] == names[:100]
    assert entrance.worker.scanning.scan(submission.submission_id) is State.IN_REVIEW
    for file in submission.files:
        assert entrance.desk.frozen.path(file.sha256).read_bytes() == (tmp_path / file.name).read_bytes()


def test_a_slow_sender_holds_up_nobody_and_is_ended(world):
    import shutil
    import tempfile

    directory = Path(tempfile.mkdtemp(prefix="in-", dir="/tmp"))
    world.live = replace(world.live, directory=directory)
    world.sessions.sessions[:] = [world.live]
    with running(world, world.desk.pack.limits, times=IntakeTimes(idle=3.0, total=60, look=0.02)):
        slow = Raw(world)
        slow.header("a.csv")
        quick = Raw(world)
        quick.header("b.csv")
        quick.file(SAFE)
        quick.send(b"F")
        assert "submission" in quick.answer()
        assert "took too long" in slow.answer()["message"]
    assert len(kept(world)) == 1
    shutil.rmtree(directory)


def both_served(world) -> bool:
    return world.intake._busy[world.live.session_id] == 2


def waiting(world) -> int:
    return world.intake._present[world.live.session_id] - world.intake._busy[world.live.session_id]


def test_a_session_cannot_take_every_place(entrance, monkeypatch):
    monkeypatch.setattr(entrance.intake, "_times", replace(entrance.intake._times, turn=0.2))
    first, second = Raw(entrance), Raw(entrance)
    first.header("a.csv")
    second.header("a.csv")
    wait_for(lambda: both_served(entrance))
    third = Raw(entrance)
    assert "busy" in third.answer()["message"]
    first.file(SAFE)
    first.send(b"F")
    assert "submission" in first.answer()
    second.connection.close()


def test_who_comes_again_at_once_has_his_turn_when_an_earlier_one_is_put_away(entrance):
    first, second = Raw(entrance), Raw(entrance)
    first.header("a.csv")
    second.header("a.csv")
    wait_for(lambda: both_served(entrance))
    third, fourth = Raw(entrance), Raw(entrance)
    wait_for(lambda: waiting(entrance) == 2)
    beyond = Raw(entrance)
    assert "busy" in beyond.answer()["message"]
    fourth.connection.close()
    for each in (first, third):
        if each is third:
            each.header("b.csv")
        each.file(SAFE)
        each.send(b"F")
        assert "submission" in each.answer()
    second.connection.close()


@pytest.mark.parametrize("what", ["session", "project"])
def test_what_ended_while_sending_is_refused(entrance, what):
    raw = Raw(entrance)
    raw.header("a.csv")
    raw.send(b"D", SAFE)
    wait_for(lambda: list((entrance.desk.frozen.directory / "incoming").iterdir()))
    if what == "session":
        entrance.sessions.sessions.clear()
    else:
        entrance.governance.holds[entrance.project] = ("The project is suspended.",)
    raw.send(b"E", json.dumps({"size": len(SAFE), "sha256": hashlib.sha256(SAFE).hexdigest()}).encode())
    raw.send(b"F")
    answer = raw.answer()
    assert answer["error"] == "refused"
    assert nothing_kept(entrance)
    if what == "session":
        wait_for(lambda: not Path(address(entrance)).exists())


def test_somebody_who_is_no_member_cannot_submit(entrance):
    entrance.governance.members[entrance.project] = frozenset({entrance.colleague})
    raw = Raw(entrance)
    raw.header("a.csv")
    assert raw.answer()["error"] == "refused"


def test_each_session_has_its_own_entrance_and_no_other_name(entrance):
    other = replace(
        entrance.live, session_id=new_id(), person_id=entrance.colleague, directory=entrance.live.directory.parent / "j"
    )
    entrance.sessions.sessions.append(other)
    wait_for((other.directory / "intake.sock").exists)
    mine, entrance.live = entrance.live, other
    raw = Raw(entrance)
    raw.header("a.csv", author=mine.person_id)
    assert raw.answer()["error"] == "invalid"
    raw = Raw(entrance)
    raw.header("a.csv")
    raw.file(SAFE)
    raw.send(b"F")
    answer = raw.answer()
    entrance.live = mine
    assert [each.submission_id for each in entrance.service.mine(entrance.actor(entrance.colleague))] == [
        answer["submission"]
    ]
    raw = Raw(entrance)
    raw.send(b"H", b'{"protocol":1,"action":"status"}')
    raw.send(b"F")
    assert raw.answer() == {"submissions": []}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user id for each project")
def test_a_caller_with_another_projects_user_id_is_refused(entrance):
    entrance.sessions.sessions[:] = []
    wait_for(lambda: not Path(address(entrance)).exists())
    entrance.sessions.sessions[:] = [replace(entrance.live, user_number=64_000)]
    wait_for(Path(address(entrance)).exists)
    raw = Raw(entrance)
    raw.header("a.csv")
    assert raw.answer()["error"] == "refused"


class Full:
    """Stands for ``os.write`` on a disk that fills up after some bytes."""

    def __init__(self, room: int) -> None:
        self.room, self.write = room, os.write

    def __call__(self, descriptor: int, data) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self.write(descriptor, data[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("room", [0, 10, len(SAFE), len(SAFE) + 10])
def test_a_full_disk_leaves_nothing_half_made(entrance, monkeypatch, room):
    monkeypatch.setattr("orchestrator.airlock.frozen.os.write", Full(room))
    raw = Raw(entrance)
    raw.header("a.csv", "b.csv")
    raw.file(SAFE)
    raw.file(SAFE)
    raw.send(b"F")
    answer = raw.answer()
    monkeypatch.undo()
    assert (answer["error"], "disk is full" in answer["message"]) == ("unavailable", True)
    wait_for(lambda: nothing_kept(entrance))


def test_a_record_that_cannot_be_written_keeps_no_submission(entrance, monkeypatch):
    def broken(*_, **__):
        from orchestrator.core.errors import Unavailable

        raise Unavailable("The record cannot be used now.", system="record")

    monkeypatch.setattr("orchestrator.airlock.store.add_submission", broken)
    raw = Raw(entrance)
    raw.header("a.csv")
    raw.file(SAFE)
    raw.send(b"F")
    assert raw.answer()["error"] == "unavailable"
    monkeypatch.undo()
    assert kept(entrance) == []
    entrance.worker.recover()
    assert nothing_kept(entrance)


def test_a_socket_path_that_is_too_long_is_reported_and_the_others_work(entrance, caplog):
    long = replace(entrance.live, session_id=new_id(), directory=entrance.live.directory / ("x" * 120))
    entrance.sessions.sessions.append(long)
    wait_for(lambda: "longer than 107 bytes" in caplog.text)
    assert tre_airlock(entrance, "status").returncode == 0


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.sampled_from([b"H", b"D", b"E", b"F", b"Z"]), st.binary(max_size=60)), max_size=6))
def test_no_frames_break_the_entrance(entrance, frames):
    raw = Raw(entrance)
    for letter, payload in frames:
        raw.send(letter, payload)
    with contextlib.suppress(OSError):
        raw.connection.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        answer = raw.answer()
        assert answer.get("error") in (None, "invalid", "unavailable")
    raw.connection.close()
    assert kept(entrance) == []


def test_a_submission_through_the_socket_is_scanned_and_reviewed_like_any(entrance, tmp_path):
    (tmp_path / "a.csv").write_bytes(SAFE)
    assert tre_airlock(entrance, "submit", "a.csv", "--title", "t", "--context", "w", cwd=tmp_path).returncode == 0
    entrance.worker.once()
    submission = entrance.service.mine(entrance.actor(entrance.author))[0]
    assert submission.state is State.IN_REVIEW
