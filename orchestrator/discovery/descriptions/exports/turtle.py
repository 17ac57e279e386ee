"""Writes the JSON-LD of this room as Turtle: the same triples, for catalogues that read nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

__all__ = ["turtle"]

_IN_ADDRESSES = ":/?#[]@!$&'()*+,;=%~"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def turtle(document: Mapping[str, Any]) -> str:
    """Return a document of ``dcat`` as Turtle. Nodes with an address that say more of themselves stand on their own."""
    context = document["@context"]
    heads = [f"@prefix {name}: <{address}> ." for name, address in sorted(context.items())]
    nodes = list(_nodes(document))
    return "\n".join([*heads, "", *("\n".join(_subject(node)) + "\n" for node in nodes)])


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the document, then each node below it that has an address and says something."""
    if isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)
    elif isinstance(value, Mapping) and "@value" not in value:
        if "@id" in value and len(value) > 1:
            yield value
        for name, inner in value.items():
            if name != "@context":
                yield from _nodes(inner)


def _subject(node: Mapping[str, Any]) -> list[str]:
    told = list(_told(node))
    return [_iri(node["@id"]), *(f"    {line} ;" for line in told[:-1]), f"    {told[-1]} ."]


def _told(node: Mapping[str, Any]) -> Iterator[str]:
    for name, value in node.items():
        if name == "@type":
            yield f"a {value}"
        elif not name.startswith("@"):
            objects = value if isinstance(value, list) else [value]
            yield f"{name} " + ", ".join(_object(each) for each in objects)


def _object(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if "@value" in value:
        return f"{_quoted(value['@value'])}^^{value['@type']}"
    if "@id" in value:
        return _iri(value["@id"])
    return "[ " + " ; ".join(_told(value)) + " ]"


def _quoted(text: str) -> str:
    return '"' + "".join(_letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return f"\\u{ord(letter):04X}" if ord(letter) < 32 or ord(letter) == 127 else letter


def _iri(address: str) -> str:
    """Return an address in angle brackets; what may not stand there is percent-encoded."""
    return f"<{quote(address, safe=_IN_ADDRESSES)}>"
