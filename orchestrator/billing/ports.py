"""What fees need from outside their room: what a project used in a month, as the installation recorded it."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session

from .request import Usage

__all__ = ["FakeMeter", "Meter"]


class Meter(Protocol):
    """Reads usage from the records of other rooms; there is no counter that could drift from them."""

    def usage(self, session: Session, project_id: str, month: str) -> list[Usage]:
        """Return what a project used in a month such as ``2026-11`` (UTC), until now where the month is not over."""
        ...


class FakeMeter:
    """A meter for tests: reads what was put into it, by project and month."""

    def __init__(self) -> None:
        self.read: dict[tuple[str, str], list[Usage]] = {}

    def usage(self, session: Session, project_id: str, month: str) -> list[Usage]:  # noqa: ARG002
        """Return what was put in."""
        return list(self.read.get((project_id, month), []))
