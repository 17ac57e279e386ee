"""Documents on disk: sealed, bound to identifier and hash, whole or not there; and what a PDF may not hold."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from orchestrator.adapters import document_keys as keys
from orchestrator.adapters import documents as module
from orchestrator.adapters.channel.files import place as put_in_place
from orchestrator.adapters.documents import SealedDocuments
from orchestrator.airlock.inspection.acting import acting, answer
from orchestrator.core.errors import Invalid, NotPossible, Unavailable
from orchestrator.core.ids import new_id

CONTENT = b"%PDF-1.7 a letter about nobody in particular %%EOF"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def place(tmp_path: Path) -> SealedDocuments:
    return SealedDocuments(tmp_path / "documents", tmp_path / "key")


def stored(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "documents").glob("??/*"))


# ---- at rest ---------------------------------------------------------------------------------------------------------


def test_what_lies_on_disk_is_sealed_and_only_ours_to_read(place: SealedDocuments, tmp_path: Path) -> None:
    document_id = new_id()
    place.keep(document_id, SHA256, CONTENT)
    (file,) = stored(tmp_path)
    assert b"letter" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert list(place.kept()) == [document_id]
    assert SealedDocuments(tmp_path / "documents", tmp_path / "key").read(document_id, SHA256) == CONTENT
    place.remove(document_id)
    place.remove(document_id)
    assert not stored(tmp_path)


@pytest.mark.parametrize("at", [0, 9, 50, 90, -1])
def test_one_altered_byte_is_noticed(place: SealedDocuments, tmp_path: Path, at: int) -> None:
    document_id = new_id()
    place.keep(document_id, SHA256, CONTENT)
    (file,) = stored(tmp_path)
    altered = bytearray(file.read_bytes())
    altered[at] ^= 1
    file.write_bytes(altered)
    with pytest.raises(Unavailable, match="altered"):
        place.read(document_id, SHA256)


def test_a_document_cannot_be_put_in_the_place_of_another(place: SealedDocuments, tmp_path: Path) -> None:
    ours, other = new_id(), new_id()
    place.keep(ours, SHA256, CONTENT)
    place.keep(other, SHA256, CONTENT)
    first, second = (tmp_path / "documents" / each[:2] / each for each in (ours, other))
    second.write_bytes(first.read_bytes())
    with pytest.raises(Unavailable, match="altered"):
        place.read(other, SHA256)
    with pytest.raises(Unavailable, match="altered"):
        place.read(ours, "0" * 64)


def test_a_link_in_its_place_is_not_followed(place: SealedDocuments, tmp_path: Path) -> None:
    document_id = new_id()
    place.keep(document_id, SHA256, CONTENT)
    (file,) = stored(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    with pytest.raises(Unavailable, match="cannot be read"):
        place.read(document_id, SHA256)
    place.remove(document_id)
    assert elsewhere.exists()


def test_identifiers_lead_nowhere_else(place: SealedDocuments) -> None:
    for strange in ("../../etc/passwd", "a/b", "", "A" * 16):
        with pytest.raises(Invalid):
            place.read(strange, SHA256)
        with pytest.raises(Invalid):
            place.remove(strange)


@pytest.mark.parametrize(
    ("content", "mode"), [(b"short", 0o600), (bytes(32), 0o604)], ids=["no key", "a key for everybody"]
)
def test_a_key_that_is_none_or_anybodys_is_not_used(
    place: SealedDocuments, tmp_path: Path, content: bytes, mode: int
) -> None:
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(mode)
    with pytest.raises(Unavailable, match="32 bytes"):
        place.keep(new_id(), SHA256, CONTENT)
    assert not stored(tmp_path)


def test_under_another_key_nothing_is_read(place: SealedDocuments, tmp_path: Path) -> None:
    document_id = new_id()
    place.keep(document_id, SHA256, CONTENT)
    (tmp_path / "key").write_bytes(bytes(32))
    with pytest.raises(Unavailable, match="another key"):
        place.read(document_id, SHA256)
    with pytest.raises(Unavailable, match="is missing"):
        place.read(new_id(), SHA256)


def test_a_key_that_was_lost_is_not_made_anew_beside_what_it_sealed(place: SealedDocuments, tmp_path: Path) -> None:
    document_id = new_id()
    place.keep(document_id, SHA256, CONTENT)
    (tmp_path / "key").rename(tmp_path / "elsewhere")
    for use in (lambda: place.keep(new_id(), SHA256, CONTENT), lambda: place.read(document_id, SHA256)):
        with pytest.raises(Unavailable, match="puts it back"):
            use()
    assert not (tmp_path / "key").exists()
    (tmp_path / "elsewhere").rename(tmp_path / "key")
    assert place.read(document_id, SHA256) == CONTENT


def test_a_full_disk_is_told_and_nothing_is_there(
    place: SealedDocuments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.keep(new_id(), SHA256, CONTENT)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(module, "place", full)
    with pytest.raises(Unavailable, match="is full; nothing was kept"):
        place.keep(new_id(), SHA256, CONTENT)
    assert len(stored(tmp_path)) == 1


_KILLED = """
import os, signal, sys
from pathlib import Path
from orchestrator.adapters.documents import SealedDocuments
place = SealedDocuments(Path(sys.argv[1]) / "documents", Path(sys.argv[1]) / "key")
place.keep("aaaaaaaaaaaaaaaa", sys.argv[2], b"whole")
os.link = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
place.keep("bbbbbbbbbbbbbbbb", sys.argv[2], b"never whole")
"""


def test_a_process_killed_while_it_writes_leaves_nothing_that_counts(place: SealedDocuments, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"whole").hexdigest()
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), sha256], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(place.kept()) == ["aaaaaaaaaaaaaaaa"]
    assert place.read("aaaaaaaaaaaaaaaa", sha256) == b"whole"
    (half,) = [file for file in stored(tmp_path) if file.name.startswith(".")]
    os.utime(half, (0, 0))
    place.kept()
    assert [file.name for file in stored(tmp_path)] == ["aaaaaaaaaaaaaaaa"]


# ---- what a PDF may not hold -----------------------------------------------------------------------------------------


def pdf(root: dict[str, Any] | None = None, *, loose: Any = None, **how: Any) -> bytes:
    """A document of one empty page, with entries of its catalogue, packed so that no search of its bytes finds them."""
    document = pikepdf.new()
    document.add_blank_page()
    for name, value in (root or {}).items():
        document.Root[name] = value
    if loose is not None:
        document.Root["/PieceInfo"] = pikepdf.Dictionary(A=document.make_indirect(loose))
    written = io.BytesIO()
    document.save(written, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True, **how)
    return written.getvalue()


def script() -> pikepdf.Dictionary:
    return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.launchURL('https://example.org')")


def test_a_letter_holds_nothing_and_links_and_signatures_are_no_harm() -> None:
    assert acting(pdf()) == []
    link = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://example.org")
    assert acting(pdf({"/AcroForm": pikepdf.Dictionary(Fields=[], SigFlags=3)}, loose=link)) == []


@pytest.mark.parametrize(
    ("root", "loose", "said"),
    [
        ({"/OpenAction": script()}, None, "a script"),
        ({"/Names": pikepdf.Dictionary(Deep=pikepdf.Array([pikepdf.Dictionary(A=script())]))}, None, "a script"),
        ({}, script(), "a script"),
        ({}, pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe"), "the start of a program"),
        ({}, pikepdf.Dictionary(S=pikepdf.Name.SubmitForm, F="https://example.org"), "the sending of a form"),
        ({"/AA": pikepdf.Dictionary(WC=pikepdf.Dictionary())}, None, "actions by themselves"),
        ({"/AcroForm": pikepdf.Dictionary(XFA=pikepdf.Array())}, None, "a form that is a program of its own"),
        ({}, pikepdf.Dictionary(Type=pikepdf.Name.Filespec, F="x.exe"), "a reference to a file"),
    ],
)
def test_what_acts_is_found_wherever_it_lies(root: dict[str, Any], loose: Any, said: str) -> None:
    content = pdf(root, loose=loose)
    assert b"JavaScript" not in content
    assert said in acting(content)


def test_an_attached_file_and_a_lock_are_found() -> None:
    document = pikepdf.open(io.BytesIO(pdf()))
    document.attachments["notes.txt"] = b"hidden"
    written = io.BytesIO()
    document.save(written)
    assert "an attached file" in acting(written.getvalue())
    locked = pdf(encryption=pikepdf.Encryption(owner="o", user=""))
    assert acting(locked) == ["a restriction of what may be done with it"]


def test_the_process_that_looks_is_asked_and_its_words_reach_the_person(place: SealedDocuments) -> None:
    place.look_into("pdf", pdf())
    with pytest.raises(Invalid, match="holds a script, so it was not kept"):
        place.look_into("pdf", pdf({"/OpenAction": script()}))
    place.look_into("png", b"has nothing that acts")


def test_what_cannot_be_read_to_its_end_is_not_clean() -> None:
    assert answer(pdf(encryption=pikepdf.Encryption(owner="o", user="u"))) == ["a password"]
    assert answer(b"%PDF-1.7 nothing %%EOF") == ["a fault that keeps it from being read to the end"]


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", "raise SystemExit(3)"],
        [sys.executable, "-c", "print('not JSON')"],
        [sys.executable, "-c", "print('{}')"],
        [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
        ["/nowhere/at/all"],
    ],
    ids=["fails", "babbles", "no list", "killed", "missing"],
)
def test_a_document_that_was_not_looked_into_is_not_clean(tmp_path: Path, command: list[str]) -> None:
    place = SealedDocuments(tmp_path / "documents", tmp_path / "key", command=lambda _: command)
    with pytest.raises(Unavailable, match="could not be looked into"):
        place.look_into("pdf", CONTENT)


def test_a_process_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.2)
    endless = [sys.executable, "-c", "import time; time.sleep(600)"]
    place = SealedDocuments(tmp_path / "documents", tmp_path / "key", command=lambda _: endless)
    with pytest.raises(Unavailable):
        place.look_into("pdf", CONTENT)


def test_its_words_are_cut_and_nothing_else_of_its_answer_counts(tmp_path: Path) -> None:
    told = json.dumps(["x" * 5000])
    command = [sys.executable, "-c", f"print({told!r})"]
    place = SealedDocuments(tmp_path / "documents", tmp_path / "key", command=lambda _: command)
    with pytest.raises(Invalid) as refused:
        place.look_into("pdf", CONTENT)
    assert len(refused.value.message) < 300


# ---- a new key -------------------------------------------------------------------------------------------------------


def keep_some(place: SealedDocuments, number: int = 3) -> dict[str, str]:
    made = {new_id(): SHA256 for _ in range(number)}
    for document_id in made:
        place.keep(document_id, SHA256, CONTENT)
    return made


def old_key_opens(tmp_path: Path, key: bytes, made: dict[str, str]) -> set[str]:
    """Return which documents somebody could read who kept a copy of a key."""
    (tmp_path / "copied").write_bytes(key)
    (tmp_path / "copied").chmod(0o600)
    thief, opened = SealedDocuments(tmp_path / "documents", tmp_path / "copied"), set()
    for document_id, sha256 in made.items():
        with contextlib.suppress(Unavailable):
            thief.read(document_id, sha256)
            opened.add(document_id)
    return opened


def test_a_new_key_opens_every_document_and_the_old_one_none(place: SealedDocuments, tmp_path: Path) -> None:
    made, old = keep_some(place), (tmp_path / "key").read_bytes()
    assert old_key_opens(tmp_path, old, made) == set(made)
    done = place.rotate(lambda: made)
    assert (done.sealed, done.finished) == (3, True)
    assert (tmp_path / "key").read_bytes() != old
    assert not (tmp_path / "key.next").exists()
    assert old_key_opens(tmp_path, old, made) == set()
    assert {place.read(each, SHA256) for each in made} == {CONTENT}
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert place.rotate(lambda: made).sealed == 3


class Cut(BaseException):
    """The power went: nothing is cleaned up by whoever was at work."""


def test_cut_short_anywhere_it_loses_nothing_and_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    for cut in range(40):
        here = tmp_path / str(cut)
        here.mkdir()
        place = SealedDocuments(here / "documents", here / "key")
        made, old = keep_some(place), (here / "key").read_bytes()
        with monkeypatch.context() as patch:
            at = _cut_at(patch, cut)
            try:
                place.rotate(partial(dict, made))
            except Cut:
                steps.append(cut)
            else:
                assert next(at) == cut, "it was not cut short, and there was something left to do"
                break
        again = SealedDocuments(here / "documents", here / "key")
        assert {again.read(each, SHA256) for each in made} == {CONTENT}, cut
        late = keep_some(again, 1)
        assert again.rotate(partial(dict, made | late)).finished
        assert {again.read(each, SHA256) for each in made | late} == {CONTENT}
        assert not (here / "key.next").exists()
        assert old_key_opens(here, old, made | late) == set()
    assert len(steps) >= 10


def _cut_at(patch: pytest.MonkeyPatch, cut: int) -> Iterator[int]:
    """Let the power go before the n-th effect on the disk, or after it; yield how many there were."""
    count = itertools.count()
    real: dict[str, Callable[..., Any]] = {
        "link": os.link,
        "replace": Path.replace,
        "unlink": Path.unlink,
        "fsync": os.fsync,
    }
    done: list[int] = []

    def counted(name: str) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            number = next(count)
            if done and done[0] == -1:
                raise Cut
            if number == cut:
                done[:] = [-1]
                raise Cut
            return real[name](*given, **named)

        return step

    patch.setattr(os, "link", counted("link"))
    patch.setattr(os, "fsync", counted("fsync"))
    patch.setattr(Path, "replace", counted("replace"))
    patch.setattr(Path, "unlink", counted("unlink"))
    return count


def test_what_arrives_or_cannot_be_opened_keeps_the_old_key(place: SealedDocuments, tmp_path: Path) -> None:
    made, old = keep_some(place), (tmp_path / "key").read_bytes()
    (coming,) = keep_some(place, 1)
    done = place.rotate(lambda: made)
    assert (done.sealed, done.coming, done.finished) == (3, 1, False)
    assert (tmp_path / "key").read_bytes() == old
    assert place.read(coming, SHA256) == CONTENT
    every = made | {coming: SHA256}
    lost, *others = every
    file = next(each for each in stored(tmp_path) if each.name == lost)
    good = file.read_bytes()
    file.write_bytes(good[:-1])
    done = place.rotate(lambda: every)
    assert (done.sealed, done.coming, done.unread) == (3, 0, (lost,))
    file.write_bytes(good)
    assert place.rotate(lambda: every).finished
    assert {place.read(each, SHA256) for each in [lost, *others]} == {CONTENT}


def test_what_is_left_without_a_row_for_long_does_not_keep_the_old_key(place: SealedDocuments, tmp_path: Path) -> None:
    keep_some(place, 1)
    (file,) = stored(tmp_path)
    os.utime(file, (0, 0))
    assert place.rotate(dict).finished


def test_a_document_that_is_removed_meanwhile_stays_removed(place: SealedDocuments, tmp_path: Path) -> None:
    made = keep_some(place)
    removed = next(iter(made))
    asked: list[int] = []

    def named() -> dict[str, str]:
        asked.append(1)
        if len(asked) == 1:
            return dict(made)
        return {each: made[each] for each in made if each != removed}

    place.remove(removed)
    assert place.rotate(named).finished
    assert len(stored(tmp_path)) == 2


def test_other_processes_hand_in_and_read_while_the_key_changes(place: SealedDocuments, tmp_path: Path) -> None:
    made = keep_some(place, 12)
    code = (
        "import sys, pathlib; from orchestrator.adapters.documents import SealedDocuments\n"
        "from orchestrator.core.ids import new_id\n"
        "place = SealedDocuments(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))\n"
        f"content, sha256 = {CONTENT!r}, {SHA256!r}\n"
        "print('ready', flush=True)\n"
        "for line in sys.stdin:\n"
        "    for old in sys.argv[3:]: assert place.read(old, sha256) == content\n"
        "    one = new_id(); place.keep(one, sha256, content); assert place.read(one, sha256) == content\n"
        "    print(one, flush=True)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "documents"), str(tmp_path / "key"), *made]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n" * 20)
        other.stdin.flush()
        every = dict(made)
        for _ in range(20):
            place.rotate(lambda: every)
            every[other.stdout.readline().strip()] = SHA256
        other.stdin.close()
        assert other.wait() == 0
    assert place.rotate(lambda: every).finished
    assert {place.read(each, SHA256) for each in every} == {CONTENT}


def test_the_key_is_changed_by_one_at_a_time(place: SealedDocuments, tmp_path: Path) -> None:
    made, other = keep_some(place), SealedDocuments(tmp_path / "documents", tmp_path / "key")
    asked: list[int] = []

    def named() -> dict[str, str]:
        asked.append(1)
        with pytest.raises(NotPossible, match="by somebody else now"):
            other.rotate(lambda: made)
        return made

    assert place.rotate(named).finished
    assert len(asked) == 2
    assert other.rotate(lambda: made).finished
    assert {place.read(each, SHA256) for each in made} == {CONTENT}


def test_a_change_that_was_only_not_forgotten_is_no_next_key(place: SealedDocuments, tmp_path: Path) -> None:
    made, old = keep_some(place), (tmp_path / "key").read_bytes()
    (tmp_path / "key.next").write_bytes(old)
    (tmp_path / "key.next").chmod(0o600)
    assert place.rotate(lambda: made).finished
    assert (tmp_path / "key").read_bytes() != old
    assert old_key_opens(tmp_path, old, made) == set()


def test_a_key_that_is_mounted_is_changed_by_hand_in_two_steps(
    place: SealedDocuments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = keep_some(place)
    real = put_in_place

    def mounted(file: Path, content: bytes, **more: Any) -> None:
        if file.parent == tmp_path:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        real(file, content, **more)

    monkeypatch.setattr(keys, "place", mounted)
    with pytest.raises(Unavailable, match="Put a new key of 32 random bytes"):
        place.rotate(lambda: made)
    following = tmp_path / "key.next"
    following.write_bytes(os.urandom(32))
    following.chmod(0o600)
    with pytest.raises(Unavailable, match=r"sealed under .*key\.next now"):
        place.rotate(lambda: made)
    assert place.read(next(iter(made)), SHA256) == CONTENT
    following.replace(tmp_path / "key")
    assert {place.read(each, SHA256) for each in made} == {CONTENT}
