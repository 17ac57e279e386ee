"""Words of a drawing that stand where nobody sees them: outside its frame, or smaller than print can be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from .markup import local

__all__ = ["words_out_of_sight"]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_SIZE = re.compile(r"font(?:-size)?\s*:[^;]*?([\d.]+)(?:px|pt)?\b")
_TINY = 250
"""Part of the drawing's height below which letters cannot be read: 1.4 points on a page of 345."""


def words_out_of_sight(root: Element) -> Iterator[str]:
    """Yield the words of each text that cannot be seen; a text that is moved or turned is taken to be in sight."""
    frame = _frame(root)
    if frame is None:
        return
    left, top, width, height = frame
    waiting = [(root, False)]
    while waiting:
        element, moved = waiting.pop()
        moved = moved or (element is not root and element.get("transform") is not None)
        if local(element.tag) == "text":
            x, y, size = _first(element.get("x")), _first(element.get("y")), _size(element)
            outside = not (left <= x <= left + width and top <= y <= top + height)
            if (outside or (size is not None and size < height / _TINY)) and not moved:
                yield " ".join("".join(element.itertext()).split())
        waiting.extend((child, moved) for child in element)


def _frame(root: Element) -> tuple[float, float, float, float] | None:
    box = [float(each) for each in _NUMBER.findall(root.get("viewBox", ""))]
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        return box[0], box[1], box[2], box[3]
    width, height = _first(root.get("width")), _first(root.get("height"))
    return (0.0, 0.0, width, height) if width > 0 and height > 0 and "%" not in root.get("width", "") else None


def _first(text: str | None) -> float:
    match = _NUMBER.match((text or "").strip())
    return float(match.group()) if match else 0.0


def _size(element: Element) -> float | None:
    for each in (element, *element):
        own = each.get("font-size")
        if own is not None and _NUMBER.match(own.strip()) and not own.strip().endswith(("em", "%")):
            return _first(own)
        match = _SIZE.search(each.get("style", ""))
        if match is not None:
            return _first(match.group(1))
    return None
