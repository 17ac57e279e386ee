"""What a price list comes to for one request: lines that explain themselves, exact sums, and what was assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from orchestrator.core.events import Json
from orchestrator.core.money import Money

from .model import Billed

__all__ = ["Priced", "PricedLine", "Relief", "Span", "as_document"]


@dataclass(frozen=True)
class Span:
    """An amount that lies between two; most often both are the same."""

    low: Money
    high: Money

    @classmethod
    def just(cls, amount: Money) -> Span:
        """Return a span of one amount."""
        return cls(amount, amount)

    @property
    def certain(self) -> bool:
        """Whether it is one amount."""
        return self.low == self.high

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Span) -> Span:
        return Span(self.low - other.low, self.high - other.high)

    def each(self, change: Callable[[Money], Money]) -> Span:
        """Return the span of both ends changed in the same way."""
        return Span(change(self.low), change(self.high))

    def __str__(self) -> str:
        return str(self.low) if self.certain else f"{self.low} to {self.high}"


@dataclass(frozen=True, kw_only=True)
class Relief:
    """A waiver as pricing sees it: so many percent of some lines, or of all."""

    waiver_id: str
    percent: int
    lines: tuple[str, ...]
    says: str


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """One line of an estimate, quote, statement or invoice. ``how`` tells in words how the amount came about.

    ``listed`` is what the list asks, ``waived`` what is let off, ``net`` the rest without VAT. An ``open`` line has no
    amount yet and says why.
    """

    line_id: str
    says: str
    how: str
    quantity: tuple[int, int]
    listed: Span
    waived: Span
    net: Span
    vat: Span
    vat_percent: Fraction
    infrastructure: Span
    """The part of ``net`` that goes to the infrastructure."""
    billed: Billed
    source: str
    open: str = ""
    replaced_by: str = ""
    waiver_id: str = ""

    @property
    def gross(self) -> Span:
        """What is to be paid."""
        return self.net + self.vat


@dataclass(frozen=True, kw_only=True)
class Priced:
    """All lines of one list for one request, with their sums."""

    series: str
    list_sha256: str
    currency: str
    lines: tuple[PricedLine, ...]
    assumed: tuple[str, ...] = ()

    def _sum(self, spans: Iterable[Span]) -> Span:
        summed = Span.just(Money(0, self.currency))
        for span in spans:
            summed += span
        return summed

    @property
    def net(self) -> Span:
        """The sum without VAT."""
        return self._sum(line.net for line in self.lines)

    @property
    def vat(self) -> Span:
        """The sum of VAT, each line's rounded to the penny."""
        return self._sum(line.vat for line in self.lines)

    @property
    def gross(self) -> Span:
        """What is to be paid."""
        return self.net + self.vat

    @property
    def waived(self) -> Span:
        """What is let off."""
        return self._sum(line.waived for line in self.lines)

    @property
    def infrastructure(self) -> Span:
        """The part of ``net`` that goes to the infrastructure."""
        return self._sum(line.infrastructure for line in self.lines)

    @property
    def open(self) -> tuple[PricedLine, ...]:
        """The lines that have no amount yet."""
        return tuple(line for line in self.lines if line.open)

    @property
    def settled(self) -> bool:
        """Whether every line has one amount, so that it can be offered."""
        return not self.open and self.gross.certain

    def with_lines(self, other: Priced) -> Priced:
        """Return this with the lines of another part of the same list, and what was assumed for either."""
        assumed = tuple(dict.fromkeys((*self.assumed, *other.assumed)))
        return replace(self, lines=(*other.lines, *self.lines), assumed=assumed)

    def part(self, billed: Billed) -> Priced:
        """Return only the lines that are charged once, monthly, or yearly."""
        lines = tuple(line for line in self.lines if line.billed is billed)
        return Priced(series=self.series, list_sha256=self.list_sha256, currency=self.currency, lines=lines)

    def __str__(self) -> str:
        if not self.open:
            return str(self.gross)
        several = f"{len(self.open)} line{'s' if len(self.open) > 1 else ''} by quote"
        return f"{self.gross} and {several}" if self.gross.high else several


def as_document(priced: Priced) -> dict[str, Json]:
    """Return everything as canonical JSON can carry it: the same request and list always give the same bytes."""
    return {
        "series": priced.series,
        "list_sha256": priced.list_sha256,
        "currency": priced.currency,
        "lines": [_line(line) for line in priced.lines],
        "assumed": list(priced.assumed),
        "net": _span(priced.net),
        "vat": _span(priced.vat),
        "gross": _span(priced.gross),
        "waived": _span(priced.waived),
        "infrastructure": _span(priced.infrastructure),
    }


def _line(line: PricedLine) -> Json:
    return {
        "line": line.line_id,
        "says": line.says,
        "how": line.how,
        "quantity": list(line.quantity),
        "listed": _span(line.listed),
        "waived": _span(line.waived),
        "net": _span(line.net),
        "vat": _span(line.vat),
        "vat_percent": str(line.vat_percent),
        "gross": _span(line.gross),
        "infrastructure": _span(line.infrastructure),
        "billed": line.billed.value,
        "source": line.source,
        "open": line.open,
        "replaced_by": line.replaced_by,
        "waiver": line.waiver_id,
    }


def _span(span: Span) -> Json:
    return span.low.pence if span.certain else [span.low.pence, span.high.pence]
