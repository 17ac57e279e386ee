"""What a request answers to the questions of a price list; what it leaves out is assumed, and told as assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from orchestrator.core.errors import Invalid

from .model import AskKind, Condition, Line, PriceList
from .request import COUNTS, DATASET_COUNTS, WORDS, Answer, AskedDataset, Request

__all__ = ["Answers", "check_request"]

_MOST = 10**9
_YEARS = (1990, 2200)
_LONGEST_MONTHS = 12 * 50


def check_request(prices: PriceList, request: Request) -> None:
    """Raise ``Invalid`` naming the answer that this list cannot understand or cannot do without."""
    if not (_YEARS[0] <= request.start.year and request.last.year <= _YEARS[1]):
        raise Invalid(f"First and last day lie between {_YEARS[0]} and {_YEARS[1]}.", field="start")
    if request.last < request.start:
        raise Invalid("The last day must not lie before the first.", field="last")
    if request.months > _LONGEST_MONTHS:
        raise Invalid("A request can last at most 50 years.", field="last")
    for name, answer in request.answers.items():
        _check_answer(prices, name, answer)
    needed = ["applicant", *(ask.ask_id for ask in prices.asks if ask.needed)]
    for name in needed:
        if name not in request.answers:
            ask = prices.ask(name)
            words = ask.says if ask else f"which class of applicant asks ({', '.join(WORDS['applicant'])})"
            raise Invalid(f"Say {name}: {words}.", field=name)
    for name in request.passed_on:
        if prices.line(name) is None:
            raise Invalid(f"There is no line “{name}” that hands a charge on.", field=name)
    for used in request.usage:
        if used.quantity < 0 or used.quantity > _MOST:
            raise Invalid(f"A quantity of {used.of} lies out of bounds.", field=used.of)


def _check_answer(prices: PriceList, name: str, answer: Answer) -> None:
    ask = prices.ask(name)
    if name in DATASET_COUNTS or name in ("months", "requests"):
        raise Invalid(f"“{name}” is told from the datasets and days that are asked for.", field=name)
    if name in COUNTS or (ask is not None and ask.kind is AskKind.COUNT):
        if answer is not None and (not isinstance(answer, int) or not 0 <= answer <= _MOST):
            raise Invalid(f"“{name}” must be a whole number, or “unknown”.", field=name)
        return
    if name not in WORDS and ask is None:
        raise Invalid(f"No price depends on “{name}”; look at the questions of this price list.", field=name)
    known = WORDS.get(name, ask.choices if ask and ask.choices else ("no", "yes"))
    given = answer if isinstance(answer, tuple) else (answer,)
    for word in given:
        if word not in known:
            raise Invalid(f"“{word}” is no answer to “{name}”; it can be {', '.join(known)}.", field=name)


class Answers:
    """Gives numbers and words for one list and one request, and remembers what it had to assume."""

    def __init__(self, prices: PriceList, request: Request) -> None:
        self._prices = prices
        self.request = request
        self._assumed: dict[str, str] = {}

    @property
    def currency(self) -> str:
        """The list's currency."""
        return self._prices.currency

    @property
    def assumed(self) -> tuple[str, ...]:
        """What was assumed, in the order it was needed."""
        return tuple(self._assumed.values())

    def holds(self, condition: Condition) -> bool:
        """Say whether a condition is met; an unknown number meets none."""
        if condition.least is not None or condition.most is not None:
            number = self.number(condition.of)
            if number is None:
                return False
            return (condition.least or 0) <= number and (condition.most is None or number <= condition.most)
        met = bool(self.words(condition.of) & set(condition.words))
        return met is not condition.negated

    def words(self, name: str) -> frozenset[str]:
        """Return the words that answer a question."""
        given = self.request.answers.get(name)
        if given is not None:
            return frozenset(given) if isinstance(given, tuple) else frozenset({str(given)})
        if name in WORDS:
            assumed = WORDS[name][0]
        else:
            ask = self._prices.ask(name)
            if ask is not None and ask.kind is AskKind.CHOICE:
                self._assumed.setdefault(name, f"{name}: not said")
                return frozenset()
            assumed = "no"
        if name != "request" or assumed != "application":
            self._assumed.setdefault(name, f"{name}: {assumed}")
        return frozenset({assumed})

    def number(self, name: str, line: Line | None = None) -> int | None:
        """Return how many there are; none when the request says that it is not known yet."""
        if name in self.request.answers:
            given = self.request.answers[name]
            return given if isinstance(given, int) else None
        told = self._told(name, line)
        if told is not None:
            return told
        self._assumed.setdefault(name, f"{name}: 0")
        return 0

    def _told(self, name: str, line: Line | None) -> int | None:
        """Return a number that follows from something else."""
        datasets = self.datasets(line)
        following: Mapping[str, int] = {
            "requests": 1,
            "months": self.request.months,
            "datasets": len(datasets),
            "dataset-periods": sum(each.periods for each in datasets),
            "additional-periods": sum(max(0, each.periods - 1) for each in datasets),
        }
        if name in following:
            return following[name]
        used = [each.quantity for each in self.request.usage if each.of == name]
        if used or self.request.usage or self.request.metered:
            return sum(used)
        users = self.request.answers.get("users")
        if name == "user-months" and isinstance(users, int):
            self._assumed.setdefault(name, f"user-months: {users} × {self.request.months}, each user in every month")
            return users * self.request.months
        return None

    def datasets(self, line: Line | None) -> tuple[AskedDataset, ...]:
        """Return the datasets that a line is about."""
        if line is None or not line.only:
            return self.request.datasets
        return tuple(
            each
            for each in self.request.datasets
            if all(each.traits.get(trait, "") in words for trait, words in line.only.items())
        )

    def cells(self, name: str, per: tuple[str, ...]) -> Counter[tuple[str, ...]] | None:
        """Return what was used in each combination of user, month and dataset; none where only a total is known."""
        if name in self.request.answers or not (self.request.usage or self.request.metered):
            return None
        counted: Counter[tuple[str, ...]] = Counter()
        for used in self.request.usage:
            if used.of == name:
                counted[tuple(str(getattr(used, scope)) for scope in per)] += used.quantity
        return counted

    def possible_cells(self, per: tuple[str, ...]) -> int:
        """Return how many combinations there can be, for a quantity whose spread is not known."""
        sizes = {
            "user": self.number("users") or 0,
            "month": self.request.months,
            "dataset": len(self.request.datasets),
        }
        product = 1
        for scope in per:
            product *= max(1, sizes[scope])
        return product
