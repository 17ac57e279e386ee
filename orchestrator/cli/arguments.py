"""Arguments and options that several commands share, each with one meaning everywhere."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from .output import Output

__all__ = [
    "ApplicationArgument",
    "CustodianArgument",
    "DatasetArgument",
    "DryRunOption",
    "OutputOption",
    "PersonArgument",
    "ProjectArgument",
    "ReadOption",
    "ReasonOption",
    "SeenOption",
    "UntilOption",
    "YesOption",
    "day",
    "end_of",
    "filled",
    "identifier",
    "mapping_file",
    "some_text",
]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HASH = re.compile("[0-9a-f]{64}")
_LARGEST = 4 * 1024 * 1024
_Given = TypeVar("_Given", str, str | None, list[str], list[str] | None)


def identifier(parameter: typer.CallbackParam, value: _Given) -> _Given:
    """Return what was given if it has the shape of identifiers, before anything is opened; nothing stays nothing."""
    for each in [value] if isinstance(value, str) else value or []:
        if each or parameter.required:
            check_id(each, field=_named(parameter))
    return value


def filled(parameter: typer.CallbackParam, value: str) -> str:
    """Return a text that says something, without the space around it."""
    return some_text(value, field=_named(parameter))


def a_hash(parameter: typer.CallbackParam, value: str) -> str:
    """Return a SHA-256 as the program writes it."""
    if not _HASH.fullmatch(value):
        raise Invalid(
            f"{_named(parameter)} takes the 64 letters and digits that “show” or “waiting” names.",
            field=_named(parameter),
        )
    return value


def some_text(text: str, *, field: str) -> str:
    """Return a text that says something."""
    if not text.strip():
        raise Invalid(f"{field} must not be empty; say it in a sentence.", field=field)
    return text.strip()


def _named(parameter: typer.CallbackParam) -> str:
    """Return how people know a parameter: an option by its long name, an argument as the help shows it."""
    return parameter.opts[0] if parameter.param_type_name == "option" else str(parameter.name)


OutputOption: TypeAlias = Annotated[Output, typer.Option("--output", "-o", help="How the data is written.")]
YesOption: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before doing it.")]
DryRunOption: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Try it, say what it would do, undo it.")]
ReadOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--read",
        metavar="HASH",
        help="What you read, as “show” or “waiting” names it.",
        callback=a_hash,
    ),
]
ReasonOption: TypeAlias = Annotated[
    str, typer.Option("--reason", help="Why, in a sentence for the people concerned.", callback=filled)
]
SeenOption: TypeAlias = Annotated[
    int,
    typer.Option(
        "--seen",
        metavar="VERSION",
        min=0,
        max=2_000_000_000,
        help="The version that you looked at, as “submission show” and “review list” name it; if it changed, refuse.",
    ),
]
UntilOption: TypeAlias = Annotated[str, typer.Option("--until", help="Its last day, as YYYY-MM-DD.")]
PersonArgument: TypeAlias = Annotated[str, typer.Argument(help="A person's identifier.", callback=identifier)]
ApplicationArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="APPLICATION", help="An application's identifier.", callback=identifier)
]
CustodianArgument: TypeAlias = Annotated[str, typer.Argument(help="A custodian's identifier.", callback=identifier)]
DatasetArgument: TypeAlias = Annotated[str, typer.Argument(help="A dataset's identifier.", callback=identifier)]
ProjectArgument: TypeAlias = Annotated[str, typer.Argument(help="A project's identifier.", callback=identifier)]


def day(text: str, *, field: str = "--until") -> date:
    """Return a day written as ``2027-03-31``."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(f"{field}: “{text[:40]}” is not a day; write it as YYYY-MM-DD, such as 2027-03-31.", field=field)


def mapping_file(file: Path, *, field: str) -> dict[str, Any]:
    """Read a YAML or JSON file that holds fields by name."""
    import yaml  # noqa: PLC0415 - heavy, and wanted by few commands

    try:
        if file.stat().st_size > _LARGEST:
            raise Invalid(f"{file} is larger than {_LARGEST} bytes; that is no {field}.", field=field)
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field=field) from error
    except (UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())[:160]
        raise Invalid(f"{file} cannot be read as YAML or JSON: {said}.", field=field) from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise Invalid(f"{file} must hold fields by name, such as “title: …”.", field=field)
    return content


def end_of(text: str, *, field: str = "--until") -> datetime:
    """Return the first moment after a day written as ``2027-03-31``."""
    from orchestrator.access.rules import end_of as moment_after  # noqa: PLC0415 - one meaning everywhere

    return moment_after(day(text, field=field))
