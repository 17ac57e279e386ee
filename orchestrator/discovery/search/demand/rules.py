"""What is kept of a search without a hit: bare words without numbers, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.discovery.search.model import Read
from orchestrator.discovery.search.words import STOP, bare, stems

from .model import FEWEST

__all__ = ["rounded", "topic_of"]

_MOST_WORDS = 4
_LONGEST_WORD = 30


def topic_of(read: Sequence[Read]) -> tuple[str, ...]:
    """Return the words of a search in a fixed order, one for each stem; nothing where it is no topic.

    Numbers are left out, because they may be somebody's; so are words within quotes marks and addresses, whose parts
    would be read as words. More than four words are a question, which is for a person.
    """
    if any("@" in word.typed or "/" in word.typed for word in read):
        return ()
    words = [each for word in read if not word.unwanted for each in bare(word.typed) if each not in STOP]
    kept = {stems(word)[0]: word for word in words if word.isalpha() and len(word) <= _LONGEST_WORD}
    if not kept or len(kept) > _MOST_WORDS:
        return ()
    return tuple(kept[stem] for stem in sorted(kept))


def rounded(number: int) -> int:
    """Return a number of people as it may be told: a multiple of five, never more than there were."""
    return number - number % FEWEST
