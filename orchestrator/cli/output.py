"""Data on standard output: as a table, JSON, YAML or bare names; control characters shown, never sent."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from pathlib import PurePath

from orchestrator.core.clock import iso

__all__ = ["Output", "Shape", "plain", "show", "show_all", "visible"]

Plain = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None

_WIDE = 10_000


class Output(StrEnum):
    """How data is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How one kind of thing is listed: ``name`` is its identifying field, ``columns`` those of a table."""

    name: str
    columns: tuple[str, ...]


def visible(text: str, *, lines: bool = False) -> str:
    """Return ``text`` with every character that could move a terminal written as an escape (``\\x1b``).

    Control characters, C1 included, and characters that reorder or hide text; line ends only where ``lines`` is set.
    """
    return "".join(_seen(letter, lines=lines) for letter in text)


def _seen(letter: str, *, lines: bool) -> str:
    if letter.isprintable() or (lines and letter == "\n"):
        return letter
    return letter.encode("unicode_escape").decode("ascii")


def plain(value: object) -> Plain:
    """Return any value of the rooms as JSON can carry it."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date | PurePath | bytes):
        return _text(value)
    return _composed(value)


def _text(value: datetime | date | PurePath | bytes) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return iso(value) if isinstance(value, datetime) else str(value)


def _composed(value: object) -> Plain:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Set):
        return [plain(item) for item in sorted(value, key=str)]
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def show(thing: object, shape: Shape, output: Output) -> None:
    """Write one thing."""
    data = plain(thing)
    if not isinstance(data, dict):
        raise TypeError("only a thing with fields can be shown")
    if output is Output.TABLE:
        _write("\n".join(_described(data)))
    elif output is Output.NAME:
        _write(_cell(data.get(shape.name)))
    else:
        _write(_encoded(data, output))


def show_all(things: Iterable[object], shape: Shape, output: Output) -> None:
    """Write a list of things; an empty list is an empty table, ``[]``, or nothing."""
    rows = [row for row in map(plain, things) if isinstance(row, dict)]
    if output is Output.TABLE:
        _table(rows, shape.columns)
    elif output is Output.NAME:
        for row in rows:
            _write(_cell(row.get(shape.name)))
    else:
        _write(_encoded(list(rows), output))


def _encoded(data: Plain, output: Output) -> str:
    if output is Output.JSON:
        return json.dumps(data, indent=2, ensure_ascii=True).replace("\x7f", "\\u007f")
    import yaml  # noqa: PLC0415 - heavy, and wanted by few commands

    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=False)).rstrip("\n")


def _described(data: Mapping[str, Plain], *, indent: str = "") -> list[str]:
    width = max((len(key) for key in data), default=0) + 2
    lines = []
    for key, value in data.items():
        title = visible(key.replace("_", " "))
        if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            lines.append(f"{indent}{title}:")
            for item in value:
                below = _described(item, indent=indent + "    ") if isinstance(item, dict) else [_cell(item)]
                lines += [f"{indent}  - {below[0].strip()}", *below[1:]] if below else []
        elif isinstance(value, dict) and value:
            lines += [f"{indent}{title}:", *_described(value, indent=indent + "  ")]
        elif isinstance(value, str) and "\n" in value:
            lines += [f"{indent}{title}:", *(f"{indent}  {line}" for line in visible(value, lines=True).split("\n"))]
        else:
            lines.append(f"{indent}{title:<{width}}{_cell(value)}".rstrip())
    return lines


def _cell(value: Plain) -> str:
    if value in (None, {}, []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{visible(key)}: {_cell(item)}" for key, item in value.items())
    return visible(str(value))


def _table(rows: Sequence[Mapping[str, Plain]], columns: Sequence[str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - heavy, and wanted for tables only
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    on_terminal = sys.stdout.isatty()
    console = Console(
        file=sys.stdout,
        width=None if on_terminal else _WIDE,
        force_terminal=on_terminal,
        highlight=False,
        markup=False,
        emoji=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold" if on_terminal and "NO_COLOR" not in os.environ else "")
    for column in columns:
        table.add_column(Text(column.replace("_", " ").upper()), overflow="fold", no_wrap=not on_terminal)
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    console.print(table)


def _write(text: str) -> None:
    print(text)  # noqa: T201 - this is where data goes
