"""Checklists as data: what a custodian or a hub shows, item by item, and how long each item counts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrator.core.errors import Invalid

__all__ = ["Checklist", "Item", "Subject", "load_checklists", "read_checklist"]

_KEY = re.compile(r"[a-z][a-z0-9-]{1,39}")
_KEYS = frozenset({"subject", "version", "lasts_days", "items"})
_ITEM_KEYS = frozenset({"key", "title", "ask", "needed", "lasts_days"})
_LONGEST_DAYS = 5 * 366


class Subject(StrEnum):
    """What is accredited."""

    CUSTODIAN = "custodian"
    HUB = "hub"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing to show. ``lasts`` bounds how long its evidence counts; none: as long as the accreditation."""

    key: str
    title: str
    ask: str
    needed: bool = True
    lasts: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Checklist:
    """Everything to show for one kind of body; ``sha256`` is of the file, so that a case says what was asked."""

    subject: Subject
    version: int
    lasts: timedelta
    items: tuple[Item, ...]
    sha256: str

    def item(self, key: str) -> Item:
        """Return one item; raise ``Invalid`` when the list has none of this name."""
        for each in self.items:
            if each.key == key:
                return each
        known = ", ".join(each.key for each in self.items)
        raise Invalid(f"“{key[:40]}” is no item of this checklist; its items are {known}.", field="item")


def load_checklists(directory: Path) -> dict[Subject, Checklist]:
    """Read the checklist of every kind of body; raise ``Invalid`` naming the file and what is wrong in it."""
    found = {}
    for subject in Subject:
        file = directory / f"{subject.value}.yaml"
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise Invalid(f"The checklist {file} cannot be read: {error.strerror}.", field="checklist") from error
        found[subject] = read_checklist(raw, name=file.name)
        if found[subject].subject is not subject:
            raise Invalid(f"The checklist {file} is about another kind of body.", field="checklist")
    return found


def read_checklist(raw: bytes, *, name: str) -> Checklist:
    """Read one checklist as YAML; raise ``Invalid`` for a key that is wrong, unknown, missing or given twice."""
    import yaml  # noqa: PLC0415 - wanted once, when the house opens

    try:
        written = yaml.safe_load(raw.decode("utf-8"))
        _only(written, _KEYS)
        items = tuple(_item(each) for each in _list(written["items"]))
        if len({each.key for each in items}) != len(items):
            raise ValueError("two items have the same key")
        if not any(each.needed for each in items):
            raise ValueError("no item is needed")
        version = written["version"]
        if type(version) is not int or version < 1:
            raise ValueError("version must be 1 or more")
        return Checklist(
            subject=Subject(written["subject"]),
            version=version,
            lasts=_days(written["lasts_days"]),
            items=items,
            sha256=hashlib.sha256(raw).hexdigest(),
        )
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise Invalid(f"The checklist {name} is not complete and correct: {error}.", field="checklist") from error


def _item(written: Any) -> Item:
    _only(written, _ITEM_KEYS)
    key = _text(written["key"], most=40)
    if not _KEY.fullmatch(key):
        raise ValueError(f"“{key}” is no key")
    needed = written.get("needed", True)
    if not isinstance(needed, bool):
        raise TypeError(f"needed of “{key}” must be true or false")
    lasts = written.get("lasts_days")
    return Item(
        key=key,
        title=_text(written["title"], most=120),
        ask=_text(written["ask"], most=1000),
        needed=needed,
        lasts=None if lasts is None else _days(lasts),
    )


def _only(written: Any, keys: frozenset[str]) -> None:
    if not isinstance(written, Mapping):
        raise TypeError("a mapping is wanted")
    surplus = {str(key) for key in written} - keys
    if surplus:
        raise ValueError(f"unknown: {', '.join(sorted(surplus))}")


def _list(written: Any) -> list[Any]:
    if not isinstance(written, list) or not written:
        raise TypeError("items must be a list that holds something")
    return written


def _days(value: Any) -> timedelta:
    if type(value) is not int or not 1 <= value <= _LONGEST_DAYS:
        raise ValueError(f"a number of days from 1 to {_LONGEST_DAYS} is wanted")
    return timedelta(days=value)


def _text(value: Any, *, most: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise ValueError(f"a text of at most {most} characters is wanted")
    return value.strip()
