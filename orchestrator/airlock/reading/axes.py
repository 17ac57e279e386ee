"""The axes of a plot drawn by matplotlib: from places on paper back to the values that were plotted."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from .marks import Place
from .markup import local

__all__ = ["Axes", "Scale", "axes_of"]

_TICK = re.compile(r"([xy])tick_\d+")
_NUMBER = re.compile(r"[-+]?[\d.,]*\d(?:[eE][-+]?\d+)?")
_EXPONENT = re.compile(r"\$\\mathdefault\{10\^\{([-+−]?\d+)\}\}\$")
_DEFINED = frozenset({"defs", "clipPath", "symbol", "marker", "pattern", "metadata"})


@dataclass(frozen=True)
class Scale:
    """One axis: value = offset + slope × place, or ten to that power."""

    slope: float = 1.0
    offset: float = 0.0
    powers: bool = False

    def value(self, at: float) -> float:
        """Return the value that stands at a place."""
        value = self.offset + self.slope * at
        return math.pow(10.0, max(-300.0, min(300.0, value))) if self.powers else value


@dataclass(frozen=True)
class Axes:
    """A part of a drawing with its own axes; without known axes values are places on paper."""

    element: Element
    name: str = ""
    x: Scale = Scale()
    y: Scale = Scale()
    inner: tuple[Element, ...] = ()

    def value(self, spot: Place) -> Place:
        """Return the values at a place, to ten digits: what is left are errors of printing."""
        return float(f"{self.x.value(spot[0]):.10g}"), float(f"{self.y.value(spot[1]):.10g}")

    def drawn(self) -> Iterator[Element]:
        """Yield what is drawn here: no definitions, no ticks, nothing of the axes within."""
        waiting = [self.element]
        while waiting:
            element = waiting.pop()
            if any(element is inner for inner in self.inner):
                continue
            if local(element.tag) in _DEFINED or _TICK.fullmatch(element.get("id", "")):
                continue
            yield element
            waiting.extend(reversed(element))


def axes_of(root: Element) -> list[Axes]:
    """Return each group of axes with its scales, and what is drawn outside them."""
    groups = [each for each in root.iter() if re.fullmatch(r"axes_\d+", each.get("id", "")) is not None]
    found = [
        Axes(each, each.get("id", "").replace("_", " "), _scale(each, "x"), _scale(each, "y")) for each in groups[:100]
    ]
    return [*found, Axes(root, inner=tuple(each.element for each in found))]


def _scale(group: Element, direction: str) -> Scale:
    """Find the scale that explains every labelled tick of an axis; the plain one when there is none."""
    ticks: list[tuple[float, str]] = []
    for each in group.iter():
        match = _TICK.fullmatch(each.get("id", ""))
        if match is None or match.group(1) != direction:
            continue
        at = next((use.get(direction) for use in each.iter() if local(use.tag) == "use" and use.get(direction)), None)
        label = _label(each)
        if at is not None and label:
            ticks.append((float(at), label))
    plain = [(at, float(label.replace(",", ""))) for at, label in ticks if _NUMBER.fullmatch(label)]
    powers = [(at, float(match.group(1))) for at, label in ticks if (match := _EXPONENT.fullmatch(label))]
    if len(powers) >= 2:
        return _line(powers, powers=True) or Scale()
    return (_line(plain) if len(plain) >= 2 else None) or Scale()


def _label(tick: Element) -> str:
    for each in tick.iter():
        text = each.text or ""
        if (not isinstance(each.tag, str) or local(each.tag) in ("text", "tspan")) and text.strip():
            return text.strip().replace("−", "-")
    return ""


def _line(ticks: Sequence[Place], *, powers: bool = False) -> Scale | None:
    (first, low), (last, high) = min(ticks), max(ticks)
    if first == last or low == high:
        return None
    slope = (high - low) / (last - first)
    scale = Scale(slope, low - slope * first)
    off = max(abs(scale.value(at) - value) for at, value in ticks)
    return Scale(scale.slope, scale.offset, powers) if off <= 0.005 * abs(high - low) else None
