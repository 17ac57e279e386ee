"""Merkle tree hashing, inclusion and consistency as in RFC 9162, section 2.1."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

__all__ = [
    "EMPTY_ROOT",
    "TILE",
    "TILE_HEIGHT",
    "Frontier",
    "consistency_proof",
    "inclusion_path",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root_hash",
    "verify_consistency",
    "verify_inclusion",
]

EMPTY_ROOT = hashlib.sha256(b"").digest()
TILE_HEIGHT = 8
TILE = 1 << TILE_HEIGHT
"""How many hashes of one level are kept together, and replaced by one hash of the next: as in C2SP tlog-tiles."""
_HASH = 32


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of one entry: SHA-256 over 0x00 and the content."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees, the earlier one first: SHA-256 over 0x01 and both."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the roots of its complete subtrees, largest first.

    Enough to append and to compute the root in logarithmic time, so that the log never needs to be read to be written.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if bin(size).count("1") != len(peaks):
            raise ValueError(f"a tree of {size} entries has {bin(size).count('1')} peaks, not {len(peaks)}")
        self.size = size
        self.peaks = list(peaks)

    @classmethod
    def unpacked(cls, size: int, packed: bytes) -> Frontier:
        """Return the frontier whose peaks were kept one after another."""
        return cls(size, [packed[start : start + _HASH] for start in range(0, len(packed), _HASH)])

    def packed(self) -> bytes:
        """Return the peaks one after another, to be kept."""
        return b"".join(self.peaks)

    def append(self, leaf: bytes) -> Sequence[bytes]:
        """Add one leaf hash; return the root of each tile that it completes: of 256 leaves, of 65,536, and so on."""
        carry, left, height = leaf, self.size, 0
        completed: list[bytes] = []
        while left & 1:
            carry = node_hash(self.peaks.pop(), carry)
            left, height = left >> 1, height + 1
            if height % TILE_HEIGHT == 0:
                completed.append(carry)
        self.peaks.append(carry)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the tree's root hash."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the path that proves leaf ``index`` is in the tree over ``leaves``."""
    return inclusion_path(index, len(leaves), lambda start, end: root_hash(leaves[start:end]))


def inclusion_path(index: int, size: int, root_of: Callable[[int, int], bytes]) -> list[bytes]:
    """Return the path that proves leaf ``index`` is in the tree of ``size`` leaves.

    ``root_of(start, end)`` is the root over the leaves from ``start`` to before ``end``; asked once for each step.
    """
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} in a tree of {size}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(root_of(middle, end))
            end = middle
        else:
            path.append(root_of(start, middle))
            start = middle
    return path[::-1]


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether ``path`` proves ``leaf`` at ``index`` in the tree of ``size`` entries with this ``root``."""
    if not 0 <= index < size:
        return False
    position, last, current = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            current = node_hash(step, current)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, step)
        position, last = position >> 1, last >> 1
    return last == 0 and current == root


def consistency_proof(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """Return the path that proves the tree over the first ``earlier`` leaves is a prefix of the tree over all."""
    if not 0 < earlier <= len(leaves):
        raise ValueError(f"no earlier tree of {earlier} entries in one of {len(leaves)}")
    return _subproof(leaves, earlier, whole=True)


def _subproof(leaves: Sequence[bytes], earlier: int, *, whole: bool) -> list[bytes]:
    if earlier == len(leaves):
        return [] if whole else [root_hash(leaves)]
    middle = _split(len(leaves))
    if earlier <= middle:
        return [*_subproof(leaves[:middle], earlier, whole=whole), root_hash(leaves[middle:])]
    return [*_subproof(leaves[middle:], earlier - middle, whole=False), root_hash(leaves[:middle])]


def verify_consistency(
    *, earlier_size: int, earlier_root: bytes, size: int, root: bytes, path: Sequence[bytes]
) -> bool:
    """Say whether ``path`` proves that the earlier tree is a prefix of the later one (RFC 9162, 2.1.4.2)."""
    if not 0 < earlier_size <= size:
        return False
    if earlier_size == size:
        return not path and earlier_root == root
    steps = list(path)
    if earlier_size & (earlier_size - 1) == 0:
        steps.insert(0, earlier_root)
    if not steps:
        return False
    position, last = earlier_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return last == 0 and old == earlier_root and new == root
