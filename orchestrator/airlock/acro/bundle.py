"""Reads ``results.json`` of ACRO 0.4 to 1.0 by its form, with every size bounded; unknown keys are left alone.

The form (acro/record.py, ``finalise_json``): ``version`` and ``results``, whose entries have ``uid``, ``status``,
``type``, ``properties``, ``files`` (each with ``name`` and ``sdc``: ``summary`` and ``cells`` by check), ``outcome``,
``command``, ``summary``, ``timestamp``, ``comments``, ``exception`` and, since 1.0, ``fair``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.airlock.reading.specimen import Specimen

__all__ = ["Bundle", "Claim", "Named", "is_results", "read_bundle"]

_BYTES = 16 << 20
_OUTPUTS = 2_000
_FILES = 200
_CELLS = 100_000
_WORDS = 2_000
_VERSIONS = re.compile(r"(?:0\.(?:[4-9]|\d\d)|1\.0)\.\d{1,3}(?:[a-z0-9.+-]{0,20})?")


@dataclass(frozen=True, kw_only=True)
class Named:
    """A file that ACRO’s notes name. The name is data: it opens nothing."""

    name: str
    failing: tuple[tuple[str, int], ...] = ()
    """Checks with the number of cells that they marked, none with 0."""
    zeros: tuple[tuple[int, int], ...] = ()
    """Positions (row, column; from 0, within the body) of cells that are told to be exact zeros."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What ACRO’s notes say of one output."""

    uid: str
    status: str
    kind: str
    files: tuple[Named, ...]
    statbarn: str = ""
    command: str = ""
    summary: str = ""
    comments: tuple[str, ...] = ()
    exception: str = ""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The notes of one session of ACRO. ``problems`` says what does not follow the form."""

    file: str
    version: str
    outputs: tuple[Claim, ...] = ()
    problems: tuple[str, ...] = ()


def is_results(value: Any) -> bool:
    """Say whether a JSON value has the form of ACRO’s notes."""
    if not isinstance(value, Mapping) or "version" not in value or not isinstance(value.get("results"), Mapping):
        return False
    entries = value["results"].values()
    return all(isinstance(each, Mapping) and "status" in each for each in entries)


def read_bundle(files: Mapping[str, Specimen]) -> Bundle | None:
    """Return ACRO’s notes among the files of a request (by name), or nothing when there are none.

    Never raises for what is in the file. Of several, the first by name is read; the others are named as problems.
    """
    found = [name for name, file in sorted(files.items()) if _may_be(name, file)]
    if not found:
        return None
    file = files[found[0]]
    more = tuple(f"“{name[:80]}” is a second set of notes" for name in found[1:])
    if file.size > _BYTES:
        return Bundle(file=found[0], version="", problems=(f"it has more than {_BYTES} bytes", *more))
    if not is_results(file.json):
        return Bundle(file=found[0], version="", problems=("it does not have the form of results.json", *more))
    return _read(found[0], file.json, more)


def _may_be(name: str, file: Specimen) -> bool:
    if name.rpartition("/")[2].casefold() == "results.json" and file.kind == "json":
        return file.size > _BYTES or _looks_like_acro(file.json)
    return file.kind == "json" and file.size <= _BYTES and is_results(file.json) and _looks_like_acro(file.json)


def _looks_like_acro(value: Any) -> bool:
    if not isinstance(value, Mapping) or "version" not in value:
        return False
    results = value.get("results")
    tool = value.get("tool")
    if isinstance(tool, Mapping) and str(tool.get("name", "")).casefold() == "acro":
        return True
    entries = results.values() if isinstance(results, Mapping) else results if isinstance(results, list) else ()
    return any(isinstance(each, Mapping) and {"uid", "status", "files"} <= each.keys() for each in entries)


def _read(name: str, value: Mapping[str, Any], more: tuple[str, ...]) -> Bundle:
    problems = list(more)
    version = _words(value["version"], 40)
    if not _VERSIONS.fullmatch(version):
        problems.append(f"its version “{version}” is none that this reader knows (0.4 to 1.0)")
    entries = list(value["results"].items())
    if len(entries) > _OUTPUTS:
        problems.append(f"it lists more than {_OUTPUTS} outputs; the rest was not read")
    outputs = []
    for key, each in entries[:_OUTPUTS]:
        claim = _claim(str(key), each, problems)
        if claim is not None:
            outputs.append(claim)
    return Bundle(file=name, version=version, outputs=tuple(outputs), problems=tuple(problems[:20]))


def _claim(key: str, each: Mapping[str, Any], problems: list[str]) -> Claim | None:
    uid = _words(each.get("uid", key), 100)
    status = each["status"]
    if status not in ("pass", "review", "fail"):
        problems.append(f"the status of “{uid}” is none of pass, review and fail")
        status = "review"
    files = each.get("files", [])
    if not isinstance(files, list) or len(files) > _FILES:
        problems.append(f"the files of “{uid}” are no list, or more than {_FILES}")
        files = []
    named = [_named(file) for file in files]
    if None in named:
        problems.append(f"a file of “{uid}” has no name")
    fair = each.get("fair")
    comments = each.get("comments")
    return Claim(
        uid=uid,
        status=status,
        kind=_words(each.get("type"), 60),
        files=tuple(file for file in named if file is not None),
        statbarn=_words(fair.get("statbarn"), 60) if isinstance(fair, Mapping) else "",
        command=_words(each.get("command"), _WORDS),
        summary=_words(each.get("summary"), _WORDS),
        comments=tuple(_words(one, _WORDS) for one in comments[:20]) if isinstance(comments, list) else (),
        exception=_words(each.get("exception"), _WORDS),
    )


def _named(file: Any) -> Named | None:
    name = file.get("name") if isinstance(file, Mapping) else file  # a bare name before 0.4.2
    if not isinstance(name, str) or not name or len(name) > 1_000:
        return None
    sdc = file.get("sdc") if isinstance(file, Mapping) else None
    sdc = sdc if isinstance(sdc, Mapping) else {}
    summary, cells = sdc.get("summary"), sdc.get("cells")
    failing = (
        [(_words(check, 60), count) for check, count in summary.items() if isinstance(count, int) and count > 0]
        if isinstance(summary, Mapping)
        else []
    )
    zeros = cells.get("PresenceOfZeroCheck", []) if isinstance(cells, Mapping) else []
    places = zeros[:_CELLS] if isinstance(zeros, list) else []
    return Named(
        name=name,
        failing=tuple(failing[:50]),
        zeros=tuple((at[0], at[1]) for at in places if isinstance(at, list) and len(at) == 2 and all(map(_index, at))),
    )


def _index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000


def _words(value: Any, limit: int) -> str:
    """Return words for people: printable, on one line, and not longer than ``limit``."""
    text = value if isinstance(value, str) else "" if value is None else str(value)[:limit]
    plain = "".join(character if character.isprintable() else " " for character in text[: limit + 1])
    return " ".join(plain.split())[:limit]
