"""A price list is refused unless a price can be told from it for every request, and the refusal names the place."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.billing.checks import check_series, findings, gaps
from orchestrator.billing.grammar import read_list
from orchestrator.core.errors import Invalid
from orchestrator.core.money import Money

from .conftest import FEES, WRITTEN, shipped

LISTS = sorted(path.stem for path in FEES.glob("*.yaml"))


def line(**fields: str) -> str:
    """The small list with one more line."""
    told = {"id": "more", "says": "More", "source": "A test"} | {k.replace("_", "-"): v for k, v in fields.items()}
    return WRITTEN + "  - {" + ", ".join(f"{name}: {value}" for name, value in told.items()) + "}\n"


@pytest.mark.parametrize("name", LISTS)
def test_every_shipped_list_is_read_and_each_of_its_lines_tells_its_source(name: str) -> None:
    prices = shipped(name)
    assert len(LISTS) >= 9
    assert all(each.source for each in prices.lines)
    assert prices.example is name.startswith("example-")


def test_amounts_stay_as_they_were_written(written: str) -> None:
    assert read_list(line(amount="831.60")).lines[1].price.each == Money(83160)  # type: ignore[union-attr]
    assert read_list(written).sha256 == read_list(written.replace("amount: 10", 'amount: "10"')).sha256
    assert read_list(written).sha256 != read_list(written.replace("amount: 10", "amount: 11")).sha256


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        (line(), "lines[2].amount", "missing or one too many"),
        (line(amount="1", by_quote="x"), "lines[2].by-quote", "one too many"),
        (line(amount="1.5"), "lines[2].amount", "is not an amount"),
        (line(amount="-1"), "lines[2].amount", "waiver or a credit"),
        (line(amount="[1]"), "lines[2].amount", "such as 1030"),
        (line(amount="1", cuont="hours"), "lines[2].cuont", "spelling"),
        (line(amount="1", count="horses"), "lines.more.count", "nothing that is counted"),
        (line(amount="1", when="{moon: full}"), "lines.more.when", "no question"),
        (line(amount="1", when="{applicant: pirate}"), "lines.more.when", "no answer"),
        (line(amount="1", when="{months: {at-least: 3, at-most: 2}}"), "lines.more.when", "no number"),
        (line(amount="1", when="{months: {}}"), "lines[2].when.months.at-least", "needed"),
        (line(amount="1", replaces="nobody"), "lines.more.replaces", "no line"),
        (line(amount="1", replaces="more"), "lines.replaces", "circle"),
        (line(percent="{rate: 101, of: [fee]}"), "lines[2].percent.rate", "percentage"),
        (line(percent="{rate: 10, of: [more]}"), "lines.percent.of", "circle"),
        (line(between="[2, 1]"), "lines.more.between", "smaller amount first"),
        (line(between="[2]"), "lines[2].between", "two amounts"),
        (line(tiers="{mode: flat, steps: []}"), "lines.more.tiers", "needs a step"),
        (
            line(tiers="{mode: flat, steps: [{up-to: 5, amount: 1}, {up-to: 5, amount: 2}]}"),
            "lines.more.tiers",
            "within the one before",
        ),
        (
            line(tiers="{mode: flat, steps: [{amount: 1}, {up-to: 5, amount: 2}]}"),
            "lines.more.tiers",
            "never begins",
        ),
        (line(table="{by: applicant, amounts: {pirate: 1}}"), "lines.more.table", "some of"),
        (line(table="{by: hours, amounts: {academic: 1}}"), "lines.more.table", "no choices"),
        (line(amount="1", quota="{free: 2, per: [moon]}"), "lines[2].quota.per", "some of"),
        (line(amount="1", quota="{free: 2, per: [user]}"), "lines.more.quota", "metered"),
        (line(amount="1", count="[checks, hours]", quota="{free: 2, per: [user]}"), "lines.more.quota", "one plain"),
        (
            line(amount="1", count="checks", billed="monthly", quota="{free: 2, per: [user]}"),
            "lines.more.quota",
            "free in a month",
        ),
        (line(amount="1", minimum="5", cap="4"), "lines.more.cap", "below its minimum"),
        (line(amount="1", billed="monthly"), "lines.more.billed", "not metered"),
        (line(amount="1", only="{class: report}"), "lines.more.only", "counts none"),
        (line(amount="1", id="fee"), "lines", "there twice"),
        (WRITTEN.replace("2027-03-31", "2026-03-31"), "valid.until", "before valid.from"),
        (WRITTEN.replace("2026-04-01", "2026-02-30"), "valid.from", "must be a day"),
        (WRITTEN.replace("GBP", "JPY"), "currency", "one of"),
        (WRITTEN.replace("charge: nothing", "charge: only, lines: [x]"), "refused.lines", "no line"),
        (WRITTEN.replace("exempt", "added"), "vat.percent", "missing"),
        (WRITTEN + "asks: [{id: hours, says: x, kind: count}]\n", "asks", "every list has"),
        (WRITTEN + "title: twice\n", "own.yaml", "written twice"),
        (
            WRITTEN.replace("A list", "&a A list").replace("source: A test\nlines", "source: *a\nlines"),
            "own.yaml",
            "refer",
        ),
        (WRITTEN.replace("A list", '"A\\tlist"'), "own.yaml", "cannot be shown"),
        (WRITTEN.replace("A list", '"\\uD800"'), "own.yaml", "cannot be"),
        (line(amount='"1000000001"'), "lines[2].amount", "larger than £1,000,000,000.00"),
        ("[]", "own.yaml", "fields by name"),
        ("a: [", "own.yaml", "cannot be read"),
        ("[" * 5000, "own.yaml", "cannot be read"),
        ("x" * 300_000, "own.yaml", "larger"),
    ],
)
def test_what_cannot_be_priced_is_refused_where_it_stands(text: str, field: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as refused:
        read_list(text, name="own.yaml")
    assert refused.value.field == field


@given(some.text(max_size=200), some.integers(0, len(WRITTEN)))
def test_any_damage_is_a_sentence_and_never_a_crash(damage: str, at: int) -> None:
    with suppress(Invalid):
        assert read_list(WRITTEN[:at] + damage + WRITTEN[at:]).lines


def holding(since: str, until: str | None):
    valid = f"{{from: {since}" + (f", until: {until}}}" if until else "}")
    return read_list(WRITTEN.replace("{from: 2026-04-01, until: 2027-03-31}", valid))


def test_two_lists_of_a_series_never_hold_on_one_day() -> None:
    check_series([shipped("nhs-england-dars-2025"), shipped("nhs-england-dars-2026")])
    check_series([holding("2027-01-01", None), holding("2026-01-01", None)])
    with pytest.raises(Invalid, match="hold on 1 June 2026"):
        check_series([holding("2026-06-01", None), holding("2026-01-01", "2026-06-01")])
    with pytest.raises(Invalid, match="comes first"):
        check_series([holding("2026-01-01", None), holding("2026-01-01", None)])


def test_a_time_without_a_list_is_told_to_the_day() -> None:
    lists = [holding("2026-06-03", None), holding("2026-01-01", "2026-05-31")]
    assert gaps(lists) == [(date(2026, 6, 1), date(2026, 6, 2))]
    assert gaps([holding("2024-01-01", "2024-02-29"), holding("2024-03-01", None)]) == []


def test_prices_that_fall_as_quantities_rise_are_pointed_out() -> None:
    falling = line(count="hours", tiers="{mode: volume, steps: [{up-to: 10, amount: 5}, {amount: 4}]}")
    assert findings(read_list(falling)) == ["more: 11 cost less than 10"]
    flat = line(count="hours", tiers="{mode: flat, steps: [{up-to: 10, amount: 5}, {amount: 4}]}")
    assert findings(read_list(flat)) == ["more: 11 cost less than 10"]
    assert findings(shipped("example-custodian")) == []
    assert len(findings(shipped("sail"))) == 2
