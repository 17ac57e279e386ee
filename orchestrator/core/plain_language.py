"""Lay summaries: long enough, short enough, and how hard they are to read, by two published formulas.

The register's specification (HDR UK, version 2 of 2022-01-19) allows a lay summary of 300 words. Readability is advice:
a formula counts letters and sentences, it does not read. The Automated Readability Index (Smith and Senter, 1967) needs
letters, words and sentences only, so that it gives the same answer everywhere:
4.71 x letters/words + 0.5 x words/sentences - 21.43. It estimates the years of schooling that a text asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import Invalid

__all__ = ["EASY_GRADE", "LONGEST_SENTENCE", "MOST_WORDS", "Readability", "check_lay_summary", "read_lay_summary"]

MOST_WORDS = 300
"""The register's specification: at most 300 words."""
EASY_GRADE = 12.0
"""Above this, a text asks for more schooling than everybody has: advice is given."""
LONGEST_SENTENCE = 30
"""Words in one sentence beyond which a reader loses the thread: advice is given."""

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n\s*\n|\n\s*[-*•]\s+")
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|etc|vs|Dr|Mr|Mrs|Ms|Prof|St|approx|no)\.\s", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Readability:
    """What was measured of a text. ``advice`` are sentences for its author; none means: easy enough."""

    words: int
    sentences: int
    longest_sentence: int
    grade: float
    """Automated Readability Index: years of schooling; 0 for an empty text."""
    advice: tuple[str, ...] = ()


def read_lay_summary(text: str) -> Readability:
    """Measure a lay summary. Never raises: any text, an empty one too, has an answer."""
    counts = [len(_WORD.findall(sentence)) for sentence in _SENTENCE.split(_ABBREVIATION.sub(r"\1 ", text))]
    counts = [count for count in counts if count]
    words, sentences = sum(counts), len(counts)
    if not words:
        return Readability(words=0, sentences=0, longest_sentence=0, grade=0.0)
    letters = sum(len(re.sub(r"\W", "", word)) for word in _WORD.findall(text))
    grade = round(max(4.71 * letters / words + 0.5 * words / sentences - 21.43, 0.0), 1)
    longest = max(counts)
    return Readability(
        words=words, sentences=sentences, longest_sentence=longest, grade=grade, advice=_advice(grade, longest)
    )


def check_lay_summary(text: str, *, field: str = "lay_summary") -> Readability:
    """Return what was measured; raise ``Invalid`` for ``field`` when the summary is longer than 300 words.

    Words are counted as the reader sees them, between blanks, so that no punctuation changes the answer.
    """
    count = len(text.split())
    if count > MOST_WORDS:
        raise Invalid(
            f"The lay summary has {count} words; the public register takes {MOST_WORDS}. Shorten it by "
            f"{count - MOST_WORDS}.",
            field=field,
        )
    return read_lay_summary(text)


def _advice(grade: float, longest: int) -> tuple[str, ...]:
    said = []
    if longest > LONGEST_SENTENCE:
        said.append(
            f"The longest sentence has {longest} words; sentences of at most {LONGEST_SENTENCE} are easier to follow."
        )
    if grade > EASY_GRADE:
        said.append(
            f"The summary reads like a text for people with about {grade:.0f} years of schooling; shorter words and "
            f"sentences bring it to {EASY_GRADE:.0f} or fewer."
        )
    return tuple(said)
