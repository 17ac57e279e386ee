"""Makes sketches in processes of their own when data arrive, and opens them for comparisons in the airlock."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..airlock.sketches.ports import SketchKeys, SketchStore
from ..core.errors import OrchestratorError
from .restraint import SINGLE_THREADED

__all__ = ["ProjectSketches", "SketchMaker"]

_log = logging.getLogger(__name__)
_MODULE = "orchestrator.airlock.sketches.making"
_SECONDS = 4 * 3600.0
_AT_ONCE = 2
_KEPT_OPEN = 300.0
_KEPT_BYTES = 512 << 20


@dataclass
class _Making:
    process: subprocess.Popen[bytes]
    into: BinaryIO
    key: bytes
    wrapped_key: str
    begun: float


class SketchMaker:
    """Makes one sketch for every dataset version whose files arrive; for the controller. Nothing here waits."""

    def __init__(self, keys: SketchKeys, store: SketchStore, *, seconds: float = _SECONDS) -> None:
        self._keys = keys
        self._store = store
        self._seconds = seconds
        self._making: dict[str, _Making] = {}

    def done(self, version_id: str, dataset: str, source: Path) -> bool:
        """Begin the sketch of what lies in ``source``, or look how it goes; true once it is kept or has failed.

        A version without a sketch is registered all the same: checkers are told that it was not compared.
        """
        if self._store.known(version_id):
            return True
        making = self._making.get(version_id)
        if making is None:
            if len(self._making) >= _AT_ONCE:
                return False
            self._making[version_id] = self._begun(version_id, dataset, source)
            return False
        if making.process.poll() is None and time.monotonic() < making.begun + self._seconds:
            return False
        del self._making[version_id]
        with making.into:
            self._keep(version_id, making)
        return True

    def never(self, version_id: str, why: str) -> None:
        """Remember that a version has no sketch because its data never lie here."""
        if not self._store.known(version_id):
            self._store.keep_failure(version_id, why)

    def _begun(self, version_id: str, dataset: str, source: Path) -> _Making:
        key, wrapped_key = self._keys.new_sketch_key(version_id)
        into = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed when the process has ended
        request = {"source": str(source.absolute()), "dataset": dataset, "key": key.hex(), "into": into.fileno()}
        process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(into.fileno(),),
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
            | dict.fromkeys(SINGLE_THREADED, "1"),
            cwd="/",
            start_new_session=True,
        )
        if process.stdin is None:
            raise RuntimeError("the process has no standard input")
        process.stdin.write(json.dumps(request).encode())
        process.stdin.close()
        return _Making(process, into, key, wrapped_key, time.monotonic())

    def _keep(self, version_id: str, making: _Making) -> None:
        process = making.process
        if process.poll() is None:
            process.kill()
            why = "making its sketch took too long."
        elif process.returncode != 0:
            why = f"its sketch could not be made (exit code {process.returncode}; it may have needed too much memory)."
        else:
            why = ""
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        if why:
            _log.warning("dataset version %s: %s", version_id, why)
            self._store.keep_failure(version_id, why)
        else:
            self._store.keep(version_id, making.into, key=making.key, wrapped_key=making.wrapped_key)


class ProjectSketches:
    """The sketches of the data that a project was ever granted; for the airlock's inspections.

    What was opened stays open, in memory alone, for a few minutes: a request has many files.
    """

    def __init__(
        self,
        keys: SketchKeys,
        store: SketchStore,
        versions_of: Callable[[str], Sequence[tuple[str, str]]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``versions_of`` gives name and version of every dataset that a project holds or held."""
        self._keys = keys
        self._store = store
        self._versions_of = versions_of
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self._open: OrderedDict[str, tuple[float, BinaryIO, bytes]] = OrderedDict()

    def __call__(self, project_id: str) -> list[ProjectSketch]:
        """Return every sketch of a project, to be opened for one inspection."""
        return [ProjectSketch(self, name, version_id) for name, version_id in self._versions_of(project_id)]

    def opened(self, version_id: str) -> tuple[int, bytes]:
        """Return a descriptor of a version's sketch in memory, for the caller to close, and its key."""
        with self._one_at_a_time:
            self._forget()
            if version_id not in self._open:
                self._open[version_id] = (self._clock(), *self._from_store(version_id))
            _, file, key = self._open[version_id]
            return os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC), key

    def _from_store(self, version_id: str) -> tuple[BinaryIO, bytes]:
        file: BinaryIO = os.fdopen(os.memfd_create("sketch", os.MFD_CLOEXEC), "w+b")
        try:
            key = self._store.open(version_id, lambda key: self._keys.open_sketch_key(version_id, key), file)
        except BaseException:
            file.close()
            raise
        return file, key

    def close(self) -> None:
        """Forget every sketch and key."""
        with self._one_at_a_time:
            while self._open:
                self._open.popitem()[1][1].close()

    def _forget(self) -> None:
        now = self._clock()
        while self._open:
            since, file, _ = next(iter(self._open.values()))
            held = sum(os.fstat(each.fileno()).st_size for _, each, _ in self._open.values())
            if now - since < _KEPT_OPEN and held <= _KEPT_BYTES:
                return
            self._open.popitem(last=False)
            file.close()


@dataclass(frozen=True)
class ProjectSketch:
    """One sketch that can be opened for an inspection."""

    _sketches: ProjectSketches
    dataset: str
    version_id: str

    def open(self, stack: ExitStack) -> dict[str, Any]:
        """Return the sketch on a descriptor with its key, or why results cannot be compared with this dataset."""
        try:
            own, key = self._sketches.opened(self.version_id)
        except OrchestratorError as error:
            return {"dataset": self.dataset, "problem": error.message}
        except OSError as error:
            return {"dataset": self.dataset, "problem": f"its sketch could not be opened ({error.strerror})."}
        stack.callback(os.close, own)
        return {"dataset": self.dataset, "descriptor": own, "key": key.hex()}
