"""Tells which directories of indexes are in use, and removes those of other shapes that no process has open.

Each open index holds a shared lock on a file beside its directory, which the system lets go when the process ends,
however it ends. Who would remove a directory takes that lock for itself first. A removal begins with one renaming, so
one that is broken off is finished by the next.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import time
from pathlib import Path

from orchestrator.core.ids import new_id

__all__ = ["discard", "hold", "locked", "sweep"]

_SHAPE = re.compile(r"[0-9a-f]{12}")
_HELD = ".open"
_GONE = "gone-"
_PAUSE = 0.02
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


def hold(place: Path) -> int | None:
    """Keep the directory ``place`` of an index from being swept; returns the descriptor to close when it is not used.

    Nothing is held, and nothing returned, where this account may not write: whoever sweeps then may take the index
    away, and the next search opens it anew.
    """
    while True:
        try:
            descriptor = _opened(place)
        except OSError as error:
            if error.errno in _READ_ONLY:
                return None
            raise
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if _is_current(descriptor, place):
            return descriptor
        os.close(descriptor)


def locked(descriptor: int, until: float) -> bool:
    """Take the lock of an open file for oneself; give up at ``until``, in seconds of the monotonic clock."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE)
        else:
            return True


def discard(place: Path) -> None:
    """Take an index's directory away, with what earlier removals left; call it with the right to change indexes."""
    if place.exists():
        place.rename(place.with_name(f"{_GONE}{new_id()}"))
    _clear(place.parent)


def sweep(keep: Path) -> list[str]:
    """Remove indexes of other shapes than ``keep`` beside it that nobody has open; return their names.

    Call it with the right to change indexes. Nothing is touched that is not named as an index is.
    """
    _clear(keep.parent)
    names = {each.name.removesuffix(_HELD) for each in keep.parent.iterdir()}
    shapes = sorted(name for name in names - {keep.name} if _SHAPE.fullmatch(name))
    return [name for name in shapes if _swept(keep.with_name(name))]


def _swept(place: Path) -> bool:
    descriptor = _opened(place)
    try:
        if not locked(descriptor, until=0.0):
            return False
        discard(place)
        _beside(place).unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)


def _clear(directory: Path) -> None:
    for left in directory.glob(f"{_GONE}*"):
        shutil.rmtree(left, ignore_errors=True)


def _opened(place: Path) -> int:
    return os.open(_beside(place), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _beside(place: Path) -> Path:
    return place.with_name(f"{place.name}{_HELD}")


def _is_current(descriptor: int, place: Path) -> bool:
    """Say whether the file that was locked is still the one that others lock, and not one that was just removed."""
    try:
        return os.path.samestat(os.fstat(descriptor), _beside(place).stat())
    except FileNotFoundError:
        return False
