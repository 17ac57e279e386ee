"""Draws how time, calls and memory grow with the number of projects, as a small SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["plot"]

_WIDE, _HIGH, _EDGE = 230, 150, 42
_STYLE = (
    "text{font:11px sans-serif;fill:#222}.axis{stroke:#888}.line{fill:none;stroke:#005eb8;stroke-width:2}"
    ".even{stroke:#aaa;stroke-dasharray:4 3}circle{fill:#005eb8}"
)


def plot(result: Mapping[str, Any], sizes: Sequence[int]) -> str:
    """Return the drawing: one panel for each figure, with a dashed line where growth were exactly linear."""
    seen = [result[f"size {size}"]["seen"] for size in sizes]
    made, total = [], 0.0
    for one in seen:
        total += one["created"]["created after s"]
        made.append(total)
    panels = {
        "created, s (sum)": made,
        "resync, CPU s": [one["resync"]["CPU s, start of Python included"] for one in seen],
        "resync, calls": [float(sum(one["resync"]["calls"].values())) for one in seen],
        "memory after resync, MB": [one["memory after resync MB"] for one in seen],
    }
    width = len(panels) * (_WIDE + 10)
    drawn = [_panel(number, title, sizes, values) for number, (title, values) in enumerate(panels.items())]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HIGH + 50}" role="img">'
    label = "<title>Growth with the number of projects</title>"
    return "\n".join([head, label, f"<style>{_STYLE}</style>", *drawn, "</svg>"]) + "\n"


def _panel(number: int, title: str, sizes: Sequence[int], values: Sequence[float]) -> str:
    left, top, most, last = number * (_WIDE + 10) + _EDGE, 24, max(values) * 1.1, max(sizes)
    inner = _WIDE - _EDGE - 8

    def at(size: float, value: float) -> str:
        return f"{left + inner * size / last:.1f},{top + _HIGH * (1 - value / most):.1f}"

    (x1, y1), (x2, y2) = (at(0, 0).split(","), at(last, values[-1]).split(","))
    points = " ".join(at(size, value) for size, value in zip(sizes, values, strict=True))
    marks = [
        f'<circle cx="{x}" cy="{y}" r="3"><title>{size}: {value:g}</title></circle>'
        for size, value in zip(sizes, values, strict=True)
        for x, y in [at(size, value).split(",")]
    ]
    ticks = [
        f'<text x="{at(size, 0).split(",")[0]}" y="{top + _HIGH + 14}" text-anchor="middle">{size}</text>'
        for size in sizes
    ]
    return "\n".join(
        [
            f'<text x="{left}" y="14">{title}</text>',
            f'<path class="axis" fill="none" d="M{left},{top} V{top + _HIGH} H{left + inner}"/>',
            f'<line class="even" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>',
            f'<polyline class="line" points="{points}"/>',
            *marks,
            *ticks,
            f'<text x="{left - 4}" y="{float(y2) + 4:.1f}" text-anchor="end">{values[-1]:.0f}</text>',
            f'<text x="{left - 4}" y="{top + _HIGH}" text-anchor="end">0</text>',
        ]
    )
