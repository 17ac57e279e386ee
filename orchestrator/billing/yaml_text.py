"""Reads YAML as its author wrote it: every scalar stays text, nothing is named twice, nothing refers elsewhere."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from orchestrator.core.errors import Invalid

__all__ = ["read_text"]

_LARGEST = 256 * 1024


class _AsWritten(yaml.BaseLoader):
    """The loader that makes nothing but text, lists and mappings: 831.60 stays 831.60, and “no” stays a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"“{key.value}” is written twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references (*) are not used here")
        return super().compose_node(parent, index)


def _check_letters(read: Any, name: str) -> None:
    """Raise for text that cannot be shown or hashed: control characters, halves of a letter."""
    waiting = [read]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and not one.replace("\n", " ").isprintable():
            raise Invalid(f"{name} holds characters that cannot be shown: {one[:20]!r}.", field=name)
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one


def read_text(text: str, *, name: str) -> dict[str, Any]:
    """Return a YAML text as mappings, lists and text; raises ``Invalid`` with the line of the fault."""
    if len(text) > _LARGEST:
        raise Invalid(f"{name} is larger than {_LARGEST} characters; that is no price list.", field=name)
    try:
        read = yaml.load(text, Loader=_AsWritten)  # noqa: S506 - makes text, lists and mappings only
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Invalid(f"{name} cannot be read as YAML: {' '.join(str(error).split())[:200]}.", field=name) from error
    _check_letters(read, name)
    if not isinstance(read, dict):
        raise Invalid(f"{name} must hold fields by name, such as “series: …”.", field=name)
    return read
