"""What can be published, quoted, invoiced and credited; every refusal is a sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from orchestrator.core.clock import day_in_words
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.money import Money

from .documents import PublishedList, Spending
from .model import Between, Billed, ByQuote, Line, PriceList, Refusal
from .priced import Priced, PricedLine, Span

__all__ = [
    "LARGEST",
    "charged_after_refusal",
    "check_budget",
    "check_currency",
    "check_follows",
    "check_month",
    "check_publishable",
    "check_settled",
    "check_text",
    "check_waiver",
    "lapses_on",
    "month_bounds",
]

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
LARGEST = 10**11
"""No single amount is larger, in pence."""
_LONGEST_WAIVER = timedelta(days=3 * 366)


def check_text(text: str, *, field: str, least: int = 3, most: int = 1000) -> str:
    """Return a text of people, trimmed; raise ``Invalid`` when it is empty or longer than can be shown."""
    words = text.strip()
    if not least <= len(words) <= most or not words.replace("\n", " ").isprintable():
        raise Invalid(f"Give {field.replace('_', ' ')} in {least} to {most} characters.", field=field)
    return words


def check_publishable(prices: PriceList) -> date:
    """Return the first day of a list that can be published; raise ``Invalid`` for what must be said before."""
    if prices.valid_from is None:
        raise Invalid("Say since when the prices hold: valid.from must be a day.", field="valid.from")
    if prices.vat.treatment == "not-published":
        raise Invalid("Say how the amounts are taxed: vat.treatment must be known before it is published.", field="vat")
    if prices.refusal.rule == "not-published":
        raise Invalid("Say what a refused application costs: refused.charge must be known.", field="refused")
    return prices.valid_from


def check_follows(prices: PriceList, earlier: Sequence[PublishedList], *, today: date, gap_reason: str) -> None:
    """Raise unless a list fits after what its issuer published: no day with two lists, none without one unsaid."""
    start = check_publishable(prices)
    if not earlier:
        return
    last = max(earlier, key=lambda each: each.valid_from)
    if start <= last.valid_from or (last.valid_until is not None and start <= last.valid_until):
        ends = last.valid_until
        until = f"until {day_in_words(ends)}" if ends else f"from {day_in_words(last.valid_from)} on"
        raise NotPossible(
            f"“{last.title}” holds {until}, and prices that were published are kept; let the new list begin later."
        )
    if start <= today and last.valid_until is None:
        raise NotPossible(
            f"“{last.title}” holds today; a list that replaces it begins tomorrow at the earliest, so that nobody was "
            "quoted two prices on one day."
        )
    if last.valid_until is not None and last.valid_until + timedelta(days=1) < start and not gap_reason.strip():
        raise NotPossible(
            f"No price would hold from {last.valid_until + timedelta(days=1)} to {start - timedelta(days=1)}, so "
            "nothing could be quoted then. Let the new list begin earlier, or say why there is a gap."
        )


def check_waiver(prices: PriceList | None, *, percent: int, lines: Sequence[str], until: date, today: date) -> None:
    """Raise unless this can be let off."""
    if not 1 <= percent <= 100:
        raise Invalid("A waiver lets off between 1 and 100 percent.", field="percent")
    if not today <= until <= today + _LONGEST_WAIVER:
        raise Invalid("A waiver ends within three years, and not before today.", field="until")
    known = {line.line_id for line in prices.lines} if prices else set()
    strange = sorted(set(lines) - known)
    if strange:
        raise Invalid(f"The price list in force has no line “{strange[0]}”.", field="lines")


def check_settled(prices: PriceList, priced: Priced, settled: Mapping[str, Money]) -> None:
    """Raise unless these amounts are for lines that the list leaves open, and within what it publishes.

    What is metered or yearly gets a rate for one unit; what is metered may get it before any of it was used.
    """
    lines = {line.line_id: line for line in priced.lines}
    for line_id, amount in settled.items():
        known, line = prices.line(line_id), lines.get(line_id)
        if known is not None and known.billed is not Billed.ONCE:
            allowed = _rates(known, line)
        else:
            allowed = None if line is None or line.replaced_by else _left_open(line)
        if allowed is None:
            raise Invalid(f"The line “{line_id}” is not open: its price is on the list.", field=line_id)
        if amount.currency != prices.currency or not 0 <= amount.pence <= LARGEST:
            raise Invalid(f"Give the amount of “{line_id}” in {prices.currency}, not below nothing.", field=line_id)
        if allowed.high and not allowed.low <= amount <= allowed.high:
            raise Invalid(f"“{line_id}” is published as {allowed}; the amount must lie within.", field=line_id)


def _left_open(line: PricedLine) -> Span | None:
    """Return the bounds within which an amount can be set (nothing: none), or none where it is on the list."""
    if line.open:
        return Span.just(Money(0, line.listed.low.currency))
    return None if line.listed.certain else line.listed


def _rates(line: Line, priced: PricedLine | None) -> Span | None:
    if isinstance(line.price, Between):
        return Span(line.price.least, line.price.most)
    open_year = line.billed is Billed.YEARLY and priced is not None and priced.open
    return Span.just(Money(0)) if isinstance(line.price, ByQuote) or open_year else None


def lapses_on(prices: PriceList, offered: date) -> date:
    """Return the last day on which a quote can be accepted: days after the offer, at most the financial year's end.

    The financial year ends on 31 March. A quote never outlives its list by more than its days.
    """
    last = offered + timedelta(days=prices.quote_days)
    if not prices.quote_ends_with_year:
        return last
    year = offered.year if (offered.month, offered.day) <= (3, 31) else offered.year + 1
    return min(last, date(year, 3, 31))


def month_bounds(month: str) -> tuple[date, date]:
    """Return the first day of a month such as ``2026-11``, and of the next."""
    read = _MONTH.fullmatch(month)
    if read is None or not 1 <= int(read[1]) < 9999:
        raise Invalid(f"“{month[:20]}” is not a month; write it as YYYY-MM, such as 2026-11.", field="month")
    year, number = int(read[1]), int(read[2])
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return date(year, number, 1), date(*following, 1)


def check_month(month: str, metered: tuple[str, str], *, today: date) -> None:
    """Raise unless a month is among those an order meters (first and last), and is over: then it changes no more."""
    _, after = month_bounds(month)
    first, last = metered
    if not first <= month <= last:
        raise NotPossible(f"This order meters from {first} to {last}; {month} is not among these months.")
    if today < after:
        raise NotPossible(f"{month} is not over; its statement can be made from {after} on.")


def charged_after_refusal(refusal: Refusal, line_ids: Sequence[str]) -> frozenset[str]:
    """Return which lines a refused application still pays, by its list's own rule."""
    if refusal.rule == "everything":
        return frozenset(line_ids)
    if refusal.rule == "only":
        return frozenset(refusal.lines) & frozenset(line_ids)
    return frozenset()


def check_currency(currency: str, *, budget: str | None, ordered: str | None) -> None:
    """Raise unless the budget and the orders of a project, where there are any, are in this currency too."""
    for what, other in (("the project’s budget", budget), ("what was ordered for the project", ordered)):
        if other is not None and other != currency:
            raise NotPossible(
                f"This is in {currency} and {what} in {other}; they cannot be set against each other. One project pays "
                "in one currency."
            )


def check_budget(spending: Spending, amount: Money, *, what: str) -> None:
    """Raise ``NotPossible`` when an amount is more than what is left of a budget."""
    left = spending.left
    if spending.limit is None or left is None:
        return
    if amount > left:
        remaining = max(left, Money(0, left.currency))
        raise NotPossible(
            f"{what} comes to {amount}, and of the budget of {spending.limit} there is {remaining} left. Ask for less, "
            "or raise the budget first."
        )
