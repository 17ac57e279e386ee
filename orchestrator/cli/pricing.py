"""Answers and amounts as they are typed, and prices as they are shown, for every command about fees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id
from orchestrator.core.money import Money

from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from orchestrator.billing.request import Answer

__all__ = [
    "AnswersOption",
    "IssuerArgument",
    "PeriodsOption",
    "amounts",
    "answers",
    "issuer_shape",
    "list_text",
    "numbers",
    "show_document",
]


def issuer_shape(value: str | None) -> str | None:
    """Return a custodian's identifier or “infrastructure”; nothing where nothing was given."""
    return value if value in (None, "infrastructure") else check_id(str(value), field="ISSUER")


IssuerArgument: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="ISSUER", help="A custodian's identifier, or “infrastructure”.", callback=issuer_shape),
]
AnswersOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="NAME=VALUE",
        help="What prices hang on, such as applicant=academic or checks=40.",
    ),
]
PeriodsOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--periods", metavar="DATASET=NUMBER", help="Years of data wanted of a dataset; 1 where not said."),
]
LINES = Shape(name="line", columns=("line", "how", "net", "vat", "gross"))
_LARGEST = 256 * 1024


def answers(given: Sequence[str] | None) -> dict[str, Answer]:
    """Return answers typed as ``name=value``: numbers, words, several words with commas, or “unknown”."""
    return {name: _answer(value) for name, value in _pairs(given, "--answer").items()}


def numbers(given: Sequence[str] | None, *, field: str) -> dict[str, int]:
    """Return whole numbers typed as ``name=number``."""
    read = _pairs(given, field)
    for name, value in read.items():
        if not (value.isascii() and value.isdigit()) or len(value) > 9:
            raise Invalid(f"{field}: “{name}={value[:20]}” needs a whole number.", field=field)
    return {name: int(value) for name, value in read.items()}


def amounts(given: Sequence[str] | None, *, field: str, currency: str = "GBP") -> dict[str, Money]:
    """Return amounts typed as ``line=amount``."""
    return {name: Money.of(value, currency, field=field) for name, value in _pairs(given, field).items()}


def _pairs(given: Sequence[str] | None, field: str) -> dict[str, str]:
    read: dict[str, str] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise Invalid(f"{field}: write “{text[:40]}” as name=value.", field=field)
        if name.strip() in read:
            raise Invalid(f"{field}: “{name.strip()}” is said twice.", field=field)
        read[name.strip()] = value.strip()
    return read


def _answer(value: str) -> Answer:
    if value == "unknown":
        return None
    if value.isascii() and value.isdigit() and len(value) <= 10:
        return int(value)
    return tuple(part.strip() for part in value.split(",")) if "," in value else value


def list_text(file: Path) -> str:
    """Read a price list's file."""
    try:
        if file.stat().st_size > _LARGEST:
            raise Invalid(f"{file} is larger than {_LARGEST} bytes; that is no price list.", field="FILE")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is no text in UTF-8.", field="FILE") from error


def show_document(priced: Mapping[str, Any], output: Output) -> None:
    """Write a priced document: its lines as a table with their sum, or whole as data."""
    if output is Output.TABLE:
        currency = str(priced["currency"])
        lines = [
            {"line": line["line"], "how": line["how"]}
            | {name: _written(line[name], currency) if not line["open"] else "by quote" for name in _SUMS}
            for line in priced["lines"]
        ]
        total = {"line": "total", "how": "; ".join(["assumed", *priced["assumed"]]) if priced["assumed"] else ""}
        show_all([*lines, total | {name: _written(priced[name], currency) for name in _SUMS}], LINES, output)
        return
    show(dict(priced), Shape(name="series", columns=()), output)


_SUMS = ("net", "vat", "gross")


def _written(pence: Any, currency: str) -> str:
    if isinstance(pence, int):
        return str(Money(pence, currency))
    return f"{Money(pence[0], currency)} to {Money(pence[1], currency)}"
