"""The one tree of errors, each with a stable word; only entry points turn them into statuses or exit codes.

OrchestratorError
├── Refused       policy said no; carries the reasons
├── NotPossible   allowed, but not in this state
├── Invalid       the input is wrong; carries the field
├── NotFound      no such thing, or none this person may know of
├── Conflict      somebody changed it meanwhile
└── Unavailable   an outside system did not answer; carries which, and whether to try again
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "Conflict",
    "Invalid",
    "NotFound",
    "NotPossible",
    "OrchestratorError",
    "Refused",
    "Unavailable",
]


class OrchestratorError(Exception):
    """Something a person can be told in one sentence.

    ``message`` is a whole sentence that says what to do; ``word`` is stable and meant for programs.
    """

    word = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(OrchestratorError):
    """Policy said no. ``reasons`` are sentences for the person, most important first."""

    word = "refused"

    def __init__(self, message: str, *, reasons: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.reasons = tuple(reasons) or (message,)


class NotPossible(OrchestratorError):
    """The person may do it, but the thing is not in a state that permits it now."""

    word = "not-possible"


class Invalid(OrchestratorError):
    """The input cannot be used. ``field`` names the part that is wrong.

    ``others`` are further parts that are wrong, where several were looked at; ``message`` is about the first alone.
    """

    word = "invalid"

    def __init__(self, message: str, *, field: str, others: Sequence[Invalid] = ()) -> None:
        super().__init__(message)
        self.field = field
        self.others = tuple(others)

    @classmethod
    def together(cls, faults: Sequence[Invalid]) -> Invalid:
        """Return several faults, at least one, as one: the first, and with it the others."""
        every = [each for fault in faults for each in fault.each()]
        return cls(every[0].message, field=every[0].field, others=every[1:])

    def each(self) -> tuple[Invalid, ...]:
        """Return every fault, this one first."""
        return (self, *self.others)

    def about(self, field: str) -> str:
        """Return what is wrong with one part; empty where nothing is."""
        return next((each.message for each in self.each() if each.field == field), "")


class NotFound(OrchestratorError):
    """There is no such thing, or none that this person may know of."""

    word = "not-found"


class Conflict(OrchestratorError):
    """Somebody else changed the same thing first; look again and repeat."""

    word = "conflict"


class Unavailable(OrchestratorError):
    """An outside system did not answer properly.

    ``system`` names it; ``retry`` says whether the same call may succeed later; ``unknown_outcome`` is true when
    the call may nevertheless have taken effect (a 5xx or a lost answer), so that the caller must look before repeating.
    """

    word = "unavailable"

    def __init__(self, message: str, *, system: str, retry: bool = True, unknown_outcome: bool = False) -> None:
        super().__init__(message)
        self.system = system
        self.retry = retry
        self.unknown_outcome = unknown_outcome
