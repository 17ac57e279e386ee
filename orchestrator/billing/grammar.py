"""Reads a price list from its YAML text: the one place that knows how a list is written."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import rfc8785

from orchestrator.core.money import CURRENCIES

from .checks import check_list
from .model import (
    Amount,
    Ask,
    AskKind,
    Between,
    Billed,
    ByQuote,
    Condition,
    Count,
    Line,
    PassThrough,
    Percent,
    Price,
    PriceList,
    Quota,
    Refusal,
    Step,
    Table,
    TierMode,
    Tiers,
    Vat,
    VatTreatment,
)
from .parts import Part
from .yaml_text import read_text

__all__ = ["parse_list", "read_list"]

_PRICES = ("amount", "between", "by-quote", "table", "tiers", "percent", "pass-through")
_SHARE = "infrastructure-share"
_SCOPES = ("user", "month", "dataset")


def read_list(text: str, *, name: str = "The price list") -> PriceList:
    """Read and check a price list; raises ``Invalid`` that names the field at fault."""
    return parse_list(read_text(text, name=name))


def parse_list(document: dict[str, Any]) -> PriceList:
    """Read and check a price list that is already taken apart into mappings, lists and text."""
    top = Part(document, "")
    currency = top.choice("currency", tuple(CURRENCIES))
    valid, quote, shares = top.part("valid"), top.part("quote", {}), top.part("shares", {})
    known = not (valid.has("from") and valid.text("from") == "not-published")
    prices = PriceList(
        series=top.name("series"),
        title=top.text("title", most=200),
        currency=currency,
        valid_from=valid.day("from") if known else None,
        valid_until=valid.day("until") if valid.has("until") else None,
        vat=_vat(top.part("vat")),
        refusal=_refusal(top.part("refused")),
        infrastructure_share=shares.number("infrastructure", 0, most=100),
        quote_days=quote.number("days", 30, least=1, most=366),
        quote_ends_with_year=quote.yes("ends-with-financial-year", default=False),
        source=top.text("source"),
        example=top.yes("example", default=False),
        asks=tuple(_ask(part) for part in top.parts("asks", [])),
        lines=tuple(_line(part, currency) for part in top.parts("lines")),
        document=document,
        sha256="",
    )
    for part in (valid, quote, shares, top):
        part.done()
    check_list(prices)
    return replace(prices, sha256=hashlib.sha256(rfc8785.dumps(document)).hexdigest())


def _vat(part: Part) -> Vat:
    treatment = VatTreatment(part.choice("treatment", tuple(VatTreatment)))
    taxed = treatment in (VatTreatment.ADDED, VatTreatment.INCLUDED)
    vat = Vat(
        treatment=treatment,
        percent=part.percent("percent") if taxed else Vat(treatment=treatment).percent,
        unless=_conditions(part.part("unless", {})) if taxed else (),
    )
    part.done()
    return vat


def _refusal(part: Part) -> Refusal:
    rule = part.choice("charge", ("everything", "nothing", "only", "not-published"))
    refusal = Refusal(rule=rule, lines=part.words("lines") if rule == "only" else ())
    part.done()
    return refusal


def _ask(part: Part) -> Ask:
    kind = AskKind(part.choice("kind", tuple(AskKind)))
    ask = Ask(
        ask_id=part.name("id"),
        says=part.text("says"),
        kind=kind,
        choices=part.words("choices") if kind is AskKind.CHOICE else (),
        needed=part.yes("needed", default=False),
    )
    part.done()
    return ask


def _line(part: Part, currency: str) -> Line:
    price = _price(part, currency)
    counts = part.raw("count", ["requests"])
    listed = counts if isinstance(counts, list) else [counts]
    line = Line(
        line_id=part.name("id"),
        says=part.text("says"),
        price=price,
        quantity=tuple(_count(one, f"{part.at('count')}[{number}]") for number, one in enumerate(listed, 1)),
        unit=part.text("unit", "", most=80),
        source=part.text("source"),
        when=_conditions(part.part("when", {})),
        only=_only(part.part("only", {})),
        quota=_quota(part.part("quota")) if part.has("quota") else None,
        replaces=part.words("replaces", ()),
        minimum=part.money("minimum", currency) if part.has("minimum") else None,
        cap=part.money("cap", currency) if part.has("cap") else None,
        billed=Billed(part.choice("billed", tuple(Billed), Billed.ONCE)),
        from_year=part.number("from-year", 1, least=1, most=50),
        vat=_vat(part.part("vat")) if part.has("vat") else None,
        infrastructure_share=part.number(_SHARE, most=100) if part.has(_SHARE) else None,
        includes=part.text("includes", ""),
    )
    part.done()
    return line


def _price(part: Part, currency: str) -> Price:
    given = [name for name in _PRICES if part.has(name)]
    if len(given) != 1:
        wrong = given[1] if given else "amount"
        raise part.wrong(wrong, f"is missing or one too many: a line has one of {', '.join(_PRICES)}")
    return _WAYS[given[0]](part, currency)


def _between(part: Part, currency: str) -> Price:
    ends = part.raw("between")
    if not isinstance(ends, list) or len(ends) != 2:
        raise part.wrong("between", "must be a list of two amounts, the smaller first")
    least, most = (part.amount(end, currency, part.at("between")) for end in ends)
    return Between(least, most)


def _table(part: Part, currency: str) -> Price:
    inner = part.part("table")
    amounts = inner.part("amounts")
    read = {name: amounts.money(name, currency) for name in amounts.names()}
    table = Table(inner.name("by"), read)
    inner.done()
    return table


def _tiers(part: Part, currency: str) -> Price:
    inner = part.part("tiers")
    steps = []
    for step in inner.parts("steps"):
        upto = step.number("up-to", least=1) if step.has("up-to") else None
        steps.append(Step(upto, step.money("amount", currency)))
        step.done()
    tiers = Tiers(TierMode(inner.choice("mode", tuple(TierMode))), tuple(steps))
    inner.done()
    return tiers


def _percent(part: Part, _: str) -> Price:
    inner = part.part("percent")
    percent = Percent(inner.percent("rate") / 100, inner.words("of"))
    inner.done()
    return percent


def _passed(part: Part, _: str) -> Price:
    part.choice("pass-through", ("yes",))
    return PassThrough()


_WAYS = {
    "amount": lambda part, currency: Amount(part.money("amount", currency)),
    "between": _between,
    "by-quote": lambda part, _: ByQuote(part.text("by-quote")),
    "table": _table,
    "tiers": _tiers,
    "percent": _percent,
    "pass-through": _passed,
}


def _count(given: Any, place: str) -> Count:
    if isinstance(given, str):
        return Count(of=given)
    part = Part(given, place)
    count = Count(
        of=part.name("of"),
        every=part.number("every", 1, least=1),
        complete=part.yes("complete", default=False),
        less=part.number("less", 0),
    )
    part.done()
    return count


def _conditions(part: Part) -> tuple[Condition, ...]:
    return tuple(_condition(part, name) for name in part.names())


def _condition(part: Part, name: str) -> Condition:
    value = part.raw(name)
    if not isinstance(value, dict):
        return Condition(of=name, words=part.words(name))
    inner = part.part(name)
    if inner.has("not"):
        condition = Condition(of=name, words=inner.words("not"), negated=True)
    else:
        least = inner.number("at-least") if inner.has("at-least") else None
        most = inner.number("at-most") if inner.has("at-most") else None
        if least is None and most is None:
            raise inner.wrong("at-least", "or at-most or not is needed")
        condition = Condition(of=name, least=least, most=most)
    inner.done()
    return condition


def _only(part: Part) -> dict[str, tuple[str, ...]]:
    return {name: part.words(name) for name in part.names()}


def _quota(part: Part) -> Quota:
    per = part.words("per")
    if set(per) - set(_SCOPES):
        raise part.wrong("per", f"must be some of {', '.join(_SCOPES)}")
    quota = Quota(free=part.number("free"), per=per)
    part.done()
    return quota
