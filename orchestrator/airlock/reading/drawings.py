"""SVG: words, marks and lines of a plot in units of its axes, and everything in it that is not drawing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from .axes import Axes, axes_of
from .file import File
from .gathering import Gathering, place
from .marks import Place, keep_line, keep_marks
from .markup import between, comments, data_link, is_hidden, is_remote, local, parse
from .out_of_sight import words_out_of_sight
from .places import Places, shown

__all__ = ["drawings_in", "read", "read_drawing", "spots_of"]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRANSLATE = re.compile(r"translate\(\s*([-+\d.eE]+)(?:[\s,]+([-+\d.eE]+))?\s*\)")
_LINE = re.compile(r"\s*M[\d\s.,eE+-]+(?:[LHV][\d\s.,eE+-]+)+[Zz]?\s*")
_SMALL = 15.0
"""Width and height, in units of the drawing, up to which a closed shape is a mark rather than an area."""
_LOADING = re.compile(r"@import|url\(\s*['\"]?(?!#)(?!data:)[^)]", re.IGNORECASE)
_LETTERS = re.compile(r"glyph|^font", re.IGNORECASE)
_ACTIVE = frozenset({"script", "handler", "set", "animate", "animateTransform", "animateMotion"})
_PLAIN_METADATA = 2_000


def read(file: File, into: Gathering) -> None:
    """Read an SVG file to its end."""
    read_drawing(file.content, into)


def drawings_in(page: str) -> Iterator[tuple[int, int]]:
    """Yield where each drawing in a page begins and ends."""
    yield from between(page.lower(), "<svg", "</svg>")


def read_drawing(content: bytes, into: Gathering, where: str = "") -> None:
    """Read a drawing that is a file, or stands in one at ``where``."""
    root = parse(content, into, where)
    if root is None:
        return
    words = [
        " ".join("".join(each.itertext()).split())
        for each in root.iter()
        if local(each.tag) in ("text", "title", "desc")
    ]
    into.text("\n".join(words), where)
    comments(content.decode("utf-8", "replace"), into, where)
    _not_drawing(root, into, where)
    for axes in axes_of(root):
        _plotted(axes, into, place(where, axes.name))
    into.picture(where)


def _not_drawing(root: Element, into: Gathering, where: str) -> None:
    active, remote, foreign, hidden, data = Places(), Places(), Places(), Places(), Places()
    for words in words_out_of_sight(root):
        hidden.add(f"text “{shown(words, 20)}”")
    for element in root.iter():
        name = local(element.tag)
        if name in _ACTIVE or any(local(key).lower().startswith("on") for key in element.attrib):
            active.add(name)
        if name == "foreignObject" or (name and isinstance(element.tag, str) and "xhtml" in element.tag):
            foreign.add(name)
            into.text(" ".join(" ".join(element.itertext()).split()), place(where, "foreign content"))
        if name == "metadata":
            _metadata(element, into, where)
        if name not in ("defs", "clipPath") and is_hidden(_style(element)):
            hidden.add(name)
        if _LOADING.search(element.get("style", "") + ((element.text or "") if name == "style" else "")):
            remote.add(name)
        for key, value in element.attrib.items():
            if local(key).startswith("data-") and value:
                data.add(f"{name} “{shown(value, 20)}”")
            if local(key) in ("href", "src"):
                _link(value, into, place(where, name), remote=remote, active=active)
    into_flags = (
        (active, "SCRIPT", "parts run or move when the drawing is opened"),
        (remote, "EXTERNAL_LINK", "parts are fetched from elsewhere when the drawing is opened"),
        (foreign, "FOREIGN_CONTENT", "parts are no drawing but pages within it"),
        (hidden, "HIDDEN_CONTENT", "parts are drawn so that nobody sees them"),
        (data, "DATA_ATTRIBUTES", "attributes carry data that is not drawn"),
    )
    for places, rule, words in into_flags:
        if places:
            into.flag(rule, place(where, str(places)), f"{places.count} {words}.", "Save the plot as PNG.")


def _style(element: Element) -> str:
    own = (f"{name}:{element.get(name, '')}" for name in ("display", "visibility", "opacity"))
    return ";".join((element.get("style", ""), *own))


def _link(link: str, into: Gathering, where: str, *, remote: Places, active: Places) -> None:
    begins = link.strip().lower()
    if begins.startswith("javascript:"):
        active.add(where)
    elif begins.startswith("data:"):
        data_link(link, into, where, read_drawing)
    elif not link.startswith("#") and (is_remote(link) or not where.endswith("a")):
        remote.add(shown(link, 60))


def _metadata(element: Element, into: Gathering, where: str) -> None:
    words = " ".join(" ".join(element.itertext()).split())
    size = len(words) + sum(len(value) for each in element.iter() for value in each.attrib.values())
    if size:
        into.text(words, place(where, "metadata"))
        (into.flag if size > _PLAIN_METADATA else into.note)(
            "DOCUMENT_METADATA",
            place(where, "metadata"),
            f"It carries {size} characters of metadata.",
            "Save it without.",
        )


def _plotted(axes: Axes, into: Gathering, where: str) -> None:
    groups: dict[object, list[Place]] = defaultdict(list)
    for key, spots in spots_of(axes):
        if key == "line":
            keep_line([axes.value(spot) for spot in spots], into, where)
        else:
            groups[key].extend(axes.value(spot) for spot in spots)
    keep_marks(groups, into, where)


def spots_of(axes: Axes) -> Iterator[tuple[object, list[Place]]]:
    """Yield marks with what makes them alike, and lines with their corners, in units of the drawing."""
    for element in axes.drawn():
        name = local(element.tag)
        try:
            yield from _one(name, element)
        except ValueError:
            continue  # a length in percent or another unit: no place that could be read back


def _one(name: str, element: Element) -> Iterator[tuple[object, list[Place]]]:
    get = element.get
    moved = _TRANSLATE.match(get("transform", ""))
    by = (float(moved.group(1)), float(moved.group(2) or 0)) if moved else (0.0, 0.0)
    if name == "use":
        target = next((value for key, value in element.attrib.items() if local(key) == "href"), "")
        if get("x") and get("y") and not _LETTERS.search(target.lstrip("#")):
            yield ("use", target), [(float(get("x", "0")) + by[0], float(get("y", "0")) + by[1])]
    elif name in ("circle", "ellipse"):
        yield (name, get("r") or get("rx")), [(float(get("cx", "0")) + by[0], float(get("cy", "0")) + by[1])]
    elif name in ("polyline", "polygon"):
        numbers = [float(each) for each in _NUMBER.findall(get("points", ""))]
        yield "line", list(zip(numbers[::2], numbers[1::2], strict=False))
    elif name == "text" and len((element.text or "").strip()) == 1 and not (element.text or "").strip().isalnum():
        yield ("text", (element.text or "").strip()), [(float(get("x", "0")) + by[0], float(get("y", "0")) + by[1])]
    elif name == "path":
        yield from _path(get("d", ""), by, moved=moved is not None)


def _path(drawn: str, by: Place, *, moved: bool) -> Iterator[tuple[object, list[Place]]]:
    if moved and len(drawn) < 400:
        yield ("path", drawn), [by]
        return
    numbers = [float(each) for each in _NUMBER.findall(drawn)]
    if _LINE.fullmatch(drawn) and "H" not in drawn and "V" not in drawn:
        spots = list(zip(numbers[::2], numbers[1::2], strict=False))
        if len(spots) > 8:
            yield "line", spots
            return
    if (
        len(numbers) >= 6
        and drawn.strip()[:1] == "M"
        and drawn.rstrip()[-1:] in "Zz"
        and not re.search(r"[a-yHVA]", drawn)
    ):
        xs, ys = numbers[::2], numbers[1::2]
        width, height = max(xs) - min(xs), max(ys) - min(ys)
        if 0 < width <= _SMALL and 0 < height <= _SMALL:
            spot = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
            yield ("shape", round(width, 1), round(height, 1)), [spot]
