"""An authenticated stream cipher for files: AES-256-GCM in chunks, so that cutting, swapping or moving is noticed.

The STREAM construction: the nonce of each chunk holds the chunk's number and whether it is the last one. Every file
has a key of its own, derived from the version's data key, a random salt and the file's context; the context (version,
path, digest of the whole manifest) is also authenticated with every chunk, so that a file fits in one place only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..core.errors import Invalid

__all__ = ["CHUNK", "open_stream", "seal_stream"]

CHUNK = 1 << 20
"""Clear bytes per chunk; only the last one may be shorter."""

_MAGIC = b"TRESEAL1"
_SALT = 32
_PREFIX = 7
_TAG = 16
_MOST_CHUNKS = 2**32 - 1


def seal_stream(data_key: bytes, context: bytes, clear: BinaryIO, sealed: BinaryIO) -> Iterator[bytes]:
    """Encrypt ``clear`` into ``sealed``, yielding each clear chunk so that the caller can hash what was sealed."""
    salt, prefix = os.urandom(_SALT), os.urandom(_PREFIX)
    cipher = _cipher(data_key, salt, context)
    sealed.write(_MAGIC + salt + prefix)
    for number, chunk, last in _chunks(clear, CHUNK):
        sealed.write(cipher.encrypt(_nonce(prefix, number, last=last), chunk, context))
        yield chunk


def open_stream(data_key: bytes, context: bytes, sealed: BinaryIO) -> Iterator[bytes]:
    """Yield the clear chunks of ``sealed``; raise ``Invalid`` at the first sign that anything was changed.

    A caller must not show what it got before the iteration ended: only then the whole file is known to be whole.
    """
    header = sealed.read(len(_MAGIC) + _SALT + _PREFIX)
    if len(header) != len(_MAGIC) + _SALT + _PREFIX or not header.startswith(_MAGIC):
        raise _changed()
    salt, prefix = header[len(_MAGIC) : len(_MAGIC) + _SALT], header[-_PREFIX:]
    cipher = _cipher(data_key, salt, context)
    for number, chunk, last in _chunks(sealed, CHUNK + _TAG):
        try:
            yield cipher.decrypt(_nonce(prefix, number, last=last), chunk, context)
        except (InvalidTag, ValueError) as error:
            raise _changed() from error


def _chunks(source: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    number, chunk = 0, source.read(size)
    while True:
        following = source.read(size) if len(chunk) == size else b""
        yield number, chunk, not following
        if not following:
            return
        number, chunk = number + 1, following
        if number > _MOST_CHUNKS:
            raise Invalid("The file is too large to be sealed: split it.", field="size")


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _cipher(data_key: bytes, salt: bytes, context: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=_MAGIC + context).derive(data_key))


def _changed() -> Invalid:
    return Invalid("A sealed file was changed since it was sealed: restore it from its custodian.", field="content")
