"""Prices a request by a list: pure, exact, and the same for every custodian."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from orchestrator.core.errors import Invalid
from orchestrator.core.money import Money

from .answers import Answers, check_request
from .model import Billed, Line, Percent, PriceList
from .priced import Priced, PricedLine, Relief, Span
from .quantities import Quantity, quantity_of
from .request import Request
from .sums import Sum, bounded, listed_of, percent_of, taxed

__all__ = ["price"]

_ALWAYS = frozenset(Billed)
_LARGEST = 10**14
"""Pence, or units: a tenth of what canonical JSON carries exactly."""


def price(
    prices: PriceList,
    request: Request,
    *,
    billed: Collection[Billed] = _ALWAYS,
    reliefs: Sequence[Relief] = (),
    settled: Mapping[str, Money] | None = None,
    years: Collection[int] | None = None,
) -> Priced:
    """Return the lines that apply, in the list's order, with what was assumed.

    ``settled`` gives amounts to lines that the list leaves open: for what is charged once the whole amount, for what
    is metered or yearly that of one unit. Of several waivers of a line the largest counts. ``years`` are the numbers
    of those that yearly lines are charged for; by default all that begin. Raises ``Invalid`` for answers that the list
    does not understand.
    """
    check_request(prices, request)
    answers = Answers(prices, request)
    charged = range(1, -(-request.months // 12) + 1) if years is None else years
    work = _Work(
        prices=prices, answers=answers, reliefs=tuple(reliefs), settled=settled or {}, years=frozenset(charged)
    )
    for line in prices.lines:
        if line.billed in billed and all(answers.holds(condition) for condition in line.when):
            quantity = quantity_of(line, answers)
            if quantity is not None and work.times(line):
                work.applying[line.line_id] = quantity
    for line in prices.lines:
        if line.line_id in work.applying:
            work.struck |= {replaced: line.line_id for replaced in line.replaces if replaced in work.applying}
    for line in _in_order(prices):
        if line.line_id in work.applying and work.has_ground(line):
            work.sums[line.line_id] = work.sum_of(line)
    priced = Priced(
        series=prices.series,
        list_sha256=prices.sha256,
        currency=prices.currency,
        lines=tuple(work.line(line) for line in prices.lines if line.line_id in work.sums),
        assumed=answers.assumed,
    )
    _check_size(priced)
    return priced


def _check_size(priced: Priced) -> None:
    """Raise ``Invalid`` for what is larger than a document can carry exactly, and than anything anybody pays."""
    largest = max([priced.gross.high.pence, *(line.quantity[1] for line in priced.lines)])
    if largest > _LARGEST:
        raise Invalid("This comes to more than can be counted here; look at the numbers that were answered.", field="")


def _in_order(prices: PriceList) -> list[Line]:
    """Return the lines so that a percentage comes after what it is a percentage of."""
    graph = {line.line_id: line.price.of if isinstance(line.price, Percent) else () for line in prices.lines}
    lines = {line.line_id: line for line in prices.lines}
    return [lines[name] for name in TopologicalSorter(graph).static_order()]


@dataclass(kw_only=True)
class _Work:
    """One pricing under way: which lines apply, which are replaced (and by which), what each comes to."""

    prices: PriceList
    answers: Answers
    reliefs: tuple[Relief, ...]
    settled: Mapping[str, Money]
    years: frozenset[int] = frozenset()
    applying: dict[str, Quantity] = field(default_factory=dict)
    struck: dict[str, str] = field(default_factory=dict)
    sums: dict[str, Sum] = field(default_factory=dict)

    def times(self, line: Line) -> int:
        """Return how often a line is charged: once, or for each of the years."""
        return sum(year >= line.from_year for year in self.years) if line.billed is Billed.YEARLY else 1

    def has_ground(self, line: Line) -> bool:
        """Say whether what a percentage is taken of applies; other lines stand by themselves."""
        return not isinstance(line.price, Percent) or any(name in self.sums for name in line.price.of)

    def sum_of(self, line: Line) -> Sum:
        """Return what the list asks for a line, before waivers and VAT."""
        quantity = self.applying[line.line_id]
        if line.line_id in self.struck:
            nothing = Span.just(Money(0, self.prices.currency))
            return Sum(nothing, f"does not apply beside “{self.struck[line.line_id]}”, which replaces it")
        if line.line_id in self.settled and not (line.billed is Billed.YEARLY and quantity.unknown):
            return self._agreed(line, quantity, self.settled[line.line_id])
        if isinstance(line.price, Percent):
            return bounded(line, percent_of(line.price, self.sums, self.prices.currency))
        return bounded(line, listed_of(line, quantity, self.answers))

    def _agreed(self, line: Line, quantity: Quantity, amount: Money) -> Sum:
        """Return what a quote set: an amount for what is charged once, a rate for what is metered."""
        if line.billed is Billed.ONCE:
            return Sum(Span.just(amount), f"{quantity.words}; the amount was set in the quote: {amount}")
        span = Span(amount.times(quantity.low), amount.times(quantity.high))
        return bounded(line, Sum(span, f"{quantity.words} × {amount}, the rate that was set in the quote = {span}"))

    def line(self, line: Line) -> PricedLine:
        """Return a line after waivers, with its VAT and the infrastructure's share, for all the years it is charged.

        A year is rounded by itself, so that the years that are invoiced come to what was quoted.
        """
        once, times = self._line(line), self.times(line)
        if line.billed is not Billed.YEARLY:
            return once

        def all_years(span: Span) -> Span:
            return span.each(lambda amount: amount.times(times))

        charged = [str(year) for year in sorted(self.years) if year >= line.from_year]
        return replace(
            once,
            how=f"{once.how}; each year, for year {', '.join(charged)}",
            quantity=(once.quantity[0] * times, once.quantity[1] * times),
            listed=all_years(once.listed),
            waived=all_years(once.waived),
            net=all_years(once.net),
            vat=all_years(once.vat),
            infrastructure=all_years(once.infrastructure),
        )

    def _line(self, line: Line) -> PricedLine:
        found, quantity = self.sums[line.line_id], self.applying[line.line_id]
        fitting = [each for each in self.reliefs if not each.lines or line.line_id in each.lines]
        relief = max(fitting, key=lambda each: each.percent, default=None)
        how, waived = found.how, Span.just(Money(0, self.prices.currency))
        if relief is not None and found.span.high:
            part = relief.percent
            waived = found.span.each(lambda amount: amount.split((part, 100 - part))[0])
            how = f"{how}; {part}% waived ({relief.says}): −{waived}"
        net, vat, percent, words = taxed(line.vat or self.prices.vat, found.span - waived, self.answers)
        share = self.prices.infrastructure_share if line.infrastructure_share is None else line.infrastructure_share
        return PricedLine(
            line_id=line.line_id,
            says=line.says,
            how=how + words if found.span.high else how,
            quantity=(quantity.low, quantity.high),
            listed=found.span,
            waived=waived,
            net=net,
            vat=vat,
            vat_percent=percent,
            infrastructure=net.each(lambda amount: amount.split((share, 100 - share))[0]),
            billed=line.billed,
            source=line.source,
            open=found.open,
            replaced_by=self.struck.get(line.line_id, ""),
            waiver_id=relief.waiver_id if relief is not None and waived.high else "",
        )
