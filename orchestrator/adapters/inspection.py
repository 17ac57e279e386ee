"""Runs each inspection in a process of its own: no network, no secrets, no host, little memory, a deadline."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.ports import Inspection
from orchestrator.core.errors import OrchestratorError

from .restraint import LIBRARIES, SINGLE_THREADED, restrained_command
from .sandbox.confine import bubblewrap, setpriv_prefix

__all__ = ["INSPECTION_USER", "IsolatedInspector", "inspection_command"]

INSPECTION_USER = 64_997
"""Whom inspections run as where the airlock runs as root: a number that owns nothing."""
_ANSWER_BYTES = 2 << 20
_FINDINGS = 2_000
_PACKAGE = Path(__file__).resolve().parents[1]


class IsolatedInspector:
    """Implements the airlock's ``Inspector``. Whatever goes wrong becomes a finding, never a pass."""

    def __init__(
        self,
        *,
        module: str = "orchestrator.airlock.scan",
        extra_source: Path | None = None,
        in_a_pod: bool = False,
    ) -> None:
        """``in_a_pod``: where new namespaces are refused, other walls stand around it, see ``restraint``."""
        self._module = module
        self._extra_source = extra_source
        self._command = restrained_command if in_a_pod else inspection_command

    def inspect(
        self,
        path: Path,
        *,
        name: str,
        sha256: str,  # noqa: ARG002 - the port's
        pack: Pack,
        project_id: str = "",  # noqa: ARG002
    ) -> Inspection:
        """Run every check of the pack on the file."""
        try:
            output = self._run(path, name, pack)
            return _understood(output)
        except _IncompleteError as error:
            return _incomplete(str(error))
        except OrchestratorError as error:
            return _incomplete(error.message)
        except OSError as error:
            return _incomplete(f"the inspection could not be started ({error.strerror or type(error).__name__})")

    def _run(self, path: Path, name: str, pack: Pack) -> bytes:
        command = self._command(self._module, extra_source=self._extra_source)
        request = json.dumps({"name": name, "pack": pack.as_json()}).encode()
        with contextlib.ExitStack() as stack:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            stack.callback(os.close, file)
            asked = stack.enter_context(tempfile.TemporaryFile())
            asked.write(request)
            asked.seek(0)
            process = subprocess.Popen(
                [*command, str(asked.fileno())],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(asked.fileno(),),
                env=dict.fromkeys(SINGLE_THREADED, "1"),
                cwd="/",
                start_new_session=True,
            )
            stack.callback(_end, process)
            output = _read(process, pack.resources.wall_seconds)
            code = _exit_code(process)
        if code != 0:
            raise _IncompleteError(f"the inspection ended early ({_ending(code)})")
        return output


class _IncompleteError(Exception):
    """The inspection did not come to its end."""


def inspection_command(module: str, *, extra_source: Path | None = None) -> list[str]:
    """Return the command line that runs a module within an empty view: interpreter, checks, nothing else."""
    root = os.geteuid() == 0
    base = Path(sys.executable).resolve().parent.parent
    python = f"{base}/bin/{Path(sys.executable).resolve().name}"
    inside = "/opt/python" if base != Path("/usr") else "/usr"
    arguments = ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "inspection"]
    if root:  # root builds the view, then setpriv gives root up for good
        arguments += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    else:
        arguments += ["--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    for made in ("/app", "/app/orchestrator", "/libraries", "/opt", "/usr"):  # or they would be made for root alone
        arguments += ["--dir", made]
    arguments += _system()
    if inside != "/usr":
        arguments += ["--ro-bind", str(base), inside, "--setenv", "LD_LIBRARY_PATH", f"{inside}/lib"]
        python = f"{inside}/bin/{Path(python).name}"
    for part in ("__init__.py", "core", "airlock"):
        arguments += ["--ro-bind", str(_PACKAGE / part), f"/app/orchestrator/{part}"]
    path = "/app"
    if extra_source is not None:
        arguments += ["--ro-bind", str(extra_source), "/extra"]
        path = "/app:/extra"
    for name in SINGLE_THREADED:
        arguments += ["--setenv", name, "1"]
    arguments += ["--ro-bind", str(LIBRARIES), "/libraries", "--setenv", "PYTHONPATH", f"{path}:/libraries"]
    arguments += ["--setenv", "PYTHONDONTWRITEBYTECODE", "1", "--chdir", "/"]
    arguments += ["--remount-ro", "/", "--"]
    drop = setpriv_prefix(INSPECTION_USER) if root else []
    return [str(bubblewrap()), *arguments, *drop, python, "-S", "-m", module]


def _system() -> Sequence[str]:
    options: list[str] = []
    for name in ("/usr/lib", "/usr/lib64", "/usr/bin"):
        if Path(name).is_dir():
            options += ["--ro-bind", name, name]
    for name in ("bin", "lib", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            options += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            options += ["--ro-bind", str(path), str(path)]
    return options


def _read(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    if process.stdout is None:
        raise _IncompleteError("the inspection gave no answer")
    end, output = time.monotonic() + seconds, bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = end - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise _IncompleteError(f"the inspection took longer than {seconds:g} seconds")
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                return bytes(output)
            output += piece
            if len(output) > _ANSWER_BYTES:
                raise _IncompleteError("the inspection said too much to be trusted")


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        raise _IncompleteError("the inspection did not end after its answer") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
    if process.stdout is not None:
        process.stdout.close()


def _ending(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"exit code {code}"


def _understood(output: bytes) -> Inspection:
    try:
        answer = json.loads(output)
        if answer["complete"] is not True or not answer["kind"] or not isinstance(answer["kind"], str):
            raise ValueError("not complete")
        findings = tuple(_finding(each) for each in answer["findings"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _IncompleteError("the inspection gave an answer that cannot be read") from error
    if len(findings) > _FINDINGS:
        raise _IncompleteError("the inspection said too much to be trusted")
    return Inspection(kind=answer["kind"][:40], findings=findings)


def _finding(plain: dict[str, Any]) -> Finding:
    words = {key: plain[key] for key in ("rule", "where", "message", "guidance")}
    if not all(isinstance(value, str) for value in words.values()):
        raise TypeError("words must be text")
    return Finding(
        rule=words["rule"][:60],
        severity=Severity(plain["severity"]),
        where=words["where"][:600],
        message=words["message"][:600],
        guidance=words["guidance"][:600],
    )


def _incomplete(why: str) -> Inspection:
    finding = Finding(
        rule="INSPECTION_INCOMPLETE",
        severity=Severity.FLAG,
        where="whole file",
        message=f"The file was not inspected to its end: {why.rstrip('.')}.",
        guidance="Look at the whole file yourself, or ask for it in a simpler form.",
    )
    return Inspection(kind="unread", findings=(finding,))
