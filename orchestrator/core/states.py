"""State tables as data: who may take which step, who is waited for and until when, and what is final."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from .errors import NotPossible
from .working_days import OFFICE, WorkingDays

__all__ = ["StateTable", "Step", "Waiting"]

State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class Step(Generic[State]):
    """One arrow: ``by`` is the role that takes it."""

    action: str
    source: State
    target: State
    by: str


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Who must act in a state, within how many days, and what happens when nobody does."""

    owner: str
    days: int
    then: str
    working: bool = False
    """Whether these are the hub's working days: then the deadline is the end of the last of them."""


@dataclass(frozen=True, kw_only=True)
class StateTable(Generic[State]):
    """All states of one kind of thing. A state waits for somebody, lasts until a date, or is final."""

    noun: str
    start: State
    steps: tuple[Step[State], ...]
    waiting: Mapping[State, Waiting] = field(default_factory=dict)
    lasting: Mapping[State, str] = field(default_factory=dict)
    """States in which nobody is waited for, with what ends them."""

    def states(self) -> tuple[State, ...]:
        """Return every state, in the order of its enumeration."""
        return tuple(type(self.start))

    def final(self) -> frozenset[State]:
        """Return the states that no step leaves."""
        return frozenset(self.states()) - {step.source for step in self.steps}

    def allows(self, source: State, action: str) -> bool:
        """Say whether ``action`` is possible in ``source``."""
        return any(step.source == source and step.action == action for step in self.steps)

    def after(self, source: State, action: str) -> State:
        """Return the state that ``action`` leads to; raise ``NotPossible`` with a sentence when it leads nowhere."""
        for step in self.steps:
            if step.source == source and step.action == action:
                return step.target
        wanted = sorted({step.source.value for step in self.steps if step.action == action})
        raise NotPossible(
            f"This {self.noun} is {source.value}; to {action} it, it must be {' or '.join(wanted) or 'something else'}."
        )

    def deadline(self, state: State, since: datetime) -> datetime | None:
        """Return until when somebody should act on a thing that came into ``state`` at ``since``."""
        waiting = self.waiting.get(state)
        if waiting is None:
            return None
        if waiting.working:
            return WorkingDays.of(OFFICE).over(since, waiting.days)
        return since + timedelta(days=waiting.days)
