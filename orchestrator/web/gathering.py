"""Reads a form whole: everything that is wrong with it is told at once, each fault beside its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from orchestrator.core.errors import Invalid

__all__ = ["Gathered"]

Value = TypeVar("Value")


class Gathered:
    """Reads several fields and keeps what is wrong with each, so that a person is told everything at once."""

    def __init__(self) -> None:
        self._faults: list[Invalid] = []

    def of(self, read: Callable[[], Value], instead: Value) -> Value:
        """Return what ``read`` returns, or ``instead`` where it finds something wrong."""
        try:
            return read()
        except Invalid as fault:
            self._faults.append(fault)
            return instead

    def check(self) -> None:
        """Raise ``Invalid`` with everything that was wrong."""
        if self._faults:
            raise Invalid.together(self._faults)
