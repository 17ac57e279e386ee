"""Says what two descriptions really share: conditions, sites of the body, keywords, titles, columns, the custodian.

Words that stand in the running text of both say little, and among few descriptions nothing at all: they do not count.
Each thing shared weighs by its kind, and the more the rarer it is in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from orchestrator.discovery.catalogue.model import Entry

from .model import Where
from .reading import at, columns_of, keywords_of, texts
from .subjects import conditions, is_subject, sites
from .words import STOP, bare, named, stems

__all__ = ["Rarity", "Things", "likeness"]

Rarity = Callable[[str], float]
"""How rare a phrase is in the catalogue: nought where all descriptions have it, the more the fewer have it."""

_WEIGHTS = {"condition": 3.0, "body site": 1.5, "keyword": 2.0, "title": 2.0, "column": 0.5, "custodian": 0.5}
"""How much one thing of each kind counts, first of all what the data are about; the order is that of telling."""

_MOST_COUNTED = 6
"""Of many columns, or keywords, no more count: forty columns in common are no forty reasons."""

_MOST_TOLD = 4

_GENERIC = STOP | frozenset(
    (
        "active", "administrative", "admission", "age", "analysis", "annual", "area", "audit", "british", "care",
        "category", "centre", "clinical", "code", "cohort", "collection", "community", "count", "country", "database",
        "date", "day", "death", "description", "details", "diagnosis", "disease", "diseases", "dob", "end", "england",
        "english", "episode", "ethnicity", "event", "extract", "gender", "general", "gp", "great", "group", "health",
        "healthcare", "history", "hospital", "id", "identifier", "index", "info", "information", "ireland", "key",
        "kingdom", "linked", "local", "location", "main", "medical", "medicine", "method", "month", "name", "national",
        "nhs", "no", "northern", "not", "number", "organisation", "other", "patient", "patients", "period", "person",
        "population", "postcode", "practice", "primary", "procedure", "programme", "project", "provider", "quality",
        "record", "records", "reference", "region", "regional", "register", "registry", "report", "research", "result",
        "sample", "scotland", "secondary", "service", "services", "set", "sex", "simulated", "site", "source", "start",
        "state", "status", "studies", "study", "survey", "synthetic", "system", "table", "test", "time", "treatment",
        "trial", "type", "uk", "unit", "united", "unknown", "value", "version", "visit", "visits", "wales", "ward",
        "year", "years",
    )
)  # fmt: skip
"""Words that say nothing of what data are about: a thing is no reason where it is made of them alone."""


@dataclass(frozen=True)
class Things:
    """What a description can share with others: of each kind the things, told apart by key, as they are written."""

    entry: Entry

    @cached_property
    def kinds(self) -> Mapping[str, Mapping[str, str]]:
        """Return the things of each kind but the title."""
        about = "\n".join((self.entry.title, *self._keywords, *texts(at(self.entry.description, "summary.abstract"))))
        return {
            "condition": {each: each for each in sorted(conditions(about))},
            "body site": {each: each for each in sorted(sites("\n".join((self.entry.title, *self._keywords))))},
            "keyword": {" ".join(bare(word)): word for word in self._keywords if self._adds(word)},
            "column": {_words_of(name): name for name in self._columns if _tells(_words_of(name))},
            "custodian": {self.entry.publisher.casefold(): self.entry.publisher} if self.entry.publisher else {},
        }

    def _adds(self, keyword: str) -> bool:
        """Say whether a keyword tells something that the condition, the site and the custodian do not tell already."""
        words, publisher = set(bare(keyword)), set(bare(self.entry.publisher))
        is_custodian = words <= publisher or (bool(publisher) and publisher <= words)
        return _tells(keyword) and not is_subject(keyword) and not is_custodian

    @property
    def _columns(self) -> tuple[str, ...]:
        return tuple(name for name, _ in columns_of(self.entry.description))

    @property
    def _keywords(self) -> tuple[str, ...]:
        return keywords_of(self.entry.description)


def likeness(one: Things, other: Things, rarity: Rarity) -> tuple[float, tuple[Where, ...]]:
    """Return how much two descriptions share, and what; nought and nothing where it is the custodian alone."""
    shared = {
        kind: [written for key, written in things.items() if key in other.kinds[kind]]
        for kind, things in one.kinds.items()
    }
    if run := _title_run(one.entry.title, other.entry.title):
        shared["title"] = [run]
    if not any(things for kind, things in shared.items() if kind != "custodian"):
        return 0.0, ()
    score, told = 0.0, []
    for kind, weight in _WEIGHTS.items():
        rare = {thing: rarity(thing) if kind != "custodian" else 0.0 for thing in shared.get(kind, ())}
        things = sorted(rare, key=lambda thing: (-rare[thing], thing))
        score += weight * sum(1.0 + rare[thing] for thing in things[:_MOST_COUNTED])
        told += [Where(place=kind, text=_listed(things))] if things else []
    return score, tuple(told)


def _words_of(column: str) -> str:
    """Return the words of a column's name: those of ``dateOfBirth`` and ``date_of_birth`` are the same."""
    words = bare(named(column))
    return " ".join(words[:-1] if len(words) > 2 and words[-1] == "".join(words[:-1]) else words)


def _tells(phrase: str) -> bool:
    """Say whether some word of a name or keyword tells what it is about."""
    return any(word not in _GENERIC and not word.isdigit() and len(word) > 2 for word in bare(phrase))


def _title_run(one: str, other: str) -> str:
    """Return the longest run of two or more words that two titles share, if it tells anything."""
    mine = [(stems(word), word.strip(" ,;:()–-")) for word in one.split()]
    theirs = [stems(word) for word in other.split()]
    match = SequenceMatcher(None, [key for key, _ in mine], theirs, autojunk=False).find_longest_match()
    run = [word for key, word in mine[match.a : match.a + match.size] if key]
    while run and set(bare(run[0])) <= STOP:
        del run[0]
    while run and set(bare(run[-1])) <= STOP:
        del run[-1]
    return " ".join(run) if len(run) > 1 and _tells(" ".join(run)) else ""


def _listed(things: list[str]) -> str:
    more = len(things) - _MOST_TOLD
    return ", ".join(things[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
