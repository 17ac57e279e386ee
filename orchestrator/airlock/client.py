#!/usr/bin/env python3
"""``tre-airlock``: hand results to the airlock from inside a workspace. Stands alone on Python's standard library.

What is sent is what is frozen and reviewed: changing a file afterwards changes nothing. The checks made here only
save time; the airlock makes every one of them again and trusts none.

On the wire both sides speak frames: one letter, four bytes of length (big endian), that many bytes.
``H`` header (JSON) · ``D`` part of the present file · ``E`` end of the present file (JSON: size, sha256) ·
``F`` end of everything · and from the airlock ``R``, one answer (JSON), after which it hangs up.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import socket
import stat
import struct
import subprocess
import sys
from typing import Any

DEFAULT_SOCKET = "/run/tre/intake/intake.sock"
PROTOCOL = 1
PIECE = 256 * 1024
ANSWER_BYTES = 4 * 1024 * 1024
SECONDS = 120.0
CHECK_SECONDS = 1800.0
VERDICTS = {"pass": 0, "flag": 7, "block": 5}
"""What “check” ends with, as “tre airlock check” does."""
LARGEST_FILE = 64 * 1024 * 1024
EXIT = {"refused": 4, "not-found": 3, "invalid": 2, "not-possible": 5, "conflict": 5, "unavailable": 6}


class Problem(Exception):
    """Something to tell the person, with the exit code that programs see."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: list[str] | None = None) -> int:
    """Run the command; words go to stderr, data to stdout."""
    options = _parser().parse_args(arguments)
    try:
        if options.verb == "submit":
            _show(submit(options), options.output)
        elif options.verb == "check":
            answer = check(options)
            _show_check(answer, options.output)
            return VERDICTS.get(str(answer.get("verdict")), 1)
        elif options.verb == "replay":
            replay(options.socket, pathlib.Path.home())
        else:
            _show(ask(options.socket, {"protocol": PROTOCOL, "action": "status"}), options.output)
    except Problem as problem:
        print(f"tre-airlock: {problem}", file=sys.stderr)  # noqa: T201
        return problem.code
    except KeyboardInterrupt:
        print("tre-airlock: interrupted; nothing was submitted.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tre-airlock", description="Hand results to the airlock for checking.")
    parser.add_argument("--socket", default=os.environ.get("TRE_INTAKE", DEFAULT_SOCKET), help=argparse.SUPPRESS)
    verbs = parser.add_subparsers(dest="verb", required=True)
    hand_in = verbs.add_parser("submit", help="send files; they are frozen as received")
    hand_in.add_argument("paths", nargs="*", metavar="PATH", help="a file, or a directory whose files are all sent")
    hand_in.add_argument("--title", help="what these results are, in a few words; a revision may leave it as it was")
    hand_in.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="[FILE=]TEXT",
        help="why it is safe to release; for one file by name, or without FILE= for all others",
    )
    again = hand_in.add_mutually_exclusive_group()
    again.add_argument(
        "--revises",
        metavar="SUBMISSION",
        help="a returned or blocked submission: these files join it or take the place of those of the same name",
    )
    again.add_argument("--replaces", metavar="SUBMISSION", help="the same, and these files are all that is left of it")
    for option, words in (
        ("--drop", "a file that shall not be part of a revised submission any more"),
        ("--supporting", "a file among these that helps checkers to judge and never leaves"),
    ):
        hand_in.add_argument(option, action="append", default=[], metavar="FILE", help=words)
    hand_in.add_argument(
        "--program",
        metavar="FILE",
        help="the notebook or script among these files that makes the others: it is run again without you",
    )
    verbs.add_parser("replay")  # what a session of its own runs, without a person; elsewhere the airlock refuses it
    look = verbs.add_parser("check", help="run the airlock's own checks on files first; nothing is kept")
    look.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a directory whose files are all checked")
    status = verbs.add_parser("status", help="list what you have submitted from this project, and what it waits for")
    for verb in (hand_in, look, status):
        verb.add_argument("--output", choices=("text", "json"), default="text")
    return parser


def submit(options: argparse.Namespace) -> dict[str, Any]:
    """Send the named files and return the airlock's answer."""
    if not options.title and not options.revises:
        raise Problem("say in a few words what these results are: --title '…'", 2)
    paths = _paths(options.paths) if options.paths or not options.drop else []
    unknown = set(options.supporting) - {name for name, _ in paths}
    if unknown:
        raise Problem(f"“{_shown(sorted(unknown)[0])}” is not among the files you send.", 2)
    contexts, for_all = _contexts(options.context, {name for name, _ in paths})
    files = []
    for name, _ in paths:
        context = contexts.get(name, for_all)
        if not context:
            raise Problem(f"say why “{_shown(name)}” is safe to release: --context '{_shown(name)}=…'", 2)
        role = "supporting" if name in options.supporting else "output"
        files.append({"name": name, "context": context, "role": role})
    header = {"protocol": PROTOCOL, "action": "submit", "title": options.title, "files": files}
    for key in ("replaces", "revises", "drop", "program"):
        if getattr(options, key):
            header[key] = getattr(options, key)
    with contextlib.ExitStack() as stack:
        opened = [(name, _open(path, stack)) for name, path in paths]
        return ask(options.socket, header, opened)


def check(options: argparse.Namespace) -> dict[str, Any]:
    """Send the named files to be looked at and return what the airlock would find."""
    paths = _paths(options.paths)
    header = {"protocol": PROTOCOL, "action": "check", "files": [{"name": name} for name, _ in paths]}
    with contextlib.ExitStack() as stack:
        opened = [(name, _open(path, stack)) for name, path in paths]
        return ask(options.socket, header, opened, seconds=CHECK_SECONDS)


def replay(address: str, home: pathlib.Path) -> None:
    """Run the submitted program in an empty folder and hand in what it made; what fails is handed in as words."""
    task = ask(address, {"protocol": PROTOCOL, "action": "replay"})
    work = home / "replay"
    work.mkdir()
    for file in task["files"]:
        (work / pathlib.PurePath(file["name"]).name).write_bytes(base64.b64decode(file["content"]))
    trouble = _run(work, pathlib.PurePath(task["program"]).name)
    given = {pathlib.PurePath(file["name"]).name for file in task["files"]} - {task["program"]}
    found = {}
    for name in task["outputs"]:
        places = [path for path in sorted(home.rglob("*")) if path.name == name and _plain(path)]
        if len(places) == 1 and name not in given:
            found[name] = places[0]
        elif len(places) > 1:
            trouble = trouble or f"It made several files called {name}."
    header = {
        "protocol": PROTOCOL,
        "action": "replayed",
        "files": [{"name": name} for name in found],
        "trouble": trouble,
    }
    with contextlib.ExitStack() as stack:
        ask(address, header, [(name, _open(str(path), stack)) for name, path in found.items()])


def _run(work: pathlib.Path, program: str) -> str:
    """Run one program; return a sentence on what went wrong, or an empty text."""
    ending = pathlib.PurePath(program).suffix.lower()
    if ending == ".ipynb":
        command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"]
        command += ["--ExecutePreprocessor.timeout=-1", "--", program]
    else:
        command = ["Rscript" if ending == ".r" else sys.executable, program]
    try:
        done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        return f"It could not be started ({error.strerror})."
    if done.returncode < 0:
        return f"It was ended by signal {-done.returncode}, as a session is that needs more memory than it may have."
    return "" if done.returncode == 0 else f"It ended with code {done.returncode}."


def _plain(path: pathlib.Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _paths(given: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in map(pathlib.Path, given):
        inside = _below(path) if path.is_dir() and not path.is_symlink() else [path]
        found += [(each.name, str(each)) for each in inside]
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise Problem(f"two files are called “{_shown(name)}”; rename one, because folders are not kept.", 2)
    if not found:
        raise Problem("there is no file in what you named.", 2)
    return found


def _below(directory: pathlib.Path) -> list[pathlib.Path]:
    found: list[pathlib.Path] = []
    for place, folders, names in os.walk(directory):
        folders.sort()
        for folder in folders:
            if pathlib.Path(place, folder).is_symlink():
                raise Problem(f"“{_shown(folder)}” is a link, and links are not followed; copy what it names.", 2)
        found += [pathlib.Path(place, name) for name in sorted(names)]
    return found


def _contexts(given: list[str], names: set[str]) -> tuple[dict[str, str], str]:
    contexts: dict[str, str] = {}
    for_all = ""
    for text in given:
        name, separator, words = text.partition("=")
        name = pathlib.PurePath(name).name if separator else name
        if separator and name in names:
            contexts[name] = words.strip()
        elif separator and not any(character.isspace() for character in name):
            raise Problem(f"--context names “{_shown(name)}”, which is not among the files.", 2)
        else:
            for_all = text.strip()
    return contexts, for_all


def _open(path: str, stack: contextlib.ExitStack) -> int:
    shown = _shown(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Problem(f"there is no file “{shown}”.", 3) from None
    except OSError as error:
        if pathlib.Path(path).is_symlink():
            raise Problem(f"“{shown}” is a link, and links are not followed; copy what it names.", 2) from None
        raise Problem(f"“{shown}” cannot be read: {error.strerror}.", 2) from None
    stack.callback(os.close, descriptor)
    seen = os.fstat(descriptor)
    if not stat.S_ISREG(seen.st_mode):
        raise Problem(f"“{shown}” is not an ordinary file (a device, pipe, socket or folder); only files can leave.", 2)
    if seen.st_nlink > 1:
        raise Problem(f"“{shown}” has a second name (a hard link); make a copy and submit that.", 2)
    if seen.st_size > LARGEST_FILE:
        holes = ", most of it holes" if seen.st_blocks * 512 < seen.st_size // 2 else ""
        raise Problem(f"“{shown}” has {seen.st_size} bytes{holes}; at most {LARGEST_FILE} can leave as one file.", 2)
    return descriptor


def ask(
    address: str, header: dict[str, Any], files: list[tuple[str, int]] | None = None, *, seconds: float = SECONDS
) -> dict[str, Any]:
    """Send one request, with its files if there are any, and return the answer; raise ``Problem`` for any other."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(address)
        except OSError as error:
            raise Problem(
                f"the airlock does not answer ({error.strerror or error}); try again in a minute.", 6
            ) from None
        try:
            _frame(connection, b"H", json.dumps(header).encode())
            for _, descriptor in files or []:
                _send(connection, descriptor)
            _frame(connection, b"F", b"")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered already: the answer says why
        except OSError as error:
            raise Problem(f"sending stopped ({error}); nothing was submitted.", 6) from None
        return _answer(connection)


def _send(connection: socket.socket, descriptor: int) -> None:
    digest, size = hashlib.sha256(), 0
    while piece := os.read(descriptor, PIECE):
        digest.update(piece)
        size += len(piece)
        if size > LARGEST_FILE:
            raise Problem(f"a file grew beyond {LARGEST_FILE} bytes while it was read; nothing was submitted.", 2)
        _frame(connection, b"D", piece)
    _frame(connection, b"E", json.dumps({"size": size, "sha256": digest.hexdigest()}).encode())


def _frame(connection: socket.socket, letter: bytes, payload: bytes) -> None:
    connection.sendall(letter + struct.pack(">I", len(payload)) + payload)


def _answer(connection: socket.socket) -> dict[str, Any]:
    try:
        head = _exactly(connection, 5)
        length = struct.unpack(">I", head[1:])[0]
        if head[:1] != b"R" or length > ANSWER_BYTES:
            raise ValueError("not an answer")
        answer = json.loads(_exactly(connection, length))
    except (OSError, ValueError):
        raise Problem("the airlock hung up; see “tre-airlock status” before you submit again.", 6) from None
    if not isinstance(answer, dict):
        raise Problem("the airlock gave an answer that cannot be read.", 6)
    if answer.get("error"):
        raise Problem(_shown(str(answer.get("message", "no reason was given"))), EXIT.get(str(answer["error"]), 1))
    return answer


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        piece = connection.recv(min(65536, length - len(received)))
        if not piece:
            raise ValueError("hung up")
        received += piece
    return bytes(received)


def _show(answer: dict[str, Any], output: str) -> None:
    if output == "json":
        print(json.dumps(answer, ensure_ascii=True))  # noqa: T201
        return
    if "submission" in answer:
        print(f"{answer['submission']}  submitted, frozen as received; checks and review follow")  # noqa: T201
        for file in answer.get("files", []):
            print(f"  {file['sha256']}  {_shown(file['name'])}")  # noqa: T201
    for row in answer.get("submissions", []):
        print(f"{row['submission']}  {row['state']:<12} waits for {row['owner']:<9} {_shown(row['title'])}")  # noqa: T201
        for sentence in row.get("held", []):
            print(f"    held: {_shown(sentence)}")  # noqa: T201
        for note in row.get("comments", []):
            print(f"    {_shown(note['file'])}: {_shown(note['comment'])}")  # noqa: T201


def _show_check(answer: dict[str, Any], output: str) -> None:
    if output == "json":
        print(json.dumps(answer, ensure_ascii=True))  # noqa: T201
        return
    words = {"pass": "nothing found", "flag": "needs a look", "block": "may not leave"}
    for file in answer.get("files", []):
        print(f"{_shown(file['path'])}: {words.get(file['verdict'], file['verdict'])}")  # noqa: T201
        for each in file.get("findings", []):
            print(f"  {each['severity']:<5} {each['rule']} ({_shown(each['where'])}): {_shown(each['message'])}")  # noqa: T201
            if each.get("guidance"):
                print(f"        {_shown(each['guidance'])}")  # noqa: T201
    print("People decide: nothing was submitted.")  # noqa: T201


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


if __name__ == "__main__":
    sys.exit(main())
