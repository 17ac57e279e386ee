"""A price list as its custodian declares it: lines that say what is counted, what one costs, and when it applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from orchestrator.core.events import Json
from orchestrator.core.money import Money

__all__ = [
    "INFRASTRUCTURE",
    "Amount",
    "Ask",
    "AskKind",
    "Between",
    "Billed",
    "ByQuote",
    "Condition",
    "Count",
    "Line",
    "PassThrough",
    "Percent",
    "Price",
    "PriceList",
    "Quota",
    "Refusal",
    "Step",
    "Table",
    "TierMode",
    "Tiers",
    "Vat",
    "VatTreatment",
]

INFRASTRUCTURE = "infrastructure"
"""Who issues the prices of the installation itself, where a custodian's identifier would stand."""


class Billed(StrEnum):
    """When a line is charged: once with the order, each month from what was metered, or each year on its first day."""

    ONCE = "once"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class VatTreatment(StrEnum):
    """What the amounts of a list say about value added tax."""

    ADDED = "added"
    INCLUDED = "included"
    EXEMPT = "exempt"
    OUTSIDE = "outside-scope"
    NOT_PUBLISHED = "not-published"


class TierMode(StrEnum):
    """What a tier's amount is for: each unit in it, each unit of all, or the whole quantity."""

    GRADUATED = "graduated"
    VOLUME = "volume"
    FLAT = "flat"


class AskKind(StrEnum):
    """What kind of answer a list's own question has."""

    YES_NO = "yes-no"
    COUNT = "count"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A question that only this list needs answered; what it names can be counted or made a condition."""

    ask_id: str
    says: str
    kind: AskKind
    choices: tuple[str, ...] = ()
    needed: bool = False
    """Whether nothing may be assumed when it is not answered."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """One factor of a quantity: the answer ``of``, in groups of ``every`` (begun or complete), less some."""

    of: str
    every: int = 1
    complete: bool = False
    less: int = 0

    def value(self, answer: int) -> int:
        """Return the factor for an answer; never below nothing."""
        groups = answer // self.every if self.complete else -(-answer // self.every)
        return max(0, groups - self.less)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A line applies while the answer ``of`` is one of ``words`` (none, if ``negated``), or lies between two bounds."""

    of: str
    words: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    negated: bool = False


@dataclass(frozen=True, kw_only=True)
class Quota:
    """So many are free in each combination of ``per`` (``user``, ``month``, ``dataset``)."""

    free: int
    per: tuple[str, ...]


@dataclass(frozen=True)
class Amount:
    """What one unit costs."""

    each: Money


@dataclass(frozen=True)
class Between:
    """What one unit costs lies between two published amounts; a quote says where."""

    least: Money
    most: Money


@dataclass(frozen=True)
class ByQuote:
    """No amount is published; ``why`` says what it depends on."""

    why: str


@dataclass(frozen=True)
class Table:
    """What one unit costs hangs on an answer; a choice without an amount is by quote."""

    by: str
    amounts: Mapping[str, Money]


@dataclass(frozen=True)
class Step:
    """One tier, up to and with ``upto`` units; none means without end."""

    upto: int | None
    amount: Money


@dataclass(frozen=True)
class Tiers:
    """What a quantity costs by its size. Beyond a last tier with an end it is by quote."""

    mode: TierMode
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Percent:
    """A share of other lines of the same list."""

    rate: Fraction
    of: tuple[str, ...]


@dataclass(frozen=True)
class PassThrough:
    """What a third party charges, handed on as it is."""


Price: TypeAlias = Amount | Between | ByQuote | Table | Tiers | Percent | PassThrough


@dataclass(frozen=True, kw_only=True)
class Vat:
    """How amounts are taxed; ``unless`` names conditions under which they are exempt."""

    treatment: VatTreatment
    percent: Fraction = Fraction(0)
    unless: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What is charged when an application is refused: everything, nothing, some lines, or not published."""

    rule: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a price list. ``source`` says where its amount was published, or that it is an example."""

    line_id: str
    says: str
    price: Price
    quantity: tuple[Count, ...]
    unit: str
    source: str
    when: tuple[Condition, ...] = ()
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Which datasets are counted: any whose trait (such as ``class``) has one of the words."""
    quota: Quota | None = None
    replaces: tuple[str, ...] = ()
    minimum: Money | None = None
    cap: Money | None = None
    billed: Billed = Billed.ONCE
    from_year: int = 1
    """The first year that a yearly line is charged for, such as 2 for a review at each anniversary."""
    vat: Vat | None = None
    infrastructure_share: int | None = None
    includes: str = ""


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """What a custodian, or the infrastructure, charges between two days. ``sha256`` is over its canonical text."""

    series: str
    title: str
    currency: str
    valid_from: date | None
    """None where a published list does not say since when it holds; such a list can be tried, not published here."""
    valid_until: date | None
    """The last day; none until a later list of the series begins."""
    vat: Vat
    refusal: Refusal
    infrastructure_share: int
    """Percent of each line that goes to the infrastructure."""
    quote_days: int
    quote_ends_with_year: bool
    """Whether a quote lapses with the financial year, on 31 March."""
    source: str
    example: bool
    """Whether the amounts are our own invention, to show how a list is written."""
    asks: tuple[Ask, ...]
    lines: tuple[Line, ...]
    document: Mapping[str, Json]
    sha256: str

    def line(self, line_id: str) -> Line | None:
        """Return one line."""
        return next((each for each in self.lines if each.line_id == line_id), None)

    def ask(self, ask_id: str) -> Ask | None:
        """Return one of the list's own questions."""
        return next((each for each in self.asks if each.ask_id == ask_id), None)
