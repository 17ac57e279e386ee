"""Runs each inspection in a process of its own: no network, no secrets, no host, little memory, a deadline."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from orchestrator.airlock.model import Finding
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.ports import Inspected, Inspection
from orchestrator.core.errors import OrchestratorError
from orchestrator.core.events import Json

from .inspection_answers import IncompleteError, findings_of_each, incomplete, understood
from .inspection_walls import inspection_command
from .restraint import SINGLE_THREADED, restrained_command

__all__ = ["IsolatedInspector", "OpenableSketch"]

_ANSWER_BYTES = 64 << 20
"""What an inspection may say of one file, beside the files it makes anew: tables for the ledger are most of it."""
_DERIVED_FACTOR = 4
"""Files made anew may have so many times the bytes that one submitted file may have."""
_SUPPORTING_BYTES = 16 << 20
_SMALL_BYTES = 64 << 10
"""Small tables are opened too: programs write one model as several."""
Command = Callable[..., list[str]]


class OpenableSketch(Protocol):
    """A sketch of a dataset, wherever it is kept."""

    def open(self, stack: contextlib.ExitStack) -> dict[str, Any]:
        """Return ``dataset``, ``descriptor`` and ``key``, or ``dataset`` and the ``problem``, for the engine."""


class IsolatedInspector:
    """Implements the airlock's ``Inspector``. Whatever goes wrong becomes a finding, never a pass."""

    def __init__(
        self,
        *,
        module: str = "orchestrator.airlock.inspection.scan",
        extra_source: Path | None = None,
        in_a_pod: bool = False,
        command: Command | None = None,
        sketches: Callable[[str], Sequence[OpenableSketch]] | None = None,
    ) -> None:
        """``in_a_pod``: where new namespaces are refused, other walls stand around it, see ``restraint``.

        ``sketches`` gives those of a project's datasets; without it nothing is compared with data.
        """
        self._module = module
        self._extra_source = extra_source
        self._command = command or (restrained_command if in_a_pod else inspection_command)
        self._sketches = sketches

    def inspect(
        self,
        path: Path,
        *,
        name: str,
        sha256: str,  # noqa: ARG002 - the port's
        pack: Pack,
        project_id: str = "",
    ) -> Inspection:
        """Run every check of the pack on the file, and compare it with the data that the project mounts."""
        try:
            with contextlib.ExitStack() as stack:
                file = _opened(path, stack)
                known = self._sketches(project_id) if self._sketches is not None and project_id else ()
                sketches = [sketch.open(stack) for sketch in known]
                request = {"mode": "file", "name": name, "pack": pack.as_json(), "sketches": sketches}
                passed = [each["descriptor"] for each in sketches if "descriptor" in each]
                most = _ANSWER_BYTES + _DERIVED_FACTOR * pack.limits.file_bytes
                return understood(self._run(request, pack, file=file, passed=passed, most=most))
        except IncompleteError as error:
            return incomplete(str(error))
        except OrchestratorError as error:
            return incomplete(error.message)
        except OSError as error:
            return incomplete(f"the inspection could not be started ({error.strerror or type(error).__name__})")

    def inspect_together(
        self,
        files: Sequence[Inspected],
        *,
        released: Sequence[Json],
        pack: Pack,
        project_id: str = "",
        versions: frozenset[str] = frozenset(),
    ) -> Mapping[str, tuple[Finding, ...]]:
        """Check the files of one request against each other and against ``released``."""
        try:
            with contextlib.ExitStack() as stack:
                members, passed = _members(files, stack)
                request = {"mode": "together", "pack": pack.as_json(), "files": members, "released": list(released)}
                request |= {"project": project_id, "versions": sorted(versions)}
                output = self._run(request, pack, file=None, passed=passed, most=_ANSWER_BYTES)
                found = findings_of_each(output, len(files))
            return {file.file_id: each for file, each in zip(files, found, strict=True)}
        except IncompleteError as error:
            why = str(error)
        except OrchestratorError as error:
            why = error.message
        except OSError as error:
            why = f"the inspection could not be started ({error.strerror or type(error).__name__})"
        words = f"The files of this request were not checked against each other and against earlier releases: {why}."
        return {file.file_id: (Finding.incomplete(words),) for file in files}

    def _run(self, request: dict[str, Any], pack: Pack, *, file: int | None, passed: list[int], most: int) -> bytes:
        command = self._command(self._module, extra_source=self._extra_source)
        request["descriptors"] = passed
        with contextlib.ExitStack() as stack:
            asked = stack.enter_context(tempfile.TemporaryFile())
            asked.write(json.dumps(request).encode())
            asked.seek(0)
            process = subprocess.Popen(
                [*command, str(asked.fileno())],
                stdin=subprocess.DEVNULL if file is None else file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(asked.fileno(), *passed),
                env=dict.fromkeys(SINGLE_THREADED, "1"),
                cwd="/",
                start_new_session=True,
            )
            stack.callback(_end, process)
            output = _read(process, pack.resources.wall_seconds, most)
            code = _exit_code(process)
        if code != 0:
            raise IncompleteError(f"the inspection ended early ({_ending(code)})")
        return output


def _opened(path: Path, stack: contextlib.ExitStack) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor


def _members(files: Sequence[Inspected], stack: contextlib.ExitStack) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the files as the engine reads them; only those that may describe others are opened for it."""
    members: list[dict[str, Any]] = []
    passed: list[int] = []
    for file in files:
        member: dict[str, Any] = {
            "name": file.name,
            "kind": file.kind,
            "sha256": file.sha256,
            "tables": list(file.tables),
            "rules": sorted(file.rules),
        }
        most = {"json": _SUPPORTING_BYTES, "text": _SUPPORTING_BYTES, "table": _SMALL_BYTES}.get(file.kind, 0)
        if file.path.stat().st_size <= most and len(passed) < 64:
            member["descriptor"] = _opened(file.path, stack)
            passed.append(member["descriptor"])
        members.append(member)
    return members, passed


def _read(process: subprocess.Popen[bytes], seconds: float, most: int) -> bytes:
    if process.stdout is None:
        raise IncompleteError("the inspection gave no answer")
    end, output = time.monotonic() + seconds, bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = end - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise IncompleteError(f"the inspection took longer than {seconds:g} seconds")
            piece = os.read(process.stdout.fileno(), 1 << 20)
            if not piece:
                return bytes(output)
            output += piece
            if len(output) > most:
                raise IncompleteError("the inspection said too much to be trusted")


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        raise IncompleteError("the inspection did not end after its answer") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
    if process.stdout is not None:
        process.stdout.close()


def _ending(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"exit code {code}"
