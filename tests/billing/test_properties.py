"""What is true of every shipped list and every request: sums are exact, more never costs less, the same is the same."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as some

from orchestrator.billing.grammar import read_list
from orchestrator.billing.model import AskKind, Billed, PriceList, TierMode, Tiers
from orchestrator.billing.periods import end_of_months
from orchestrator.billing.priced import Priced, Relief, as_document
from orchestrator.billing.pricing import price
from orchestrator.billing.request import COUNTS, DATASET_COUNTS, WORDS, AskedDataset, Request, Usage
from orchestrator.core.errors import Invalid
from orchestrator.core.money import Money, total

from .conftest import FEES, WRITTEN, shipped

LISTS = [shipped(path.stem) for path in sorted(FEES.glob("*.yaml"))]
FREE_COUNTS = sorted(set(COUNTS) - DATASET_COUNTS - {"months", "requests"})


@some.composite
def requests(draw, prices: PriceList) -> Request:
    """Any request that a list understands."""
    answers: dict[str, object] = {}
    for name, words in WORDS.items():
        if name == "applicant" or draw(some.booleans()):
            answers[name] = draw(some.sampled_from(words))
    for name in draw(some.lists(some.sampled_from(FREE_COUNTS), unique=True, max_size=5)):
        answers[name] = draw(some.integers(0, 400))
    for ask in prices.asks:
        if ask.kind is AskKind.COUNT:
            answers[ask.ask_id] = draw(some.integers(0, 40))
        else:
            answers[ask.ask_id] = draw(some.sampled_from(ask.choices or ("no", "yes")))
    start = draw(some.dates(date(2011, 1, 1), date(2030, 1, 1)))
    periods = draw(some.lists(some.integers(1, 9), max_size=6))
    return Request(
        start=start,
        last=end_of_months(start, draw(some.integers(1, 60))),
        answers=answers,  # type: ignore[arg-type]
        datasets=tuple(AskedDataset(key=f"d{n}", periods=each) for n, each in enumerate(periods)),
    )


pairs = some.sampled_from(LISTS).flatmap(lambda prices: some.tuples(some.just(prices), requests(prices)))


def check_sums(priced: Priced) -> None:
    for end in ("low", "high"):
        lines = priced.lines
        assert getattr(priced.net, end) == total(getattr(line.net, end) for line in lines)
        assert getattr(priced.gross, end) == total(getattr(line.net + line.vat, end) for line in lines)
    for line in priced.lines:
        assert Money(0) <= line.net.low <= line.net.high
        assert line.waived.low <= line.listed.low
        assert Money(0) <= line.infrastructure.low <= line.net.low
        assert line.how
        assert line.source


@given(pairs)
def test_a_total_is_the_sum_of_its_lines_and_each_line_explains_itself(pair: tuple[PriceList, Request]) -> None:
    check_sums(price(*pair))


@given(pairs, some.integers(0, 2**32))
def test_the_same_request_gives_the_same_bytes(pair: tuple[PriceList, Request], seed: int) -> None:
    prices, request = pair
    names = list(request.answers)
    random.Random(seed).shuffle(names)  # noqa: S311 - an order for a test
    again = replace(request, answers={name: request.answers[name] for name in names})
    assert rfc8785.dumps(as_document(price(prices, request))) == rfc8785.dumps(as_document(price(prices, again)))


@given(pairs, some.sampled_from(FREE_COUNTS), some.integers(1, 50))
def test_more_of_anything_never_costs_less(pair: tuple[PriceList, Request], name: str, more: int) -> None:
    """True unless a list says otherwise (a cheaper volume, a condition): none of the shipped ones does for counts."""
    prices, request = pair
    number = request.answers.get(name, 0)
    fewer = price(prices, replace(request, answers={**request.answers, name: number}))
    greater = price(prices, replace(request, answers={**request.answers, name: number + more}))
    assert fewer.gross.low <= greater.gross.low or len(greater.open) > len(fewer.open)


@given(pairs)
def test_another_dataset_never_costs_less(pair: tuple[PriceList, Request]) -> None:
    prices, request = pair
    longer = replace(request, datasets=(*request.datasets, AskedDataset(key="one-more")))
    before, after = price(prices, request), price(prices, longer)
    assert before.gross.low <= after.gross.low or len(after.open) > len(before.open)
    assert not any(isinstance(line.price, Tiers) and line.price.mode is TierMode.VOLUME for line in prices.lines)


@given(pairs, some.integers(1, 100))
def test_a_waiver_lets_off_its_share_and_no_more(pair: tuple[PriceList, Request], percent: int) -> None:
    prices, request = pair
    relief = Relief(waiver_id="w", percent=percent, lines=(), says="teaching")
    full, less = price(prices, request), price(prices, request, reliefs=[relief])
    check_sums(less)
    for before, after in zip(full.lines, less.lines, strict=True):
        assert after.listed == before.listed
        assert abs(after.waived.low.pence * 100 - before.listed.low.pence * percent) < 100
    assert less.gross.low <= full.gross.low
    both = price(prices, request, reliefs=[relief, replace(relief, percent=max(1, percent // 2))])
    assert both.gross == less.gross


used = some.lists(
    some.builds(
        Usage,
        of=some.just("checks"),
        quantity=some.integers(0, 60),
        month=some.sampled_from(["2026-04", "2026-05", "2026-06"]),
        user=some.sampled_from(["ann", "bob", "cyd"]),
    ),
    max_size=20,
)


@given(used)
@settings(max_examples=60)
def test_statements_of_single_months_add_up_to_all_of_them_and_lie_within_the_estimate(usage: list[Usage]) -> None:
    prices = shipped("nhs-england-sde-2026")
    asked = Request(start=date(2026, 4, 1), last=date(2026, 6, 30), answers={"applicant": "nhs"})
    whole = price(prices, replace(asked, usage=tuple(usage)), billed={Billed.MONTHLY})
    months = [
        price(
            prices,
            replace(asked, usage=tuple(each for each in usage if each.month == month)),
            billed={Billed.MONTHLY},
        )
        for month in ("2026-04", "2026-05", "2026-06")
    ]
    assert whole.gross.low == total(each.gross.low for each in months)
    sum_of_checks = sum(each.quantity for each in usage)
    answers = {"applicant": "nhs", "users": 3, "user-months": 0, "checks": sum_of_checks}
    estimate = price(prices, replace(asked, answers=answers), billed={Billed.MONTHLY})
    assert estimate.gross.low <= whole.gross.low <= estimate.gross.high


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"last": date(9999, 12, 31)}, "start"),
        ({"start": date(1, 1, 1)}, "start"),
        ({"last": date(2026, 3, 31)}, "last"),
        ({"last": date(2126, 4, 1)}, "last"),
        ({"answers": {"applicant": "academic", "hours": -1}}, "hours"),
        ({"answers": {"applicant": "academic", "hours": 10**10}}, "hours"),
        ({"answers": {"applicant": "academic", "hours": "many"}}, "hours"),
        ({"answers": {"applicant": "academic", "months": 3}}, "months"),
        ({"answers": {"applicant": ("academic", "pirate")}}, "applicant"),
        ({"answers": {"applicant": None}}, "applicant"),
        ({"answers": {}}, "applicant"),
        ({"passed_on": {"moon": Money(1)}}, "moon"),
    ],
)
def test_what_no_list_understands_is_refused_by_its_name(change: dict[str, object], field: str) -> None:
    request = Request(start=date(2026, 4, 1), last=date(2027, 3, 31), answers={"applicant": "academic"})
    with pytest.raises(Invalid) as refused:
        price(shipped("phe-odr-2020-21"), replace(request, **change))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_sums_that_no_document_can_carry_are_refused_in_words() -> None:
    most = {"applicant": "academic", "hours": 10**9, "linkages": 0}
    request = Request(start=date(2026, 4, 1), last=date(2027, 3, 31), answers=most)
    assert price(shipped("phe-odr-2020-21"), request).net.low.pence == 10**9 * 415_80 + 831_60
    text = WRITTEN + '  - {id: x, says: X, amount: "1000000", count: [hours, records], source: A test}\n'
    many = replace(request, answers={"applicant": "academic", "hours": 10**6, "records": 10**6})
    with pytest.raises(Invalid, match="more than can be counted"):
        price(read_list(text), many)
