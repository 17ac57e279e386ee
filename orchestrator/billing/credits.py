"""What a credit gives back: never more than was charged, and to the penny all of it when all is credited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Json
from orchestrator.core.money import Money

__all__ = ["credit_lines"]


def credit_lines(
    invoice: Mapping[str, Any],
    earlier: Sequence[Mapping[str, Any]],
    amounts: Mapping[str, Money] | None,
    *,
    currency: str,
) -> list[dict[str, Json]]:
    """Return the lines of a credit of ``invoice`` after ``earlier`` credits of it.

    ``amounts`` are without VAT, by line; none means all that is left. VAT and the infrastructure's share follow in
    proportion to all that was credited of a line, so that the last credit of it brings each to its exact sum.
    Raises ``Invalid`` for a line that is not there or an amount beyond what is left of it.
    """
    charged = {line["line"]: line for line in invoice["lines"]}
    for name in amounts or {}:
        if name not in charged:
            raise Invalid(f"The invoice has no line “{name}”.", field=name)
    lines = []
    for name, line in charged.items():
        before = sum(int(each["net"]) for one in earlier for each in one["lines"] if each["line"] == name)
        left = Money(int(line["net"]) - before, currency)
        wanted = left if amounts is None else amounts.get(name, Money(0, currency))
        if wanted < Money(0, currency) or wanted > left:
            raise Invalid(f"Of “{name}” there is {left} left to credit; {wanted} is not within that.", field=name)
        if wanted:
            lines.append(_line(line, before, wanted))
    if not lines:
        raise NotPossible("There is nothing left of this invoice to credit.")
    return lines


def _line(line: Mapping[str, Any], before: int, wanted: Money) -> dict[str, Json]:
    net = int(line["net"])
    vat = _part(int(line["vat"]), before + wanted.pence, net) - _part(int(line["vat"]), before, net)
    share = int(line["infrastructure"])
    infrastructure = _part(share, before + wanted.pence, net) - _part(share, before, net)
    charged = Money(net, wanted.currency)
    return {
        "line": line["line"],
        "says": line["says"],
        "how": f"{wanted} of {charged} credited",
        "net": wanted.pence,
        "vat": vat,
        "vat_percent": line["vat_percent"],
        "gross": wanted.pence + vat,
        "infrastructure": infrastructure,
        "source": line["source"],
    }


def _part(whole: int, number: int, of: int) -> int:
    """Return the part of ``whole`` that goes with ``number`` out of ``of``, rounded down."""
    return whole * number // of if of else 0
