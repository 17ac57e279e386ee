"""Describes every command as Markdown: `python -m orchestrator.cli.reference > docs/reference/command-line.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer

from .commands import app
from .failures import MEANINGS

__all__ = ["commands", "reference"]

_HEAD = """# Command line

This page is made from the commands themselves by `python -m orchestrator.cli.reference`; do not edit it.

`tre [--state DIRECTORY] NOUN VERB …`

- `--state` says where the installation lies; without it `TRE_STATE` counts, then `./.tre`.
- Data goes to standard output, words go to standard error. `--output` is `table`, `json`, `yaml` or `name`
  (bare identifiers, one a line). Times in JSON are ISO 8601 in UTC; bytes are base 64.
- `--yes` answers the question before a step that cannot be taken back; without a terminal it is needed.
- `--dry-run` carries a change out up to its commit, says what would be recorded, and undoes it.
- A failure is one sentence and a stable word in brackets on standard error; with `--output json` it is
  `{"error", "message", "exit", "reasons"?}`. There is never a traceback; `TRE_TRACEBACK=1` adds one for developers.
- Characters that could move a terminal are written as escapes. `NO_COLOR` is honoured.
- A command acts for the person who ran `tre sign-in` on this account of the machine. The session lies in
  `DIRECTORY/sessions/<uid>.json`, readable by this account alone.

## Exit codes

| code | meaning |
|---|---|
"""


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Return every command with its words, in the order of the help."""
    yield from _below((), typer.main.get_command(app))


def _below(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name, child in children.items():
        yield from _below((*words, name), child)


def reference() -> str:
    """Return the whole page."""
    lines = [_HEAD + "\n".join(f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items()), "", "## Commands"]
    for words, command in commands():
        lines += ["", f"### `tre {' '.join(words)}`", "", _sentence(command.help), ""]
        rows = [_row(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
        lines += ["| argument or option | meaning |", "|---|---|", *rows] if rows else ["It takes no arguments."]
        if command.epilog:
            lines += ["", command.epilog]
    return "\n".join(lines) + "\n"


def _row(parameter: Any) -> str:
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = parameter.metavar or parameter.name.upper()
    needed = " Needed." if parameter.required else ""
    return f"| `{names}` | {_sentence(parameter.help)}{needed}{_default(parameter)} |"


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required or isinstance(value, bool) or value in (None, "") or callable(value):
        return ""
    return f" Without it: `{getattr(value, 'value', value)}`."


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
