"""What the API server said, and which of our errors that is: its own words are kept, because they name the remedy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.errors import Conflict, NotFound, NotPossible, OrchestratorError, Refused, Unavailable

__all__ = ["Answer", "Expired", "error_from"]

_LONGEST_WORDS = 600


class Expired(OrchestratorError):
    """The version asked for is no longer known (410 Gone): list anew."""

    word = "expired"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One whole answer."""

    status: int
    body: dict[str, Any]
    retry_after: float | None = None

    @classmethod
    def of(cls, response: Any) -> Answer:
        """Read the response to its end and give its connection back."""
        try:
            raw = response.read(decode_content=True)
        finally:
            response.release_conn()
        try:
            body = json.loads(raw)
        except ValueError:
            body = {"message": raw[:_LONGEST_WORDS].decode(errors="replace")}
            if response.status < 300:
                return cls(status=502, body={"message": "the answer was not JSON"})
        if not isinstance(body, dict):
            body = {"message": str(body)}
        return cls(status=response.status, body=body, retry_after=_seconds(response.headers.get("Retry-After")))

    @property
    def reason(self) -> str:
        """The API server's one word for it, such as AlreadyExists."""
        return str(self.body.get("reason") or "")

    @property
    def details(self) -> Mapping[str, Any]:
        """What the words are about: kind, name, causes."""
        details = self.body.get("details")
        return details if isinstance(details, dict) else {}

    @property
    def expired(self) -> bool:
        """Whether a version was asked for that this API server no longer knows, or does not know of yet."""
        return self.status == 410 or any(cause.get("reason") == "ResourceVersionTooLarge" for cause in _causes(self))

    @property
    def words(self) -> str:
        """Say it in the API server's words, in one line."""
        message = " ".join(str(self.body.get("message") or self.reason or f"status {self.status}").split())
        return message[:_LONGEST_WORDS]


def error_from(answer: Answer, path: str, *, reads: bool) -> OrchestratorError:
    """Return the error that this answer is."""
    words = answer.words
    if answer.status == 403 and any(cause.get("reason") == "NamespaceTerminating" for cause in _causes(answer)):
        return NotPossible(f"The namespace is being removed, so nothing can be made in it: {words}.")
    if answer.status in {400, 403, 413, 422}:
        return Refused(f"The cluster refuses {path}: {words}.", reasons=(words,))
    if answer.expired:
        return Expired(f"The cluster does not know that version of {path}: {words}.")
    match answer.status:
        case 404:
            error: OrchestratorError = NotFound(f"The cluster has no {path}: {words}.")
        case 409:
            error = Conflict(f"The cluster's {path} is not what was expected: {words}.")
        case _:
            error = _unavailable(answer, path, reads=reads)
    return error


def _unavailable(answer: Answer, path: str, *, reads: bool) -> Unavailable:
    if answer.status == 401:
        return Unavailable(
            f"The cluster does not accept who we are ({answer.words}): renew the token or the kubeconfig.",
            system="kubernetes",
        )
    if answer.status == 429:
        return Unavailable(f"The cluster is too busy for {path}: {answer.words}.", system="kubernetes")
    unknown = not reads and (answer.status >= 500 or answer.status < 400)
    end = ": what was asked may have happened." if unknown else "."
    return Unavailable(
        f"The cluster gave no proper answer for {path} ({answer.status}: {answer.words}){end}",
        system="kubernetes",
        unknown_outcome=unknown,
    )


def _causes(answer: Answer) -> list[Mapping[str, Any]]:
    causes = answer.details.get("causes")
    return [cause for cause in causes if isinstance(cause, dict)] if isinstance(causes, list) else []


def _seconds(text: str | None) -> float | None:
    try:
        return max(float(text), 0.0) if text is not None else None
    except ValueError:
        return None
