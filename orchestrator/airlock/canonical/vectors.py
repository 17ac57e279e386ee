"""Drawings: rebuilt from shapes and words that are harmless, and turned into pixels where marks are people."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from orchestrator.airlock.model import Severity
from orchestrator.airlock.reading.gathering import Gathering
from orchestrator.airlock.reading.markup import is_hidden, local, parse
from orchestrator.airlock.reading.specimen import Specimen

from .images import clean_png
from .naming import Naming
from .parts import Canonical, Derived

__all__ = ["canonical_drawing", "drawn_png"]

_SPACE = "http://www.w3.org/2000/svg"
_LINK = "http://www.w3.org/1999/xlink"
_SHAPES = frozenset(
    [
        "svg",
        "g",
        "path",
        "use",
        "image",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "rect",
        "text",
        "tspan",
        "defs",
        "clipPath",
        "symbol",
        "marker",
        "title",
        "linearGradient",
        "radialGradient",
        "stop",
        "pattern",
        "style",
    ]
)
_GONE = (
    "DATA_ATTRIBUTES",
    "DOCUMENT_METADATA", "MARKUP_COMMENTS", "SCRIPT", "EXTERNAL_LINK", "FOREIGN_CONTENT", "HIDDEN_CONTENT",
    "EMBEDDED_FILE", "IMAGE_METADATA",
)  # fmt: skip
_OUTSIDE = re.compile(r"@import[^;]*;?|url\(\s*['\"]?(?!#)[^)]*\)?|expression\(|javascript:", re.IGNORECASE)
_FONT = re.compile(r"font(?:-family)?\s*:[^;\"}]*")
_INSIDE = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,([A-Za-z0-9+/=\s]+)", re.IGNORECASE)
_WIDEST = 4_000
_SCALE = 2.0


def canonical_drawing(file: Specimen) -> Canonical | None:
    """Return a clean drawing where nothing was found in it, and a picture of it where marks or hidden parts were.

    The finding on such marks stays: a picture makes values less exact, but still shows one person beside another.
    """
    doubtful = any(finding.severity is not Severity.NOTE for finding in file.reading.findings)
    clean = _clean(file.content)
    if clean is None:
        return None
    if not doubtful:
        content = tostring(clean, encoding="utf-8", xml_declaration=False) + b"\n"
        note = "" if content == file.content else "Rebuilt from its shapes and words alone."
        return Canonical(files=(Derived(name=file.name, content=content, note=note),), removed=_GONE)
    drawn = _rendered(clean)
    if drawn is None:
        return None
    name = Naming(file.name).name("png")
    note = "Drawn as a picture, because values could be read back from it or parts of it were not seen."
    return Canonical(files=(Derived(name=name, content=drawn, note=note),), removed=_GONE)


def drawn_png(content: bytes) -> bytes | None:
    """Return a drawing as a PNG, or nothing when it cannot be drawn."""
    clean = _clean(content)
    return None if clean is None else _rendered(clean)


def _clean(content: bytes) -> Element | None:
    root = parse(content, Gathering())
    if root is None or local(root.tag) != "svg":
        return None
    register_namespace("", _SPACE)
    register_namespace("xlink", _LINK)
    fresh = Element(f"{{{_SPACE}}}svg", dict(_attributes(root)))
    waiting = [(root, fresh)]
    while waiting:
        old, new = waiting.pop()
        new.text = _style(old.text) if local(old.tag) == "style" else old.text
        made = []
        for child in old:
            if not _is_kept(child):
                _keep_tail(child, new)
                continue
            copy = SubElement(new, f"{{{_SPACE}}}{local(child.tag)}", dict(_attributes(child)))
            copy.tail = child.tail
            made.append((child, copy))
        waiting.extend(reversed(made))
    return fresh


def _is_kept(element: Element) -> bool:
    if local(element.tag) not in _SHAPES or "xhtml" in str(element.tag):
        return False
    own = ";".join(f"{name}:{element.get(name, '')}" for name in ("display", "visibility", "opacity"))
    return not is_hidden(f"{element.get('style', '')};{own}") or local(element.tag) in ("defs", "clipPath")


def _keep_tail(left_out: Element, parent: Element) -> None:
    if left_out.tail and left_out.tail.strip():
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + left_out.tail
        else:
            parent.text = (parent.text or "") + left_out.tail


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        name = local(key)
        if name.lower().startswith(("on", "data-", "aria-")) or name in ("src", "base", "actuate", "role"):
            continue
        if name == "href":
            kept = value if value.startswith("#") else _picture(element, value)
            if kept:
                yield f"{{{_LINK}}}href", kept
        elif not key.startswith("{") or key.startswith(f"{{{_SPACE}}}"):
            yield name, _style(value)


def _picture(element: Element, link: str) -> str | None:
    """Return a picture that stands in a drawing, drawn anew; nothing for whatever else is linked."""
    match = _INSIDE.fullmatch(link.strip()) if local(element.tag) == "image" else None
    if match is None:
        return None
    try:
        content = base64.b64decode(match.group(2))
    except ValueError:
        return None
    drawn = clean_png(content, match.group(1).lower().replace("jpg", "jpeg"))
    return None if drawn is None else "data:image/png;base64," + base64.b64encode(drawn).decode()


def _style(text: str | None) -> str:
    return _OUTSIDE.sub("", text or "")


def _rendered(clean: Element) -> bytes | None:
    import resvg  # noqa: PLC0415 - only drawings need it

    for element in clean.iter():  # one font for all: which ones are installed must not change the picture
        if "font-family" in element.attrib:
            del element.attrib["font-family"]
        if "style" in element.attrib:
            element.attrib["style"] = _FONT.sub(_keep_size, element.attrib["style"])
        if local(element.tag) == "style":
            element.text = _FONT.sub(_keep_size, element.text or "")
    name, data = _font()
    options = resvg.usvg.Options.default()
    options.load_font_data(data)
    options.font_family = name
    try:
        tree = resvg.usvg.Tree.from_str(tostring(clean, encoding="unicode"), options)
        width, height = tree.int_size()
        scale = min(_SCALE, _WIDEST / max(1, width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        place = (scale, 0.0, 0.0, 0.0, scale, 0.0)  # two rows of three: the library does not say which way round
        drawn = resvg.render(tree, place, bg_size=size, bg_color=(255, 255, 255, 255))
    except (ValueError, RuntimeError):
        return None
    return clean_png(bytes(drawn), "png")


def _keep_size(match: re.Match[str]) -> str:
    size = re.search(r"[\d.]+(?:px|pt|em)?", match.group()) if match.group().startswith("font:") else None
    return f"font-size:{size.group()}" if size else ""


@lru_cache(maxsize=1)
def _font() -> tuple[str, bytes]:
    """Return the font that Pillow carries: the same on every machine, and there where no file may be opened."""
    from PIL import ImageFont  # noqa: PLC0415 - beside its only use

    font = ImageFont.load_default(12)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without fonts")
    return str(font.getname()[0]), bytes(font.font_bytes)
