"""Roots over parts of the log from what is kept of its tree: every 256th level of hashes, so that few rows are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .merkle import TILE, TILE_HEIGHT, inclusion_path, node_hash, root_hash

__all__ = ["Tiles"]


class Tiles:
    """The tree over the first ``size`` leaves, read a tile at a time and each tile once.

    Level 0 are the leaf hashes; hash ``n`` of level ``l`` is the root over hashes ``256 n`` to ``256 n + 255`` of the
    level below. ``read(level, start, end)`` returns what is kept of a level by number. A hash that is missing above
    level 0 is computed from the level below, so a log from before they were kept needs more reading and nothing else.
    """

    def __init__(self, size: int, read: Callable[[int, int, int], Mapping[int, bytes]]) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[tuple[int, int], Mapping[int, bytes]] = {}

    def inclusion(self, index: int) -> list[bytes]:
        """Return the path that proves leaf ``index``; raises ``LookupError`` when a leaf that it needs is missing."""
        return inclusion_path(index, self._size, self._root)

    def _root(self, start: int, end: int) -> bytes:
        """Return the root over leaves; as RFC 9162 splits a tree, each whole part starts at a multiple of its size."""
        height = (end - start).bit_length() - 1
        middle = start + (1 << height)
        whole = self._whole(height, start >> height)
        return whole if middle == end else node_hash(whole, self._root(middle, end))

    def _whole(self, height: int, number: int) -> bytes:
        level, above = divmod(height, TILE_HEIGHT)
        return root_hash([self._hash(level, each) for each in range(number << above, (number + 1) << above)])

    def _hash(self, level: int, number: int) -> bytes:
        place = level, number // TILE
        if place not in self._tiles:
            start = place[1] * TILE
            end = min(start + TILE, self._size >> (TILE_HEIGHT * level))
            self._tiles[place] = self._read(level, start, end)
        kept = self._tiles[place].get(number)
        if kept is not None:
            return kept
        if level == 0:
            raise LookupError(f"entry {number} is missing")
        return root_hash([self._hash(level - 1, each) for each in range(number * TILE, (number + 1) * TILE)])
