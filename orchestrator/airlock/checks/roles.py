"""What the numbers of a table are: counts are told from coefficients, p-values, years, ages and shares.

A heading is believed where the whole column agrees with it; where the heading is silent, the column decides. Tables
that name a statistic in each row (``statistic``: n, mean, sd …, as ``describe()`` writes them) have roles by row.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from orchestrator.airlock.reading.parts import Table

from .columns import Column, Frame, frame
from .headings import Role, named, plain, stem

__all__ = ["Role", "is_total", "roles", "row_roles", "statistic_column"]

_TOTAL = re.compile(r"\b(?:total|totals|all|overall|sum|margin|both|any|everyone|grand|subtotal)\b")
_NUMBERED = {Role.INDEX, Role.YEAR, Role.TIME, Role.IDENTIFIER}
_MODEL = {Role.COEFFICIENT, Role.STANDARD_ERROR}
_NAMES = {"group", "band", "code", "id", "year", "age", "class", "category", "type", "days", "months", "weeks"}
_NINE_DIGITS = 10**8


def roles(table: Table) -> tuple[Role, ...]:
    """Return the role of every column, read to its end; as many as the widest row has cells."""
    found = frame(table)
    siblings = Counter(stem(column.heading) for column in found.columns)
    siblings.update(_ending(column.heading) for column in found.columns)
    words = [_heading_role(column, siblings) for column in found.columns]
    model = Role.COUNT not in words[1:] and any(map(_of_model, found.columns, words))
    by_row = statistic_column(table)
    answer = []
    for index, (column, word) in enumerate(zip(found.columns, words, strict=True)):
        role = _role(index, column, word, model=model)
        if by_row is not None and not (role is Role.LABEL or (role in _NUMBERED and _repeats(column))):
            role = Role.OTHER  # the rows say what these numbers are
        answer.append(Role.LABEL if index == by_row else role)
    for index in _keys(found, words, answer):
        answer[index] = Role.INDEX
    return tuple(answer)


def _keys(found: Frame, words: list[Role | None], answer: list[Role]) -> list[int]:
    """Return silent columns of whole numbers that name groups: they stand before the counts, sorted, as a key does.

    Grouped results come sorted by their keys (“a,b,n”: 0,0 then 0,1 then 1,0): within equal keys before it, each key
    rises, and the first ones repeat.
    """
    counted = [index for index, word in enumerate(words) if word is Role.COUNT and answer[index] is Role.COUNT]
    first = min(counted, default=0)
    naming = {Role.LABEL, *_NUMBERED}
    if not found.kept or any(
        answer[index] not in naming and not (answer[index] is Role.COUNT and words[index] is not Role.COUNT)
        for index in range(first)
    ):
        return []
    return [index for index in range(first) if answer[index] is Role.COUNT and _rises(found, index, last=first - 1)]


def _rises(found: Frame, index: int, *, last: int) -> bool:
    repeated = False
    before: tuple[tuple[str, ...], float] | None = None
    for position, (_, row) in enumerate(found.rows):
        value = found.cell(position, index).number
        if value is None:
            return False
        earlier = tuple(row[:index])
        if before is not None and before[0] == earlier:
            repeated = True
            if value < before[1] or (value == before[1] and index == last):
                return False
        before = (earlier, value)
    return repeated and (index == last or len(found.columns[index].distinct) < len(found.rows))


def _ending(heading: str) -> str:
    """Return the last of several words with a mark that no stem has; “age group” and “sex group” are no categories."""
    words = plain(heading).split()
    return f"… {words[-1]}" if len(words) > 1 and words[-1] not in _NAMES else f"… {' '.join(words)}…"


def _of_model(column: Column, word: Role | None) -> bool:
    return word in _MODEL and (len(plain(column.heading)) > 1 or not column.all_whole)


def _repeats(column: Column) -> bool:
    return column.all_whole and len(column.distinct) * 2 <= column.numbers


def _heading_role(column: Column, siblings: Counter[str]) -> Role | None:
    word = named(column.heading)
    if word in _NUMBERED and (siblings[stem(column.heading)] > 1 or siblings[_ending(column.heading)] > 1):
        return None  # “Grade 1”, “Grade 2”, or “High Dose”, “Low Dose”: one column for each category
    if word is Role.PERCENTILE and siblings["q"] + siblings[""] > 3 and re.fullmatch("q[123]", plain(column.heading)):
        return None  # four quarters
    return word


def _role(index: int, column: Column, word: Role | None, *, model: bool) -> Role:
    if column.numbers == 0 and column.shares == 0:
        return Role.COUNT if word is Role.COUNT and column.marks else Role.LABEL
    if word is Role.COUNT and column.numbers:
        return _counting(column)
    if column.words > column.numbers + column.shares + column.marks:
        return Role.LABEL
    if column.shares > column.numbers or word in _NUMBERED:
        return Role.SHARE if column.shares > column.numbers else _numbered(column, word)
    if word is None or (not model and _category(column, word)):
        return _silent(index, column, model=model)
    return word


def _category(column: Column, word: Role) -> bool:
    """Say whether words like “F”, “low” or “high risk” name a category here, because only whole numbers follow."""
    words = plain(column.heading)
    if not column.all_whole or words in {"t", "z"}:
        return False
    if word is Role.SUM:
        return words in {"sum", "sums"}
    if word is Role.P_VALUE:
        return column.most > 1
    if word is Role.SHARE:
        return column.beside > 0 or (column.most > 1 and not re.search(r"%|cent|pct|rate|share|prop|per 1", words))
    return word is Role.INTERVAL or (word is Role.COEFFICIENT and len(words) == 1)


def _counting(column: Column) -> Role:
    if column.whole * 2 >= column.numbers and (column.whole > column.zeros or column.whole == column.numbers):
        return Role.COUNT
    return Role.SHARE if column.least >= 0 and column.most <= 1 else Role.OTHER


def _numbered(column: Column, word: Role | None) -> Role:
    if word is Role.YEAR and not (column.all_whole and column.least >= 1700 and column.most <= 2200):
        return Role.TIME
    return word or Role.OTHER


def _silent(index: int, column: Column, *, model: bool) -> Role:
    if column.beside and column.all_whole:
        return Role.COUNT
    if not column.all_whole:
        mixed = column.whole > column.zeros and column.fractional and column.words + column.beside
        return Role.COUNT if mixed and column.whole >= column.fractional else Role.OTHER
    if index == 0 and column.rising and not column.words and column.numbers > 1:
        return Role.YEAR if column.least >= 1900 and column.most <= 2100 else Role.INDEX
    if column.padded or column.least >= _NINE_DIGITS:
        return Role.IDENTIFIER
    if column.least >= 1900 and column.most <= 2100 and column.numbers > 2 and column.rising:
        return Role.YEAR
    return Role.OTHER if model else Role.COUNT


@lru_cache(maxsize=4096)
def is_total(label: str) -> bool:
    """Say whether a row or column of this name holds totals."""
    return _TOTAL.search(plain(label)) is not None


def statistic_column(table: Table) -> int | None:
    """Return the column whose cells name statistics (n, mean, sd …), or nothing when rows are not statistics."""
    found = frame(table)
    if not found.kept:
        return None
    for index, column in enumerate(found.columns[:4]):
        if column.words * 2 >= column.filled > 0 and _names_statistics(found, index):
            return index
    return None


_STATISTIC = re.compile(
    r"n|count|nobs|n obs|no\.? observations|observations|number|freq|unique|top|total|total n|missing|n missing|"
    r"mean|average|sd|std|std\.? ?dev|standard deviation|var(?:iance)?|iqr|range|se|sem|skew|kurtosis|mode|median|"
    r"min(?:imum)?|max(?:imum)?|q[13]|p\d\d?|\d{1,2} ?%|sum|dof|df|r2|aic|bic"
)


def _names_statistics(found: Frame, index: int) -> bool:
    texts = [plain(row[index]) for _, row in found.rows if index < len(row) and row[index].strip()]
    known = [text for text in texts if _STATISTIC.fullmatch(text)]
    kinds = {named(text) for text in known} - {None}
    return len(known) * 10 >= len(texts) * 6 and len(kinds) >= 2


def row_roles(table: Table) -> dict[int, Role]:
    """Return, by the number of the row, what each row’s statistic is; empty where rows are not statistics."""
    index = statistic_column(table)
    if index is None:
        return {}
    return {
        number: named(row[index]) or Role.OTHER
        for number, row in frame(table).rows
        if index < len(row) and row[index].strip()
    }
