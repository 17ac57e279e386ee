"""Small counts of people in texts that everybody may read: found, and written as “fewer than”.

Only a number that counts people is meant (“4 patients”, “n = 3”), not dates, doses, rates (“1 in 10 people”), ages,
phases or types. A formula cannot understand a text: this is a net, and what a person finds besides is mended by hand.
"""

from __future__ import annotations

import re

__all__ = ["DEFAULT_MINIMUM", "protected", "small_counts"]

DEFAULT_MINIMUM = 10
"""Smallest count of people shown where no custodian's terms say another."""

_PEOPLE = (
    "patients?|people|persons?|participants?|individuals?|cases?|deaths?|women|woman|men|man|children|child|babies|baby|"
    "infants?|boys?|girls?|adults?|donors?|survivors?|volunteers?|mothers?|fathers?|twins?|residents?|subjects?|"
    "respondents?|carriers?|probands?"
)
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_WORDS, 1)}
_NOT_BEFORE = (
    r"(?<![\w.,/£$€–-])(?<!in )(?<!type )(?<!phase )(?<!grade )(?<!stage )(?<!level )(?<!tier )(?<!group )(?<!part )"
    r"(?<!covid )(?<!over )(?<!under )(?<!aged )(?<!age )(?<!top )(?<!class )(?<!category )(?<!version )(?<!than )"
)
_SCALES = "hundreds?|thousands?|millions?|billions?|trillions?|dozens?|bn|mn|mio"
"""Words after which a number is no small one, and before which it is the end of a larger one."""
_NOT_WITHIN = "".join(
    rf"(?<!{word} )(?<!{word} and )" for word in ("hundred", "thousand", "million", "billion", "trillion")
)
_BETWEEN = rf"\s+(?:(?!(?:in|of|out|and|or|{_SCALES})\b)[a-z-]+\s+){{0,2}}"
_WHOLE = r"(?!0\d)\d{1,7}"
"""Digits of a count; “000” is the end of a number that is written in groups, such as 3 000."""
_COUNT = re.compile(
    _NOT_BEFORE + _NOT_WITHIN + rf"(?P<count>{_WHOLE}|{'|'.join(_WORDS)})(?P<between>{_BETWEEN})(?P<noun>{_PEOPLE})\b",
    re.IGNORECASE,
)
_EQUALS = re.compile(r"(?<![\w.])(?P<head>n\s*=\s*)(?P<count>\d{1,7})(?![\d.,]*\d)", re.IGNORECASE)


def small_counts(text: str, *, minimum: int) -> tuple[str, ...]:
    """Return the passages of ``text`` that count fewer than ``minimum`` people, in order; 0 and 1 count as small."""
    found = [match for pattern in (_COUNT, _EQUALS) for match in pattern.finditer(text) if _small(match, minimum)]
    return tuple(match.group(0) for match in sorted(found, key=lambda match: match.start()))


def protected(text: str, *, minimum: int) -> str:
    """Return ``text`` with every such count written as “fewer than”; protecting it again changes nothing."""
    text = _COUNT.sub(lambda match: _said(match, minimum), text)
    return _EQUALS.sub(lambda match: f"n < {minimum}" if _small(match, minimum) else match.group(0), text)


def _said(match: re.Match[str], minimum: int) -> str:
    if not _small(match, minimum):
        return match.group(0)
    return f"fewer than {minimum}{match.group('between')}{match.group('noun')}"


def _small(match: re.Match[str], minimum: int) -> bool:
    count = match.group("count").casefold()
    return (_NUMBERS[count] if count in _NUMBERS else int(count)) < minimum
