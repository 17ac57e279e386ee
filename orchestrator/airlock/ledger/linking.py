"""Which dimensions of different tables are one, and which tables can be about the same people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .labels import span
from .tables import Fact, Kind, Partition, PublishedTable

__all__ = ["IN", "Cell", "Linked", "Member", "in_shared_words", "linked"]

Cell = frozenset[tuple[str, str]]
"""The groups a fact counts, in the words that all tables share."""

IN = "in"
"""The group of those a restriction, or one of several overlapping groups, takes in."""
_SAME_NAME = {"gender": "sex", "sexes": "sex", "age": "age", "agegroup": "age", "agegrp": "age", "agecat": "age"}
_SEX = {
    "f": "female", "women": "female", "woman": "female", "females": "female", "female": "female",
    "m": "male", "men": "male", "man": "male", "males": "male", "male": "male",
}  # fmt: skip
_SAYS_LITTLE = {"yes", "no", "0", "1", "true", "false", "y", "n", "2", "3", "4", "5", "missing", "unknown", "other"}


@dataclass(frozen=True, kw_only=True)
class Member:
    """One table in the attack. ``number`` is its place among all of them; ``new`` ones are asking to leave."""

    number: int
    table: PublishedTable
    new: bool
    versions: frozenset[str] = frozenset()


@dataclass(kw_only=True)
class Linked:
    """Tables that agree wherever they state the same cell, as facts in shared words."""

    members: list[Member] = field(default_factory=list)
    facts: dict[int, dict[Cell, Fact]] = field(default_factory=dict)
    """By the number of the table."""
    stated: dict[Cell, Fact] = field(default_factory=dict)
    """The narrowest statement of each cell."""

    def add(self, member: Member, facts: dict[Cell, Fact]) -> None:
        """Take one more table in."""
        self.members.append(member)
        self.facts[member.number] = facts
        for cell, fact in facts.items():
            known = self.stated.get(cell)
            if known is None or _width(fact) < _width(known):
                self.stated[cell] = fact


def in_shared_words(members: Sequence[Member]) -> dict[int, dict[Cell, Fact]]:
    """Return the facts of every table, by its number, in words that mean the same in all of them."""
    axes = _axes(members)
    return {member.number: _in_shared_words(member, axes) for member in members}


def linked(members: Sequence[Member], facts_of: Mapping[int, dict[Cell, Fact]]) -> list[Linked]:
    """Part tables into sets that do not contradict each other; the new ones first, so that each finds its earlier ones.

    A table that contradicts another about one cell counts other people, or other versions of the data: the two are
    compared with each other (see ``differencing``), but nothing is computed from both together.
    """
    groups: list[Linked] = []
    for member in sorted(members, key=lambda each: (not each.new, each.number)):
        facts = facts_of[member.number]
        for group in groups:
            if _comparable(member, group) and _agree(facts, group.stated):
                break
        else:
            group = Linked()
            groups.append(group)
        group.add(member, facts)
    return groups


def _comparable(member: Member, group: Linked) -> bool:
    first = group.members[0]
    if first.table.measure != member.table.measure:
        return False
    return all(not member.versions or not each.versions or member.versions & each.versions for each in group.members)


def _agree(facts: Mapping[Cell, Fact], stated: Mapping[Cell, Fact]) -> bool:
    for cell, fact in facts.items():
        other = stated.get(cell)
        if other is None:
            continue
        if (other.high is not None and fact.low > other.high) or (fact.high is not None and other.low > fact.high):
            return False
    return True


def _width(fact: Fact) -> float:
    return float("inf") if fact.high is None else fact.high - fact.low


def _in_shared_words(member: Member, axes: Mapping[tuple[int, str], str]) -> dict[Cell, Fact]:
    table = member.table
    overlapping = {
        each.name
        for each in table.dimensions
        if each.partition is Partition.OVERLAPPING and not _ranges(_levels(table, each.name))
    }
    restricted = [(f"population: {each}", IN) for each in table.population]
    answer: dict[Cell, Fact] = {}
    for fact in table.facts:
        pairs = list(restricted)
        for dimension, level in fact.labels:
            axis = axes[member.number, dimension]
            group = _SEX.get(level, level) if axis == "sex" else level
            pairs.append((f"{axis}: {group}", IN) if dimension in overlapping else (axis, group))
        cell = frozenset(pairs)
        if cell not in answer or answer[cell].kind is Kind.SHOWN:
            answer[cell] = fact
    return answer


def _levels(table: PublishedTable, dimension: str) -> frozenset[str]:
    return frozenset(level for fact in table.facts for name, level in fact.labels if name == dimension)


def _ranges(levels: Iterable[str]) -> bool:
    """Say whether groups are ranges of numbers: then which of them overlap is read off their bounds."""
    spans = [span(level) for level in levels]
    return len(spans) > 1 and all(each is not None for each in spans)


def _axes(members: Sequence[Member]) -> dict[tuple[int, str], str]:
    """Name every dimension of every table so that the same dimension has one name everywhere."""
    by_name: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
    nameless: list[tuple[int, str, frozenset[str]]] = []
    answer: dict[tuple[int, str], str] = {}
    for member in members:
        for dimension in member.table.dimensions:
            levels = _levels(member.table, dimension.name)
            if levels <= set(_SEX):
                answer[member.number, dimension.name] = _own(answer, member, "sex")
            elif _named(dimension.name):
                axis = _under_its_name(by_name, _SAME_NAME.get(dimension.name.split()[0], dimension.name), levels)
                answer[member.number, dimension.name] = _own(answer, member, axis)
            else:
                nameless.append((member.number, dimension.name, levels))
    for number, name, levels in nameless:
        axis = _by_its_groups(by_name, levels)
        taken = {each for (other, _), each in answer.items() if other == number}
        answer[number, name] = f"{axis} ({len(taken)})" if axis in taken else axis
    return answer


def _own(answer: Mapping[tuple[int, str], str], member: Member, axis: str) -> str:
    """Keep two dimensions of one table apart, whatever they are called."""
    taken = [answer.get((member.number, each.name)) for each in member.table.dimensions]
    return f"{axis} ({len(taken)})" if axis in taken else axis


def _named(name: str) -> bool:
    return bool(name) and not name.startswith(("columns", "rows"))


def _under_its_name(by_name: dict[str, list[tuple[str, set[str]]]], name: str, levels: frozenset[str]) -> str:
    """Return the dimension of this name that shares a group, or a new one: “group” means many things."""
    for axis, known in by_name[name]:
        if known & levels or (_ranges(known) and _ranges(levels)):
            known.update(levels)
            return axis
    axis = name if not by_name[name] else f"{name} {len(by_name[name]) + 1}"
    by_name[name].append((axis, set(levels)))
    return axis


def _by_its_groups(by_name: dict[str, list[tuple[str, set[str]]]], levels: frozenset[str]) -> str:
    """Return the dimension with these groups, where they say enough to tell: “north, south”, not “yes, no”."""
    telling = levels - _SAYS_LITTLE
    for several in by_name.values():
        for axis, known in several:
            if len(telling) >= 2 and (levels <= known or known <= levels) and len(known & telling) >= 2:
                known.update(levels)
                return axis
    axis = "groups of " + ", ".join(sorted(levels)[:3])
    return _under_its_name(by_name, axis, levels)
