"""HTML: its tables and words, and what a browser would run, fetch or hide."""

from __future__ import annotations

import json
import re

from orchestrator.airlock.model import Severity

from .drawings import drawings_in, read_drawing
from .file import File
from .gathering import Gathering, place
from .markup import comment_places, comments, data_link, is_remote
from .page_parser import Page
from .places import Places, shown

__all__ = ["read", "read_page"]

_CALL = re.compile(r"(?:newPlot|react|plot|embed|setOption|fromJSON)\s*\(")
_DRAWINGS = 50
_ADVICE = "Hand in the tables as CSV and the pictures as PNG."
_ATTRIBUTE_WORDS = 100


def read(file: File, into: Gathering) -> None:
    """Read a page to its end; what follows the closing tag of the page is said."""
    text = file.text or ""
    read_page(text, into)
    end = text.lower().rfind("</html>")
    rest = text[end + 7 :].strip() if end >= 0 else ""
    if rest:
        into.flag(
            "TRAILING_BYTES",
            f"from character {end + 7}",
            f"{len(rest)} characters follow the end of the page.",
            _ADVICE,
        )
    if b"PK\x05\x06" in file.content[-65_600:]:
        into.block("POLYGLOT", "end of the file", "The page is an archive at the same time.", _ADVICE)


def read_page(text: str, into: Gathering, where: str = "") -> None:
    """Read a page, or a piece of one that stands in another file at ``where``."""
    page = Page()
    page.feed(_without_comments(text, into, where))
    page.close()
    into.text(page.shown(), where)
    into.text(page.hidden(), place(where, "hidden text"))
    for number, table in enumerate(page.tables(), start=1):
        rows = table.rows()
        if rows:
            name = place(where, f"table {number}") if len(page.tables()) > 1 else where
            into.rows(rows[1:], columns=rows[0], where=name)
        into.text(table.beside(), place(where, f"beside table {number}"))
    if page.deep:
        into.incomplete(where, "its tables nest too deep")
    _active(page, into, where)
    _links(page, into, where)
    comments(text, into, where)
    for number, (start, end) in enumerate(drawings_in(text), start=1):
        if number > _DRAWINGS:
            into.incomplete(where, f"it has more than {_DRAWINGS} drawings")
            break
        read_drawing(text[start:end].encode(), into, place(where, f"drawing {number}"))


def _without_comments(text: str, into: Gathering, where: str) -> str:
    """Return what a browser would build a page from; comments are read on their own.

    The parser of Python 3.11 goes through all that follows again for each comment or tag that is opened and never
    closed, so such a rest is cut off and said.
    """
    pieces, done = [], 0
    for start, end in comment_places(text):
        pieces.append(text[done:start])
        done = end
    whole = "".join([*pieces, text[done:]])
    last = whole.rfind(">") + 1
    cuts = [at for at in (whole.find("<!--"), whole.find("<", last)) if at >= 0]
    if cuts:
        into.incomplete(where, "a tag or comment is opened and never closed")
        return whole[: min(cuts)]
    return whole


def _active(page: Page, into: Gathering, where: str) -> None:
    if page.scripts or page.handlers:
        size = sum(len(script) for script in page.scripts)
        into.flag(
            "SCRIPT",
            where,
            f"{len(page.scripts)} scripts of {size:,} characters and {page.handlers.count} handlers run when it opens; "
            "scripts of plots carry the plotted data.",
            _ADVICE,
        )
    for number, script in enumerate(page.scripts, start=1):
        _script(script, into, place(where, f"script {number}"))
    into.at(
        "HIDDEN_CONTENT",
        Severity.FLAG,
        page.concealed,
        f"{page.concealed.count} parts of the page are hidden.",
        "Remove them.",
    )
    if page.attributes:
        into.text("\n".join(page.attributes), place(where, "attributes"))
        if sum(map(len, page.attributes)) > _ATTRIBUTE_WORDS:
            into.flag(
                "DATA_ATTRIBUTES",
                where,
                f"{len(page.attributes)} attributes carry data that no browser shows.",
                _ADVICE,
            )
    size = sum(map(len, page.metadata))
    if size:
        (into.flag if size > 2_000 else into.note)(
            "DOCUMENT_METADATA", place(where, "metadata"), f"It carries {size} characters of metadata.", "Remove it."
        )
        into.text("\n".join(page.metadata), place(where, "metadata"))


def _links(page: Page, into: Gathering, where: str) -> None:
    remote = Places()
    for tag, link in page.links:
        if link.strip().lower().startswith("data:"):
            data_link(link, into, place(where, tag), read_drawing)
        elif link.strip().lower().startswith("javascript:"):
            into.flag("SCRIPT", place(where, tag), "A link runs a script.", _ADVICE)
        elif is_remote(link) or tag != "a":
            remote.add(f"{tag} {shown(link, 40)}")
    if remote:
        into.flag(
            "EXTERNAL_LINK",
            place(where, str(remote)),
            f"{remote.count} parts lie elsewhere; fetching them tells others who reads the page.",
            _ADVICE,
        )


def _script(script: str, into: Gathering, where: str) -> None:
    """Read the data that a script carries: a value that is all JSON, or handed to a plotting call as JSON."""
    from .plots import read_bundle  # noqa: PLC0415 - only pages with scripts hold plots

    decoder = json.JSONDecoder()
    text = script.strip()
    whole = text[:1] in ("{", "[")
    starts = [0] if whole else [match.end() for match in _CALL.finditer(text)][:20]
    for start in starts:
        opening = re.compile(r"[\[{]").search(text, start)
        if opening is None:
            continue
        try:
            value, _ = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            continue
        read_bundle(value, into, where)
