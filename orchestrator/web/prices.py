"""Prices as pages show them: lines with amounts in words, and forms made of the questions that prices hang on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.billing.documents import PublishedList
from orchestrator.billing.grammar import read_list
from orchestrator.billing.model import (
    Amount,
    Between,
    ByQuote,
    Line,
    PassThrough,
    Percent,
    PriceList,
    Table,
    TierMode,
    Tiers,
)
from orchestrator.billing.request import COUNTS
from orchestrator.core.money import Money

__all__ = ["Shown", "lines_of", "price_in_words", "read", "sums_of", "unit_of", "written"]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One line as it stands on a page."""

    line_id: str
    says: str
    how: str
    net: str
    vat: str
    gross: str
    monthly: bool
    yearly: bool
    open: bool
    source: str


def written(pence: Any, currency: str) -> str:
    """Write an amount, or the two between which it lies."""
    if isinstance(pence, int):
        return str(Money(pence, currency))
    return f"{Money(pence[0], currency)} to {Money(pence[1], currency)}"


def lines_of(lines: Sequence[Any], currency: str) -> list[Shown]:
    """Return the lines of an estimate, quote, statement or invoice."""
    return [
        Shown(
            line_id=line["line"],
            says=line["says"],
            how=line["how"],
            net="by quote" if line.get("open") else written(line["net"], currency),
            vat="" if line.get("open") else written(line["vat"], currency),
            gross="by quote" if line.get("open") else written(line["gross"], currency),
            monthly=line.get("billed") == "monthly",
            yearly=line.get("billed") == "yearly",
            open=bool(line.get("open")),
            source=line["source"],
        )
        for line in lines
    ]


def sums_of(document: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Return the sums of a document."""
    return {name: written(document[name], currency) for name in ("net", "vat", "gross")}


def read(published: PublishedList) -> PriceList:
    """Return a published list as it is read."""
    return read_list(published.text)


def unit_of(line: Line) -> str:
    """Return what one amount of a line is for, in words."""
    if isinstance(line.price, (Percent, PassThrough)):
        return ""
    words = []
    for count in line.quantity:
        if count.of == "requests":
            continue
        one, many = COUNTS.get(count.of, (count.of.replace("-", " "), count.of.replace("-", " ")))
        less = f", less {count.less}" if count.less else ""
        words.append(f"{count.every} {many}{less}" if count.every > 1 else f"{one}{less}")
    quota = f"; {line.quota.free} free for each {' and '.join(line.quota.per)}" if line.quota else ""
    return ("for each " + " and ".join(words) if words else "once") + quota


def price_in_words(line: Line) -> str:
    """Return what a line asks, in words."""
    price = line.price
    if isinstance(price, Tiers):
        return _tiers(price)
    if isinstance(price, Table):
        return "; ".join(f"{name.replace('-', ' ')} {amount}" for name, amount in price.amounts.items())
    if isinstance(price, Percent):
        return f"{float(price.rate * 100):g}% of {', '.join(price.of)}"
    if isinstance(price, (Amount, Between)):
        return str(price.each) if isinstance(price, Amount) else f"{price.least} to {price.most}"
    return f"by quote: {price.why}" if isinstance(price, ByQuote) else "as a third party charges it"


def _tiers(price: Tiers) -> str:
    steps = [
        f"up to {step.upto:,}: {step.amount}" if step.upto is not None else f"beyond: {step.amount}"
        for step in price.steps
    ]
    kinds = {
        TierMode.FLAT: "for all of them together",
        TierMode.VOLUME: "for each of all of them",
        TierMode.GRADUATED: "for each of those in the tier",
    }
    return f"{'; '.join(steps)} ({kinds[price.mode]})"
