"""Keyed 64-bit hashes of many values at once: SipHash-2-4 (Aumasson and Bernstein 2012) over whole columns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["DATE", "NUMBER", "ROUNDED", "TEXT", "TEXT_BYTES", "Hasher", "Words"]

Words = NDArray[np.uint64]

NUMBER, DATE, TEXT, ROUNDED = 1, 2, 3, 32
"""What was hashed: a number, a day, a text; ``ROUNDED + p`` is a number rounded to p decimals. Never mixed up."""
TEXT_BYTES = 240
"""So many bytes of a text count, and its length."""
_BLOCK = 4096
_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


class Hasher:
    """Hashes under one key; without it nobody can tell which value a hash belongs to."""

    def __init__(self, key: bytes) -> None:
        digest = hashlib.blake2b(key, digest_size=16, person=b"tre-sketch-cells").digest()
        self._key = (int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"))

    def numbers(self, values: NDArray[np.float64], tag: int = NUMBER) -> Words:
        """Hash numbers by their float64 form; minus nought is nought."""
        bits = (np.ascontiguousarray(values, dtype=np.float64) + 0.0).view(np.uint64)
        return self._hash([np.full(bits.shape, tag, np.uint64), bits], 16)

    def texts(self, content: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Words:
        """Hash texts that lie in ``content`` (UTF-8) from each start to each end."""
        hashes = np.zeros(starts.shape, np.uint64)
        padded = content + b"\0" * (TEXT_BYTES + 16)
        anywhere: Words = np.ndarray((len(padded) - 8,), np.dtype("<u8"), padded, strides=(1,))
        lengths = np.minimum(ends - starts, TEXT_BYTES)
        words = lengths // 8 + 1
        for count in np.unique(words):
            chosen = np.flatnonzero(words == count)
            columns = [np.full(chosen.shape, TEXT, np.uint64)]
            columns += [anywhere[starts[chosen] + 8 * place] for place in range(count)]
            # bytes beyond the text's end belong to the next one; its full length stands in the top byte's place
            kept = (8 * (lengths[chosen] % 8)).astype(np.uint64)
            columns[-1] = columns[-1] & ((np.uint64(1) << kept) - np.uint64(1))
            columns.append((ends - starts)[chosen].astype(np.uint64))
            hashes[chosen] = self._hash(columns, 8 * len(columns))
        return hashes

    def strings(self, values: Sequence[str]) -> Words:
        """Hash texts given one by one."""
        encoded = [value.encode("utf-8", "replace") for value in values]
        ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), dtype=np.int64)
        starts = np.concatenate(([0], ends[:-1])).astype(np.int64) if encoded else ends
        return self.texts(b"".join(encoded), starts, ends)

    def _hash(self, words: Sequence[Words], length: int) -> Words:
        hashes = np.empty(words[0].shape, np.uint64)
        for start in range(0, len(hashes), _BLOCK):
            block = [word[start : start + _BLOCK] for word in words]
            hashes[start : start + _BLOCK] = siphash(block, length, self._key)
        return hashes


def siphash(words: Sequence[Words], length: int, key: tuple[int, int]) -> Words:
    """Return SipHash-2-4 of messages of ``length`` bytes given word by word; a last word of no bytes is left out."""
    state = [np.full(words[0].shape, start ^ key[place % 2], np.uint64) for place, start in enumerate(_START)]
    spare = np.empty_like(state[0])
    full, left = length // 8, length % 8
    last = words[full] if left else np.zeros_like(state[0])
    for word in (*words[:full], last | np.uint64((length & 255) << 56)):
        state[3] ^= word
        _round(state, spare)
        _round(state, spare)
        state[0] ^= word
    state[2] ^= np.uint64(0xFF)
    for _ in range(4):
        _round(state, spare)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _round(state: list[Words], spare: Words) -> None:
    a, b, c, d = state
    a += b
    c += d
    _turn(b, 13, spare)
    _turn(d, 16, spare)
    b ^= a
    d ^= c
    _turn(a, 32, spare)
    c += b
    a += d
    _turn(b, 17, spare)
    _turn(d, 21, spare)
    b ^= c
    d ^= a
    _turn(c, 32, spare)


def _turn(word: Words, bits: int, spare: Words) -> None:
    np.left_shift(word, np.uint64(bits), out=spare)
    np.right_shift(word, np.uint64(64 - bits), out=word)
    np.bitwise_or(word, spare, out=word)
