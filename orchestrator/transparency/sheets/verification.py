"""Checks a sheet with public keys alone: no installation, no network, no trust in whoever handed it over."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core.errors import Invalid

from .. import sealed
from .model import SheetContent
from .service import KIND, SCHEMA, content_of

__all__ = ["verify_sheet"]


def verify_sheet(raw: bytes, keys: Mapping[int, bytes]) -> tuple[SheetContent, list[str]]:
    """Return what a sheet says and every reason why it is not genuine; raises ``Invalid`` where it is no sheet."""
    opened = sealed.opened(raw, keys, kind=KIND)
    problems = list(opened.problems)
    try:
        if opened.content.get("schema") != SCHEMA:
            raise KeyError("schema")
        content = content_of(opened.content)
    except (KeyError, TypeError, AttributeError) as error:
        raise Invalid("This is no sheet that this program knows.", field="file") from error
    if opened.entry.get("subject") != f"sheet:{opened.content.get('sheet')}":
        problems.append("The log's entry is about another sheet.")
    if content.installation != opened.proof.head.origin:
        problems.append("The sheet names another installation than the one whose log holds it.")
    if content.log_size > opened.proof.position:
        problems.append("The sheet tells of a longer log than the one that it stands in.")
    return content, problems
