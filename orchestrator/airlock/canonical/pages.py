"""HTML reduced to words, tables and pictures: nothing runs, nothing is fetched, nothing is hidden."""

from __future__ import annotations

import base64
import binascii
import re

import nh3

from orchestrator.airlock.reading.drawings import drawings_in
from orchestrator.airlock.reading.pictures import FORMATS
from orchestrator.airlock.reading.specimen import Specimen

from .images import clean_png
from .parts import Canonical, Derived
from .vectors import drawn_png

__all__ = ["REMOVED", "canonical_page", "clean_piece", "whole_page"]

REMOVED = (
    "DATA_ATTRIBUTES", "DOCUMENT_METADATA", "EMBEDDED_FILE", "EXTERNAL_LINK", "HIDDEN_CONTENT", "IMAGE_METADATA",
    "MARKUP_COMMENTS", "ODD_ENCODING", "SCRIPT",
)  # fmt: skip
_TAGS = frozenset(
    [
        "p",
        "div",
        "span",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "small",
        "code",
        "pre",
        "kbd",
        "samp",
        "blockquote",
        "abbr",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "colgroup",
        "col",
        "figure",
        "figcaption",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "img",
    ]
)
_WITH_CONTENT = frozenset(
    [
        "script",
        "style",
        "title",
        "template",
        "noscript",
        "iframe",
        "object",
        "embed",
        "applet",
        "audio",
        "video",
        "canvas",
        "math",
        "head",
        "datalist",
        "select",
        "svg",
        "textarea",
        "form",
        "input",
        "button",
    ]
)
_ATTRIBUTES = {
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "*": {"style"},
}
_STYLES = frozenset({"text-align", "font-weight", "font-style", "vertical-align"})
_PICTURE = re.compile(r"data:image/([a-z+]+);base64,([A-Za-z0-9+/=\s%]+)", re.IGNORECASE)
_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Results</title>'
    "<style>table{border-collapse:collapse}td,th{border:1px solid;padding:.2em .5em}pre{white-space:pre-wrap}</style>"
    "</head><body>\n"
)
_TAIL = "\n</body></html>\n"
_PASSES = 12


def canonical_page(file: Specimen) -> Canonical | None:
    """Return a page without anything but what it shows; its drawings become pictures."""
    if file.text is None:
        return None
    text = file.text
    made = text if _is_ours(text) else whole_page(clean_piece(text))
    content = made.encode("utf-8", "replace")
    note = (
        ""
        if content == file.content
        else "Reduced to words, tables and pictures; scripts and plots drawn by them are gone."
    )
    return Canonical(files=(Derived(name=file.name, content=content, note=note),), removed=REMOVED)


def whole_page(inner: str) -> str:
    """Return a page around clean content."""
    return f"{_HEAD}{inner.strip()}{_TAIL}"


def clean_piece(text: str) -> str:
    """Return a piece of HTML without anything that runs, loads or hides; drawings and pictures are drawn anew.

    What is written out may be read a little otherwise (a heading in a heading, an empty line that begins a listing), so
    it is cleaned until nothing changes any more; raises ``ValueError`` when that does not come about.
    """
    before = _cleaned(text)
    for _ in range(_PASSES):
        after = _cleaned(before)
        if after == before:
            return after
        before = after
    raise ValueError("the page reads otherwise each time")


def _cleaned(text: str) -> str:
    pieces, done = [], 0
    for start, end in drawings_in(text):
        pieces += [text[done:start], _as_picture(drawn_png(text[start:end].encode()))]
        done = end
    return nh3.clean(
        "".join([*pieces, text[done:]]),
        tags=set(_TAGS),
        clean_content_tags=set(_WITH_CONTENT),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_filtered,
        strip_comments=True,
        link_rel=None,
        url_schemes={"data"},
        url_relative="deny",
        filter_style_properties=set(_STYLES),
    ).strip()


def _filtered(tag: str, name: str, value: str) -> str | None:
    if (tag, name) != ("img", "src"):
        return value
    match = _PICTURE.fullmatch(value.strip())
    if match is None:
        return None
    kind = match.group(1).lower().replace("jpg", "jpeg")
    try:
        content = base64.b64decode(match.group(2))
    except (binascii.Error, ValueError):
        return None
    if kind == "svg+xml":
        return _source(drawn_png(content))
    return _source(clean_png(content, kind)) if kind in FORMATS else None


def _source(content: bytes | None) -> str | None:
    return None if content is None else "data:image/png;base64," + base64.b64encode(content).decode()


def _as_picture(content: bytes | None) -> str:
    source = _source(content)
    return f'<img src="{source}">' if source else "<p>(a drawing that could not be drawn)</p>"


def _is_ours(text: str) -> bool:
    """Say whether a page was made here: cleaning what is within changes nothing."""
    if not (text.startswith(_HEAD) and text.endswith(_TAIL)):
        return False
    inner = text[len(_HEAD) : len(text) - len(_TAIL)]
    return clean_piece(inner) == inner
