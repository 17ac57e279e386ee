"""What a price list must be before anything is priced by it: nothing undefined, nothing circular, no hole in a tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from orchestrator.core.clock import day_in_words
from orchestrator.core.errors import Invalid

from .model import (
    Ask,
    AskKind,
    Between,
    Billed,
    Condition,
    Line,
    Percent,
    PriceList,
    Table,
    TierMode,
    Tiers,
)
from .request import COUNTS, DATASET_COUNTS, NOT_METERED, WORDS

__all__ = ["check_list", "check_series", "findings", "gaps"]


def check_list(prices: PriceList) -> None:
    """Raise ``Invalid`` naming the field unless a price can be told from this list for every request."""
    if not prices.lines:
        raise Invalid("lines must hold at least one line.", field="lines")
    if prices.valid_from and prices.valid_until and prices.valid_until < prices.valid_from:
        raise Invalid("valid.until must not lie before valid.from.", field="valid.until")
    _unique([ask.ask_id for ask in prices.asks], "asks")
    _unique([line.line_id for line in prices.lines], "lines")
    for ask in prices.asks:
        if ask.ask_id in WORDS or ask.ask_id in COUNTS:
            raise Invalid(f"The question “{ask.ask_id}” has the name of one that every list has.", field="asks")
        if ask.kind is AskKind.CHOICE and not ask.choices:
            raise Invalid(f"The question “{ask.ask_id}” needs choices.", field="asks")
    _conditions(prices, prices.vat.unless, "vat.unless")
    for line in prices.lines:
        _line(prices, line)
        _yearly(line)
    _references(prices, "replaces", {line.line_id: line.replaces for line in prices.lines})
    shares = {line.line_id: line.price.of for line in prices.lines if isinstance(line.price, Percent)}
    _references(prices, "percent.of", shares)
    _alike(prices, "replaces", {line.line_id: line.replaces for line in prices.lines})
    _alike(prices, "percent.of", shares)
    _known(prices, prices.refusal.lines, "refused.lines")


def check_series(lists: Sequence[PriceList]) -> None:
    """Raise ``Invalid`` when two lists of one series hold on the same day, or their order is not told."""
    ordered = sorted(lists, key=lambda each: each.valid_from or date.min)
    for before, after in pairwise(ordered):
        if before.valid_from is None or after.valid_from is None or before.valid_from == after.valid_from:
            raise Invalid(
                f"Two lists of the series “{before.series}” do not say which of them comes first; give each the day "
                "from which it holds.",
                field="valid.from",
            )
        if before.valid_until and before.valid_until >= after.valid_from:
            raise Invalid(
                f"Two lists of the series “{before.series}” hold on {day_in_words(after.valid_from)}: the earlier one "
                f"ends on {day_in_words(before.valid_until)}. Let one end before the other begins.",
                field="valid.from",
            )


def gaps(lists: Sequence[PriceList]) -> list[tuple[date, date]]:
    """Return the first and last day of each time between two lists of a series in which none holds."""
    ordered = sorted((each for each in lists if each.valid_from), key=lambda each: each.valid_from or date.min)
    found = []
    for before, after in pairwise(ordered):
        if before.valid_until and after.valid_from and before.valid_until + timedelta(days=1) < after.valid_from:
            found.append((before.valid_until + timedelta(days=1), after.valid_from - timedelta(days=1)))
    return found


def findings(prices: PriceList) -> list[str]:
    """Return what is allowed but worth a look: prices that fall as quantities rise, things that cannot be published."""
    found = []
    for line in prices.lines:
        if isinstance(line.price, Tiers):
            found += [f"{line.line_id}: {sentence}" for sentence in _falls(line.price)]
    if prices.vat.treatment == "not-published":
        found.append("vat: how the amounts are taxed is not said; say it before the list is published here")
    if prices.refusal.rule == "not-published":
        found.append("refused: what a refused application costs is not said; say it before the list is published here")
    if prices.valid_from is None:
        found.append("valid: since when it holds is not said; say it before the list is published here")
    return found


def _falls(tiers: Tiers) -> Iterable[str]:
    for before, after in pairwise(tiers.steps):
        upto = before.upto or 0
        if tiers.mode is TierMode.VOLUME:
            falls = after.amount.times(upto + 1) < before.amount.times(upto)
        else:
            falls = tiers.mode is TierMode.FLAT and after.amount < before.amount
        if falls:
            yield f"{upto + 1} cost less than {upto}"


def _line(prices: PriceList, line: Line) -> None:
    place = f"lines.{line.line_id}"
    for count in line.quantity:
        ask = prices.ask(count.of)
        if count.of not in COUNTS and (ask is None or ask.kind is not AskKind.COUNT):
            raise Invalid(f"{place}.count: “{count.of}” is nothing that is counted here.", field=f"{place}.count")
        if line.billed is Billed.MONTHLY and count.of in NOT_METERED:
            raise Invalid(
                f"{place}: “{count.of}” is not metered month by month, so the line cannot be billed monthly.",
                field=f"{place}.billed",
            )
    if line.only and not any(count.of in DATASET_COUNTS for count in line.quantity):
        raise Invalid(f"{place}.only chooses datasets, and the line counts none.", field=f"{place}.only")
    _conditions(prices, line.when, f"{place}.when")
    if line.vat is not None:
        _conditions(prices, line.vat.unless, f"{place}.vat.unless")
    _price(prices, line, place)
    _quota(line, place)
    if line.minimum and line.cap and line.cap < line.minimum:
        raise Invalid(f"{place}.cap must not be below its minimum.", field=f"{place}.cap")


def _yearly(line: Line) -> None:
    """Raise unless what a yearly line counts is the same in each year, and is not counted in years a second time."""
    place = f"lines.{line.line_id}"
    if line.billed is not Billed.YEARLY:
        if line.from_year > 1:
            raise Invalid(f"{place}.from-year goes with “billed: yearly”.", field=f"{place}.from-year")
        return
    for count in line.quantity:
        if count.of == "months" or (count.of in COUNTS and count.of not in NOT_METERED):
            raise Invalid(
                f"{place}: “{count.of}” is no number for a year; a line that is billed yearly counts what is asked "
                "for, and is charged for each year by itself.",
                field=f"{place}.billed",
            )


def _alike(prices: PriceList, what: str, graph: Mapping[str, Sequence[str]]) -> None:
    """Raise when a yearly line and one that is not are reckoned against each other: they are never priced together."""
    for line_id, others in graph.items():
        yearly = {line.billed is Billed.YEARLY for name in (line_id, *others) if (line := prices.line(name))}
        if len(yearly) > 1:
            raise Invalid(
                f"lines.{line_id}.{what} joins lines that are billed yearly with others; bill all of them alike.",
                field=f"lines.{line_id}.{what}",
            )


def _price(prices: PriceList, line: Line, place: str) -> None:
    price = line.price
    if isinstance(price, Between) and not price.least < price.most:
        raise Invalid(f"{place}.between: give the smaller amount first.", field=f"{place}.between")
    if isinstance(price, Tiers):
        _tiers(price, f"{place}.tiers")
    if isinstance(price, Table):
        words = _words(prices, price.by)
        if words is None:
            raise Invalid(f"{place}.table.by: “{price.by}” has no choices.", field=f"{place}.table")
        if not price.amounts or set(price.amounts) - set(words):
            raise Invalid(f"{place}.table.amounts must be for some of {', '.join(words)}.", field=f"{place}.table")


def _tiers(tiers: Tiers, place: str) -> None:
    if not tiers.steps:
        raise Invalid(f"{place} needs a step.", field=place)
    reached = 0
    for number, step in enumerate(tiers.steps, 1):
        if step.upto is None and number < len(tiers.steps):
            raise Invalid(f"{place}: step {number} has no end, so the next one never begins.", field=place)
        if step.upto is not None and step.upto <= reached:
            raise Invalid(f"{place}: step {number} ends at {step.upto}, within the one before it.", field=place)
        reached = step.upto or reached


def _quota(line: Line, place: str) -> None:
    if line.quota is None:
        return
    if len(line.quantity) != 1 or line.quantity[0].every != 1 or line.quantity[0].less:
        raise Invalid(f"{place}.quota needs exactly one plain count.", field=f"{place}.quota")
    if line.quantity[0].of in NOT_METERED or isinstance(line.price, Tiers):
        raise Invalid(
            f"{place}.quota goes with something metered, such as checks, and without tiers.", field=f"{place}.quota"
        )
    if line.billed is Billed.MONTHLY and "month" not in line.quota.per:
        raise Invalid(
            f"{place}.quota.per: the line is billed month by month, so what is free is free in a month; name it.",
            field=f"{place}.quota",
        )


def _conditions(prices: PriceList, conditions: Iterable[Condition], place: str) -> None:
    for condition in conditions:
        if condition.least is not None or condition.most is not None:
            _bounds(prices, condition, place)
            continue
        words = _words(prices, condition.of)
        if words is None:
            raise Invalid(f"{place}: “{condition.of}” is no question with words for an answer.", field=place)
        strange = sorted(set(condition.words) - set(words))
        if strange:
            raise Invalid(
                f"{place}: “{strange[0]}” is no answer to “{condition.of}”; it can be {', '.join(words)}.", field=place
            )


def _bounds(prices: PriceList, condition: Condition, place: str) -> None:
    ask: Ask | None = prices.ask(condition.of)
    if condition.of not in COUNTS and (ask is None or ask.kind is not AskKind.COUNT):
        raise Invalid(f"{place}: “{condition.of}” is nothing that is counted here.", field=place)
    if condition.least is not None and condition.most is not None and condition.most < condition.least:
        raise Invalid(f"{place}: no number is at least {condition.least} and at most {condition.most}.", field=place)


def _words(prices: PriceList, name: str) -> tuple[str, ...] | None:
    if name in WORDS:
        return WORDS[name]
    ask = prices.ask(name)
    if ask is None or ask.kind is AskKind.COUNT:
        return None
    return ask.choices if ask.kind is AskKind.CHOICE else ("no", "yes")


def _references(prices: PriceList, what: str, graph: Mapping[str, Sequence[str]]) -> None:
    for line_id, others in graph.items():
        _known(prices, others, f"lines.{line_id}.{what}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise Invalid(f"{what} goes in a circle: {circle}.", field=f"lines.{what}") from error


def _known(prices: PriceList, names: Iterable[str], place: str) -> None:
    for name in names:
        if prices.line(name) is None:
            raise Invalid(f"{place}: there is no line “{name}”.", field=place)


def _unique(names: Sequence[str], place: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Invalid(f"{place}: “{twice[0]}” is there twice.", field=place)
