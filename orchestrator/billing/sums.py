"""From a quantity to an amount: each way of pricing once, then bounds and VAT, each with its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from orchestrator.core.money import Money, total

from .answers import Answers
from .model import (
    Amount,
    Between,
    ByQuote,
    Line,
    PassThrough,
    Percent,
    Table,
    TierMode,
    Tiers,
    Vat,
    VatTreatment,
)
from .priced import Span
from .quantities import Quantity

__all__ = ["Sum", "bounded", "listed_of", "percent_of", "taxed"]


@dataclass(frozen=True)
class Sum:
    """An amount, how it came about, and why it is still open if it is."""

    span: Span
    how: str
    open: str = ""


def listed_of(line: Line, quantity: Quantity, answers: Answers) -> Sum:
    """Return what the list asks for so many."""
    price, nothing = line.price, Span.just(Money(0, answers.currency))
    if isinstance(price, ByQuote):
        return Sum(nothing, f"{quantity.words}; by quote: {price.why}", open=price.why)
    if isinstance(price, PassThrough):
        return _passed_on(line, answers, nothing)
    if quantity.unknown:
        return Sum(nothing, f"{quantity.words}; {_rate(line, answers)}", open=quantity.words)
    if isinstance(price, Tiers):
        return _tiered(price, quantity, nothing)
    each = _each(line, answers)
    if each is None:
        why = "no amount is published for this choice"
        return Sum(nothing, f"{quantity.words}; by quote: {why}", open=why)
    span = Span(each.low.times(quantity.low), each.high.times(quantity.high))
    unit = f" ({line.unit})" if line.unit else ""
    return Sum(span, f"{quantity.words} × {each}{unit} = {span}")


def _each(line: Line, answers: Answers) -> Span | None:
    price = line.price
    if isinstance(price, Amount):
        return Span.just(price.each)
    if isinstance(price, Between):
        return Span(price.least, price.most)
    if isinstance(price, Table):
        words = answers.words(price.by)
        chosen = [amount for word, amount in price.amounts.items() if word in words]
        return Span.just(chosen[0]) if len(chosen) == 1 and len(words) == 1 else None
    raise AssertionError(f"{type(price).__name__} has no amount for one")


def _rate(line: Line, answers: Answers) -> str:
    each = None if isinstance(line.price, (ByQuote, PassThrough, Tiers, Percent)) else _each(line, answers)
    return f"{each} each" if each is not None else "by quote"


def _passed_on(line: Line, answers: Answers, nothing: Span) -> Sum:
    amount = answers.request.passed_on.get(line.line_id)
    if amount is None:
        why = "what the third party charges is not known yet"
        return Sum(nothing, f"handed on as it is; {why}", open=why)
    return Sum(Span.just(amount), f"handed on as the third party charges it: {amount}")


def _tiered(price: Tiers, quantity: Quantity, nothing: Span) -> Sum:
    number = quantity.low
    last = price.steps[-1].upto
    if last is not None and number > last:
        why = f"more than {last:,} are not on the list"
        return Sum(nothing, f"{quantity.words}; by quote: {why}", open=why)
    index = next(place for place, step in enumerate(price.steps) if step.upto is None or number <= step.upto)
    step = price.steps[index]
    if price.mode is TierMode.GRADUATED:
        return _graduated(price, quantity, nothing.low)
    lowest = (price.steps[index - 1].upto or 0) + 1 if index else 1
    tier = f"tier {lowest:,} to {step.upto:,}" if step.upto else f"tier from {lowest:,}"
    if price.mode is TierMode.FLAT:
        return Sum(Span.just(step.amount), f"{quantity.words}, {tier}: {step.amount}")
    amount = step.amount.times(number)
    return Sum(Span.just(amount), f"{quantity.words}, {tier}: {number:,} × {step.amount} = {amount}")


def _graduated(price: Tiers, quantity: Quantity, nothing: Money) -> Sum:
    left, reached, parts, words = quantity.low, 0, [nothing], []
    for step in price.steps:
        size = left if step.upto is None else min(left, step.upto - reached)
        if size:
            parts.append(step.amount.times(size))
            words.append(f"{size:,} × {step.amount}")
        left, reached = left - size, step.upto or reached
    amount = total(parts, nothing.currency)
    return Sum(Span.just(amount), f"{quantity.words}: {' + '.join(words)} = {amount}")


def percent_of(price: Percent, sums: Mapping[str, Sum], currency: str) -> Sum:
    """Return a share of other lines; open while one of them is."""
    parts = [sums[name] for name in price.of if name in sums]
    span = Span.just(Money(0, currency))
    for part in parts:
        span += part.span
    rate = f"{_decimal(price.rate * 100)}%"
    share = span.each(lambda amount: amount.times(price.rate))
    why = next((f"a line it is {rate} of is open" for part in parts if part.open), "")
    return Sum(share, f"{rate} of {span} = {share}", open=why)


def bounded(line: Line, found: Sum) -> Sum:
    """Raise an amount to the line's minimum and hold it at its cap."""
    if found.open:
        return found
    span, how = found.span, found.how
    if line.minimum is not None and span.low < line.minimum:
        least = line.minimum
        span, how = span.each(lambda amount: max(amount, least)), f"{how}, raised to the least charge of {least}"
    if line.cap is not None and span.high > line.cap:
        most = line.cap
        span, how = span.each(lambda amount: min(amount, most)), f"{how}, held at the most of {most}"
    return Sum(span, how)


def taxed(vat: Vat, amount: Span, answers: Answers) -> tuple[Span, Span, Fraction, str]:
    """Return the amount without VAT, the VAT, its percentage, and words about it."""
    nothing = Span.just(Money(0, answers.currency))
    if vat.treatment is VatTreatment.NOT_PUBLISHED:
        return amount, nothing, Fraction(0), "; VAT is not told in the source"
    if vat.treatment in (VatTreatment.EXEMPT, VatTreatment.OUTSIDE):
        words = "exempt from VAT" if vat.treatment is VatTreatment.EXEMPT else "outside the scope of VAT"
        return amount, nothing, Fraction(0), f"; {words}"
    exempt = bool(vat.unless) and all(answers.holds(condition) for condition in vat.unless)
    rate = f"{_decimal(vat.percent)}%"
    if vat.treatment is VatTreatment.ADDED:
        tax = nothing if exempt else amount.each(lambda each: each.times(vat.percent / 100))
        words = "; exempt from VAT for this applicant" if exempt else f"; VAT of {rate} is added"
        return amount, tax, Fraction(0) if exempt else vat.percent, words
    within = amount.each(lambda each: each.times(vat.percent / (100 + vat.percent)))
    if exempt:
        return amount - within, nothing, Fraction(0), "; exempt from VAT for this applicant, whose part is taken off"
    return amount - within, within, vat.percent, f"; VAT of {rate} is included"


def _decimal(number: Fraction) -> str:
    """Write a percentage as people do: 20, 17.5."""
    return f"{float(number):.4f}".rstrip("0").rstrip(".")
