"""What every sealed store does alike: names and hashes clear files, and refuses what is not a plain file."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..core.errors import Invalid
from ..credentials.manifest import check_path
from ..credentials.model import SealedFile

__all__ = ["digest_of", "open_clear", "survey"]

_READ = 1 << 20


def survey(source: Path) -> tuple[SealedFile, ...]:
    """Name and hash every file below ``source``; refuse links, devices and names that are not plain."""
    files: list[SealedFile] = []
    for folder, names, found in os.walk(source, onerror=_refuse_unreadable):
        names.sort()
        for name in sorted([*found, *(entry for entry in names if (Path(folder) / entry).is_symlink())]):
            path = Path(folder) / name
            with open_clear(path) as clear:
                size, sha256 = digest_of(_blocks(clear))
            plain = check_path(path.relative_to(source).as_posix())
            files.append(SealedFile(path=plain, stored_as=secrets.token_hex(16), size=size, sha256=sha256))
    if not files:
        raise Invalid("There is no file to seal in the dataset's directory.", field="source")
    return tuple(sorted(files, key=lambda file: file.path))


def _refuse_unreadable(error: OSError) -> None:
    raise Invalid(f"The dataset's directory cannot be read ({error.strerror}): check its owner.", field="source")


def open_clear(path: Path) -> BinaryIO:
    """Open a plain file for reading, never through a link; raise ``Invalid`` for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        message = f"“{path.name}” cannot be sealed ({error.strerror}): only files are accepted."
        raise Invalid(message, field="source") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Invalid(f"“{path.name}” is not a regular file: only files can be sealed.", field="source")
    return os.fdopen(descriptor, "rb")


def _blocks(clear: BinaryIO) -> Iterator[bytes]:
    while block := clear.read(_READ):
        yield block


def digest_of(blocks: Iterator[bytes]) -> tuple[int, str]:
    """Return size and SHA-256 of everything that ``blocks`` yields."""
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        size += len(block)
        digest.update(block)
    return size, digest.hexdigest()
