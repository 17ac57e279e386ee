"""Keeps the secret of a person's command session in a file that this account of the machine alone can read."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from orchestrator.core.errors import Refused

__all__ = ["forget", "keep", "read"]

_LARGEST = 4096


def _file(state: Path) -> Path:
    return state / "sessions" / f"{os.getuid()}.json"


def keep(state: Path, secret: str) -> None:
    """Write the secret, readable by this account only; an earlier one is replaced in one step."""
    file = _file(state)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_suffix(f".{os.getpid()}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump({"session": secret}, stream)
    new.replace(file)


def read(state: Path) -> str:
    """Return the secret; raises ``Refused`` when there is none, or one that others may have read or written."""
    file = _file(state)
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise Refused("You are not signed in. Run “tre sign-in” and repeat the command.") from error
    except OSError as error:
        raise Refused(f"{file} cannot be read ({error.strerror}). Delete it and run “tre sign-in” again.") from error
    with os.fdopen(descriptor, "rb") as stream:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.getuid() or stat.S_IMODE(seen.st_mode) & 0o077:
            raise Refused(f"{file} is not yours alone, so it is not trusted. Delete it and run “tre sign-in” again.")
        content = stream.read(_LARGEST)
    try:
        secret = json.loads(content)["session"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{file} does not hold a session. Delete it and run “tre sign-in” again.") from error
    if not isinstance(secret, str) or not secret:
        raise Refused(f"{file} does not hold a session. Delete it and run “tre sign-in” again.")
    return secret


def forget(state: Path) -> None:
    """Delete the secret; nothing happens where there is none."""
    _file(state).unlink(missing_ok=True)
