"""Every failure becomes one sentence on standard error, a stable word and an exit code; never a traceback."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from enum import IntEnum

from orchestrator.core.errors import (
    Conflict,
    Invalid,
    NotFound,
    NotPossible,
    OrchestratorError,
    Refused,
    Unavailable,
)

from .output import visible

__all__ = ["MEANINGS", "ExitCode", "report", "wants_json"]


class ExitCode(IntEnum):
    """What a script may rely on."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    NOT_POSSIBLE = 5
    UNAVAILABLE = 6
    FINDINGS = 7
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "Done, or answered.",
    ExitCode.FAILURE: "Something failed that none of the codes below describes.",
    ExitCode.USAGE: "The command line, an argument or a file given with it cannot be used.",
    ExitCode.NOT_FOUND: "There is no such thing, or none that you may know of.",
    ExitCode.REFUSED: "The access rules say no, or you are not signed in.",
    ExitCode.NOT_POSSIBLE: "Allowed, but not in this state; or somebody changed the same thing first.",
    ExitCode.UNAVAILABLE: "The record, Vault or another outside system did not answer. Try again later.",
    ExitCode.FINDINGS: "The command finished and found something wrong.",
    ExitCode.INTERRUPTED: "Stopped from the keyboard.",
}

_CODES: tuple[tuple[type[OrchestratorError], ExitCode], ...] = (
    (Refused, ExitCode.REFUSED),
    (NotPossible, ExitCode.NOT_POSSIBLE),
    (Invalid, ExitCode.USAGE),
    (NotFound, ExitCode.NOT_FOUND),
    (Conflict, ExitCode.NOT_POSSIBLE),
    (Unavailable, ExitCode.UNAVAILABLE),
)


def wants_json(arguments: Sequence[str]) -> bool:
    """Say whether a command line asks for JSON, even one that cannot be parsed."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=False)
    return any(
        word in ("--output=json", "-ojson") or (word in ("--output", "-o") and following == "json")
        for word, following in pairs
    )


def report(error: BaseException, *, as_json: bool) -> ExitCode:
    """Tell the person what went wrong and return the exit code."""
    code, word, message, reasons = _judge(error)
    if as_json:
        body: dict[str, object] = {"error": word, "message": message, "exit": int(code)}
        if reasons:
            body["reasons"] = list(reasons)
        for name in ("field", "system"):
            if isinstance(error, OrchestratorError) and hasattr(error, name):
                body[name] = getattr(error, name)
        print(json.dumps(body), file=sys.stderr)  # noqa: T201 - this is where words go
    else:
        print(f"tre: {visible(message)} [{word}]", file=sys.stderr)  # noqa: T201
        for reason in reasons:
            print(f"  - {visible(reason)}", file=sys.stderr)  # noqa: T201
    if code is ExitCode.FAILURE and os.environ.get("TRE_TRACEBACK"):
        traceback.print_exception(error)
    return code


def _judge(error: BaseException) -> tuple[ExitCode, str, str, tuple[str, ...]]:
    if isinstance(error, OrchestratorError):
        code = next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.FAILURE)
        reasons = error.reasons if isinstance(error, Refused) and error.reasons != (error.message,) else ()
        return code, error.word, error.message, reasons
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return ExitCode.FAILURE, "failed", f"{where}{error.strerror or error}.", ()
    if type(error).__module__.startswith("sqlalchemy."):
        cause = str(getattr(error, "orig", None) or error).splitlines()[0][:160]
        return ExitCode.UNAVAILABLE, "unavailable", f"The record cannot be read ({cause}).", ()
    said = " ".join(str(error).split())[:300] or "nothing more is known"
    message = f"Something unexpected happened ({type(error).__name__}: {said}). Set TRE_TRACEBACK=1 to see where."
    return ExitCode.FAILURE, "failed", message, ()
