"""What of an application everybody will read: checked before it is handed in, when its writer can still mend it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy.orm import Session

from orchestrator.alliance.counts import smallest_count
from orchestrator.core.errors import Invalid
from orchestrator.core.small_counts import small_counts

from ..forms.model import Sheet, Value
from ..forms.published import check_all_public
from ..model import Answers, Application

__all__ = ["PUBLIC", "check_public_fields", "check_public_words", "minimum_of"]

PUBLIC = {
    "title": "title",
    "lay_summary": "lay summary",
    "organisation": "organisation",
    "ethics_reference": "ethics reference",
}
"""What every application says that the register repeats, with the words for it; its days are public too."""


def minimum_of(session: Session, application: Application) -> int:
    """Return the smallest count of people that the custodians asked allow to be shown."""
    return smallest_count(session, (part.custodian_id for part in application.parts))


def check_public_fields(answers: Answers, fields: Collection[str], *, minimum: int) -> None:
    """Raise ``Invalid`` for the first of ``fields`` with a small count that the register would have to hide."""
    for field, words in PUBLIC.items():
        small = small_counts(str(getattr(answers, field)), minimum=minimum) if field in fields else ()
        if small:
            raise Invalid(
                f"The {words} says “{small[0]}”, and the public register repeats it. Counts below {minimum} people "
                f"could point at somebody: write “fewer than {minimum}”.",
                field=field,
            )


def check_public_words(session: Session, application: Application, sheet: Sheet, answers: Mapping[str, Value]) -> None:
    """Raise ``Invalid`` for the first thing that could not stand in the register: a small count, no address, …"""
    minimum = minimum_of(session, application)
    check_public_fields(application.answers, PUBLIC, minimum=minimum)
    check_all_public(sheet, answers, minimum=minimum)
