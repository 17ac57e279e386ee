"""Small counts of people in texts that everybody may read: found, and written as “fewer than”.

Only a number that counts people is meant (“4 patients”, “five (5) patients”, “1–4 women”, “3 of 41 children”, “n = 3”,
“fewer than five deaths”), not dates, doses, rates (“1 in 10 people”), ages, phases or types. A formula cannot
understand a text: this is a net, and what a person finds besides is mended by hand. How much it finds and how often it
is wrong on real texts: benchmarks/results/small_counts.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .number_words import NUMBER, plain_figures, value_of

__all__ = ["DEFAULT_MINIMUM", "protected", "small_counts"]

DEFAULT_MINIMUM = 10
"""Smallest count of people shown where no custodian's terms say another."""

_ONE_PERSON = (
    "patient|participant|individual|person|donor|survivor|volunteer|resident|subject|respondent|carrier|proband|adult|"
    "case|death|infant|newborn|neonate|toddler|teenager|adolescent|pupil|inpatient|outpatient|sufferer|victim|boy|girl|"
    "mother|father|twin|sibling|male|female|stillbirth|birth|suicide|household|veteran|prisoner"
)
_PEOPLE = (
    rf"(?:{_ONE_PERSON})s?|people|women|woman|men|man|children|child|babies|baby|fatalities|fatality|families|family|"
    "pregnancies|pregnancy|service\\s+users?"
)
_HYPHENED = "patient|participant|donor|subject|case|child"
"""What a number is tied to by a hyphen: “a five-patient series”."""

_NUMBERED = (
    "type types phase phases grade grades stage stages level levels tier tiers group groups part parts covid over "
    "under aged age ages top class classes category categories version versions than section table figure question "
    "chapter wave cycle day week month year article icd hiv hpv sars-cov step schedule appendix reference no no. "
    "least any"
)
"""Words after which a number is a name, an age or a lower bound."""
_SCALES = "hundreds?|thousands?|millions?|billions?|trillions?|dozens?|bn|mn|mio"
"""Words after which a number is no small one, and before which it is the end of a larger one."""
_WITHIN = ("hundred", "thousand", "million", "billion", "trillion")
_UNITS = (
    "years?|yrs?|months?|weeks?|days?|hours?|minutes?|mg|ml|kg|cm|mm|per|percent|times|fold|january|february|march|"
    "april|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|"
    "year-olds?|hospitals?|sites?|cent(?:re|er)s?|studies|trials?|datasets?|cohorts?|databases?|registries|"
    "questionnaires?|questions?|surveys?|types?|main|key|different|categories|groups?"
)
"""Words that say that the number before them counts something else than people, or is a day."""
_NOT_BEFORE = (
    r"(?<![\w.,/£$€<>≥≤–-])"
    + "".join(rf"(?<!\b{re.escape(word)}\s)" for word in _NUMBERED.split())
    + "".join(rf"(?<!{word}\s)(?<!{word}\sand\s)" for word in _WITHIN)
)
_LESS = (
    r"(?:(?:fewer|less|lower|smaller)\s+than|up\s+to|at\s+most|(?:no|not)\s+more\s+than|a\s+maximum\s+of|"
    r"(?<!\w)(?:<=?|≤|&lt;))\s*"
)
_BLANK = r"(?:\s|&nbsp;|&#160;|[*_~”’\"'])"
_BETWEEN = rf"(?:{_BLANK}+|(?<=\d))(?:(?!(?:in|of|out|and|or|to|{_SCALES}|{_UNITS})\b)[a-z][a-z-]*,?\s+){{0,2}}?"
_NO_COMPOUND = (
    r"(?![\s-]+(?:groups?|cohorts?|data(?:sets?)?|identifiers?|levels?|populations?|reported|outcomes?|pathways?|"
    r"journeys?|surveys?|questionnaires?|panels?|representatives?|types?|categories|numbers?|organi[sz]ations?|"
    r"characteristics|registers?|registry|registries|definitions?|control|mix|registrations?|certificates?)\b)(?!['’]s\b)"
)
"""Words that make one thing of a noun and themselves: “three patient groups” counts groups."""
_AGAIN = rf"(?:\s*[(\[]\s*(?:n\s*=\s*)?{NUMBER}\s*[)\]])?(?:\s+or\s+(?:fewer|less))?"
_TO = rf"(?:\s*(?:[‐‑‒–—-]|\bto\b|\bor\b|\band\b)\s*(?P<upper>{NUMBER})\b{_AGAIN})?"
_OF = (
    rf"(?P<of>(?:\s*/\s*(?=\d)|\s+(?:out\s+)?of\b(?:\s+(?:the|our|all|these|those)\b)?)"
    rf"(?:\s*(?P<whole>\d[\d,]{{0,9}}(?!\w)|{NUMBER}\b))?)?"
)
_FLAGS = re.IGNORECASE
_COUNT = re.compile(
    rf"(?P<less>{_LESS})?(?(less)|{_NOT_BEFORE})(?:between\s+)?(?P<count>{NUMBER}){_AGAIN}{_TO}{_OF}"
    rf"(?:(?P<between>{_BETWEEN})(?P<noun>{_PEOPLE})|-(?P<tied>{_HYPHENED}))\b{_NO_COMPOUND}",
    _FLAGS,
)
_LISTED = re.compile(
    rf"\b(?P<noun>{_PEOPLE})(?P<between>\s*(?:[:=]|\b(?:was|were|is|are|numbered|totall?ed)\b|\(\s*(?:[<≤]\s*)?(?=\w+\s*\)))\s*(?:[<≤]\s*)?)(?P<count>{NUMBER})\b"
    rf"(?![.,/:-]?\d|\s*(?:%|[–-]|to\b|{_UNITS}|{_SCALES}))",
    _FLAGS,
)
_DID = re.compile(
    rf"{_NOT_BEFORE}(?P<count>{NUMBER})(?P<between>\s+(?:of\s+them\s+)?(?:had\s+|have\s+)?)"
    r"(?P<noun>died|survived|withdrew|dropped\s+out)\b",
    _FLAGS,
)
_EQUALS = re.compile(rf"(?<![\w.])n\s*(?:[=:<≤]|&lt;)=?\s*(?P<count>{NUMBER})\b(?![.,]?\d|\s*(?:{_SCALES})\b)", _FLAGS)
_SERIES = re.compile(
    r"\b(?:types?|phases?|grades?|stages?|levels?|tiers?|groups?|class(?:es)?|categor(?:y|ies)|ages?|aged)\s+"
    r"(?:\w{1,4}\s*(?:,|and|or|to|[/–-])\s*){1,4}$",
    _FLAGS,
)
"""What makes a name of the last of several numbers: “types 1 and 2 patients”."""
_IN = re.compile(rf"\b{NUMBER}\s+(?:[a-z]+\s+)?in\s+(?:every\s+)?$", _FLAGS)
_OF_EVERY = re.compile(rf"\s+(?:in\s+(?:every\s+)?{NUMBER}\b|at\s+a\s+time\b)", _FLAGS)
"""Before and after a number: “1 in 10 people”, “one person in ten”."""
_RATES = {2, 3, 4, 5, 10, 20, 50, 100, 1_000, 10_000, 100_000, 1_000_000}
"""“4 out of 5 people” is a share; “4 out of 41” counts four."""


def small_counts(text: str, *, minimum: int) -> tuple[str, ...]:
    """Return the passages of ``text`` that count fewer than ``minimum`` people, in order; 0 and 1 count as small."""
    return tuple(text[start:end] for start, end, _ in _found(text, minimum))


def protected(text: str, *, minimum: int) -> str:
    """Return ``text`` with every such count written as “fewer than”; protecting it again changes nothing."""
    kept, at = [], 0
    for start, end, said in _found(text, minimum):
        kept += [text[at:start], said]
        at = end
    return "".join([*kept, text[at:]])


def _found(text: str, minimum: int) -> Iterator[tuple[int, int, str]]:
    """Yield each small count's place and what stands for it, in order, none within another."""
    plain = plain_figures(text)
    every = [
        (match.start(), match.end(), said(match, text, minimum))
        for pattern, said in ((_COUNT, _said), (_DID, _said), (_LISTED, _said_after), (_EQUALS, _said_equal))
        for match in pattern.finditer(plain)
        if _small(match, minimum)
    ]
    reached = 0
    for start, end, words in sorted(every):
        if start >= reached:
            yield start, end, words
            reached = end


def _said(match: re.Match[str], text: str, minimum: int) -> str:
    named = match.groupdict()
    if named.get("tied"):
        return f"fewer-than-{minimum}-{named['tied']}"
    of = text[match.start("of") : match.end("of")] if named.get("of") else ""
    between = text[match.start("between") : match.end("between")]
    return f"fewer than {minimum}{of}{between}{text[match.start('noun') : match.end('noun')]}"


def _said_after(match: re.Match[str], text: str, minimum: int) -> str:
    head = text[match.start() : match.start("count")].rstrip("<≤ ")
    return f"{head}{'' if head.endswith('(') else ' '}fewer than {minimum}"


def _said_equal(_match: re.Match[str], _text: str, minimum: int) -> str:
    return f"n < {minimum}"


def _small(match: re.Match[str], minimum: int) -> bool:
    """Say whether it counts fewer: a span by its upper end, a part of a whole unless it is a share or an idiom."""
    named = match.groupdict()
    before, after = match.string[max(0, match.start() - 60) : match.start()], match.string[match.end() :][:30]
    count = value_of(named.get("upper") or named["count"])
    if _SERIES.search(before) or _IN.search(before) or (count == 1 and _OF_EVERY.match(after)):
        return False
    if named.get("of"):
        whole = named["whole"]
        if whole is None:
            return 1 < count < minimum
        if (int(whole.replace(",", "")) if whole[0].isdigit() else value_of(whole)) in _RATES:
            return False
    return count < minimum
