"""Files that appear whole or not at all, whoever else writes them and whenever a machine stops."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["place"]


def place(file: Path, content: bytes, *, mode: int = 0o600, replace: bool = False) -> None:
    """Write a file whole or not at all; without ``replace``, whoever was first has won and nothing is changed."""
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            os.fchmod(opened.fileno(), mode)
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        if replace:
            temporary.replace(file)
        else:
            _link(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
    _settle(file.parent)


def _link(temporary: Path, file: Path) -> None:
    try:
        os.link(temporary, file)
    except FileExistsError:
        return


def _settle(directory: Path) -> None:
    """Have the directory's new entry on disk before anybody relies on it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
