"""Takes HTML apart with the standard library's parser: tables, shown and hidden words, links, scripts."""

from __future__ import annotations

from html.parser import HTMLParser

from .markup import is_hidden
from .page_table import PageTable
from .places import Places

__all__ = ["Page"]

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "li",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "br",
        "section",
        "article",
        "pre",
        "blockquote",
        "dt",
        "dd",
        "caption",
        "figcaption",
    ]
)
_LOADS = frozenset(
    {"src", "data", "poster", "background", "action", "formaction", "srcset", "cite", "codebase", "xlink:href"}
)
_UNSEEN = frozenset({"template", "noscript", "dialog", "datalist"})
_DEEP = 20
_TAGS = 10_000


class Page(HTMLParser):
    """One page, or a piece of one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[str] = []
        self.handlers = Places()
        self.concealed = Places()
        self.attributes: list[str] = []
        self.metadata: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.deep = False
        self._shown: list[str] = []
        self._hidden: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._unseen = 0
        self._tables: list[PageTable] = []
        self._building: list[PageTable] = []

    def shown(self) -> str:
        """Return the words outside tables that a reader sees."""
        return _tidy("".join(self._shown))

    def hidden(self) -> str:
        """Return the words that are in the page and not seen."""
        return _tidy("".join(self._hidden))

    def tables(self) -> list[PageTable]:
        """Return every table, in the order in which they end."""
        return self._tables + self._building

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name.lower(): value or "" for name, value in attrs}
        unseen = self._is_unseen(tag, known)
        if unseen:
            self.concealed.add(tag)
        if tag not in _VOID:
            if len(self._open) < _TAGS:
                self._open.append((tag, unseen))
                self._unseen += unseen
            else:
                self.deep = True
        self._keep_attributes(tag, known)
        if tag == "script":
            self.scripts.append("")
        elif tag == "table":
            if len(self._building) < _DEEP:
                self._building.append(PageTable())
            else:
                self.deep = True
        elif self._building and tag in ("tr", "td", "th"):
            self._building[-1].start(tag, known)
        if tag in _BLOCKS:
            self._say("\n")

    def handle_endtag(self, tag: str) -> None:
        for index in range(len(self._open) - 1, max(-1, len(self._open) - 200), -1):
            if self._open[index][0] == tag:
                self._unseen -= sum(unseen for _, unseen in self._open[index:])
                del self._open[index:]
                break
        if tag == "table" and self._building:
            self._tables.append(self._building.pop())
        if tag in _BLOCKS:
            self._say("\n")

    def handle_data(self, data: str) -> None:
        inside = self._open[-1][0] if self._open else ""
        if inside == "script":
            self.scripts[-1] += data
        elif inside == "style":
            if "@import" in data or "url(" in data.replace("url(data:", "").replace("url(#", ""):
                self.links.append(("style", data.strip()[:80]))
        else:
            self._say(data)

    def handle_pi(self, data: str) -> None:
        if not data.lower().startswith("xml"):
            self.metadata.append(data)

    def _say(self, words: str) -> None:
        if self._unseen:
            self._hidden.append(words)
        elif self._building:
            self._building[-1].say(words)
        else:
            self._shown.append(words)

    def _is_unseen(self, tag: str, known: dict[str, str]) -> bool:
        return (
            tag in _UNSEEN
            or "hidden" in known
            or (tag == "input" and known.get("type", "").lower() == "hidden")
            or (tag == "details" and "open" not in known)
            or is_hidden(known.get("style", ""))
        )

    def _keep_attributes(self, tag: str, known: dict[str, str]) -> None:
        for name, value in known.items():
            if name.startswith("on"):
                self.handlers.add(f"{tag} {name}")
            elif name in _LOADS or (name == "href" and value and not value.startswith("#")):
                self.links.append((tag, value))
            elif (name.startswith("data-") or name in ("value", "alt", "title", "aria-label")) and value:
                self.attributes.append(value)
            elif name == "content" and tag == "meta":
                self.metadata.append(value)
            elif name == "style" and "url(" in value.replace("url(data:", ""):
                self.links.append((tag, value[:80]))


def _tidy(text: str) -> str:
    return "\n".join(line for line in (" ".join(line.split()) for line in text.split("\n")) if line)
