"""XML without entity bombs, and what every kind of markup can hide: scripts, comments, links, encoded parts."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from .file import File
from .gathering import Gathering, place
from .packed import nested
from .places import Places, shown

__all__ = ["between", "comment_places", "comments", "data_link", "is_hidden", "is_remote", "local", "parse", "read"]

_REMOTE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//|\s*(?:https?|ftp|file|smb|mhtml):", re.IGNORECASE)
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?<![\w-])opacity\s*:\s*0(?:\.0*)?\s*(?:;|$)|"
    r"font-size\s*:\s*0(?:px|pt|em)?\s*(?:;|$)|clip-path\s*:\s*inset\(\s*(?:50|100)%|text-indent\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
_LONG_COMMENT = 200
ReadDrawing = Callable[[bytes, Gathering, str], None]
_ENTITY = re.compile(rb"<!\s*ENTITY|<\x00!\x00\s*\x00?E\x00N\x00T\x00I", re.IGNORECASE)


def read(file: File, into: Gathering) -> None:
    """Read XML of no known kind: all its words, and a model where it is one."""
    root = parse(file.content, into)
    if root is None:
        return
    if local(root.tag) == "PMML":
        into.flag("MODEL_FILE", "whole file", "This is a fitted model in PMML.", "Hand in the table of coefficients.")
    into.text("\n".join(text.strip() for text in root.itertext() if text.strip()))
    values = [value for element in root.iter() for value in element.attrib.values()]
    into.text("\n".join(values), "attributes")
    comments(file.text or "", into)


def parse(content: bytes, into: Gathering, where: str = "") -> Element | None:
    """Return the root of an XML part, or nothing after saying why; entities are refused, never expanded."""
    if _ENTITY.search(content):
        into.block(
            "ENTITY_DECLARATION",
            where,
            "It declares entities, which can grow without end or fetch other files; it was not read.",
            "Save the file again with the program that made it.",
        )
        return None
    builder = TreeBuilder(insert_comments=True)
    parser = DefusedXMLParser(target=builder, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(content)
        root = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        into.incomplete(where, f"its XML is damaged ({shown(str(error), 80)})")
        return None
    return root if isinstance(root, Element) else None


def local(tag: object) -> str:
    """Return a tag without its name space; empty for a comment."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def comments(text: str, into: Gathering, where: str = "") -> None:
    """Keep the words of comments; long ones are more than labels."""
    found, long = Places(), 0
    kept: list[str] = []
    for start, end in comment_places(text):
        words = text[start + 4 : end].strip().removesuffix(">").rstrip("-!")
        if not words:
            continue
        kept.append(words)
        long += len(words) > _LONG_COMMENT
        found.add(f"“{shown(words, 30)}”")
    if found:
        into.text("\n".join(kept), place(where, "comments"))
        (into.flag if long else into.note)(
            "MARKUP_COMMENTS",
            place(where, str(found)),
            f"{found.count} comments stand in the file, where no viewer shows them.",
            "Remove them.",
        )


def between(text: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """Yield where each passage from ``opening`` to the next ``closing`` begins and ends, looking at no place twice."""
    start = text.find(opening)
    while start >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            return
        yield start, end + len(closing)
        start = text.find(opening, end + len(closing))


def comment_places(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each comment begins and ends for a browser: ``<!-->`` is a whole one, ``--!>`` ends one too."""
    start = text.find("<!--")
    while start >= 0:
        whole = next((each for each in ("<!-->", "<!--->") if text.startswith(each, start)), "")
        end = start + len(whole) if whole else _comment_end(text, start + 4)
        if end < 0:
            return
        yield start, end
        start = text.find("<!--", end)


def _comment_end(text: str, start: int) -> int:
    plain = text.find("-->", start)
    odd = text.find("--!>", start, plain if plain >= 0 else len(text))
    return odd + 4 if odd >= 0 else plain + 3 if plain >= 0 else -1


def is_remote(link: str) -> bool:
    """Say whether a link leads out of the file to another place."""
    return _REMOTE.match(link) is not None


def is_hidden(style: str) -> bool:
    """Say whether a style hides what it is for."""
    return _HIDING.search(style) is not None


def data_link(link: str, into: Gathering, where: str, drawing: ReadDrawing) -> None:
    """Read what a ``data:`` link carries: a picture is looked at, anything else is a file within the file.

    ``drawing`` reads an SVG, whose links may carry others in turn.
    """
    from .pictures import FORMATS, read_picture  # noqa: PLC0415 - the picture library is only loaded for pictures

    head, _, body = link.strip().partition(",")
    try:
        content = base64.b64decode(body, validate=False) if ";base64" in head.lower() else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        into.incomplete(where, "a part written as base64 is damaged")
        return
    kind = head[5:].partition(";")[0].lower().removeprefix("image/").replace("jpg", "jpeg")
    if kind in FORMATS:
        read_picture(content, kind, into, place(where, "picture"))
        return
    if kind == "svg+xml":
        drawing(content, into, place(where, "drawing"))
        return
    inner = nested(content)
    words = f"A file of {len(content)} bytes stands within the file ({shown(head[5:45]) or 'no type'})."
    (into.block if inner else into.flag)("EMBEDDED_FILE", where, words, "Hand it in as a file of its own.")
