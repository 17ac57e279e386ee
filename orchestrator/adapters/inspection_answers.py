"""Reads what an inspection said. It read a stranger's file, so nothing it says is trusted beyond its form."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.airlock.inspection.scan import finding_from_json
from orchestrator.airlock.intake.names import check_name
from orchestrator.airlock.model import Finding
from orchestrator.airlock.ports import Derived, Inspection
from orchestrator.core.errors import Invalid

__all__ = ["IncompleteError", "findings_of_each", "incomplete", "understood"]

_FINDINGS = 2_000
_DERIVED_FILES = 1_000
_NAME_CHARACTERS = 200


class IncompleteError(Exception):
    """The inspection did not come to its end."""


def understood(output: bytes) -> Inspection:
    """Return what was said of one file; raises ``IncompleteError`` for anything that cannot be read."""
    head, found, tail = output.partition(b"\n")
    try:
        answer = _whole(head)
        if not answer["kind"] or not isinstance(answer["kind"], str):
            raise ValueError("no kind")
        findings = _findings(answer["findings"])
        tables = tuple(answer.get("tables", ()))
        derived = _derived(answer.get("derived", ()), tail if found else b"")
    except (ValueError, KeyError, TypeError, RecursionError, Invalid) as error:
        raise IncompleteError("the inspection gave an answer that cannot be read") from error
    return Inspection(kind=answer["kind"][:40], findings=findings, tables=tables, derived=derived)


def findings_of_each(output: bytes, files: int) -> list[tuple[Finding, ...]]:
    """Return what was said of each of several files; raises ``IncompleteError`` where one is missing."""
    try:
        said = _whole(output)["findings"]
        if not isinstance(said, list) or len(said) != files:
            raise ValueError("not every file")
        return [_findings(each) for each in said]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IncompleteError("the inspection gave an answer that cannot be read") from error


def _whole(line: bytes) -> dict[str, Any]:
    answer = json.loads(line)
    if not isinstance(answer, dict) or answer["complete"] is not True:
        raise ValueError("not complete")
    return answer


def _findings(said: Any) -> tuple[Finding, ...]:
    if not isinstance(said, list):
        raise TypeError("findings must be a list")
    if len(said) > _FINDINGS:
        raise IncompleteError("the inspection said too much to be trusted")
    return tuple(finding_from_json(each) for each in said)


def _derived(said: Any, content: bytes) -> tuple[Derived, ...]:
    """Cut the bytes behind the answer into the files it names; their sizes must fit exactly."""
    if len(said) > _DERIVED_FILES:
        raise ValueError("too many files")
    made, at = [], 0
    for each in said:
        name, size = check_name(each["name"], characters=_NAME_CHARACTERS), each["size"]
        if not isinstance(size, int) or size < 0:
            raise TypeError("a size is a whole number")
        made.append(Derived(name=name, content=content[at : at + size]))
        at += size
    if at != len(content) or len({each.name for each in made}) != len(made):
        raise ValueError("the files do not fit their sizes and names")
    return tuple(made)


def incomplete(why: str) -> Inspection:
    """Return the inspection of a file that was not read to its end."""
    words = f"The file was not inspected to its end: {why.rstrip('.')}."
    return Inspection(kind="unread", findings=(Finding.incomplete(words),))
