"""One call to the API server: a deadline, a rule for repeating it, and every answer turned into one of our errors.

The official package reads configuration, proves who we are and holds the connections; bodies stay plain JSON, because
its typed objects cost seven to ten times as much. A call is repeated when it reads, when repeating it changes nothing,
or when it certainly had no effect. Anything else that was not answered properly is an unknown outcome, and says so.
"""

from __future__ import annotations

import copy
import enum
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from orchestrator.core.errors import OrchestratorError, Unavailable

from .answers import Answer, error_from

__all__ = ["Call", "Repeat", "Transport", "configuration"]

_CONNECT_SECONDS = 3.0
_LONGEST_WAIT = 8.0
_MEETINGS = 5
_TRANSIENT = frozenset({429, 500, 502, 503, 504})


class Repeat(enum.Enum):
    """When one and the same call may be sent again."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    """A write that leaves the same state however often it arrives."""
    ONCE = "once"
    """A write that is sent again only when it certainly had no effect."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One thing asked of the API server."""

    verb: str
    """The Kubernetes verb, for counting: get, list, watch, create, apply, patch, update, delete."""
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    content_type: str = "application/json"
    repeat: Repeat = Repeat.READ


def configuration(kubeconfig: Path | None = None, context: str | None = None) -> Configuration:
    """Return how to reach the cluster: a kubeconfig file, or without one the account of the pod this runs in."""
    settings = Configuration()
    settings.connection_pool_maxsize = 48  # a watch for each kind, and the work queue's threads
    try:
        if kubeconfig is None:
            load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        else:
            load_kube_config(  # type: ignore[no-untyped-call]
                str(kubeconfig), context=context, client_configuration=settings, persist_config=False
            )
    except (ConfigException, OSError, ValueError) as error:
        raise Unavailable(
            f"The way to the cluster cannot be read ({error}): name a kubeconfig and context, or run inside a pod.",
            system="kubernetes",
            retry=False,
        ) from error
    return settings


class Transport:
    """Sends calls from any number of threads, over connections that are kept, and counts them."""

    def __init__(
        self,
        settings: Configuration,
        *,
        deadline: float = 30.0,
        attempt: float = 10.0,
        guard: Callable[[], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._pool: Any = RESTClientObject(settings).pool_manager
        self._deadline = deadline
        self._attempt = attempt
        self._guard = guard
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def guarded(self, guard: Callable[[], None]) -> Transport:
        """Return the same connections and counts, with a check that runs right before every write is sent."""
        other = copy.copy(self)
        other._guard = guard
        return other

    def counts(self) -> dict[str, int]:
        """Return how many calls were sent so far, by verb; each repetition counts."""
        with self._lock:
            return dict(self._counts)

    def ask(self, call: Call) -> dict[str, Any]:
        """Return the answer's JSON object, repeating the call as its rule allows until the deadline."""
        end = self._monotonic() + self._deadline
        attempt = 0
        while True:
            attempt += 1
            pause: float | None
            try:
                answer = self._once(call, min(self._attempt, max(end - self._monotonic(), 0.1)))
            except HTTPError as trouble:
                error: OrchestratorError = _unanswered(call, trouble)
                again = call.repeat is not Repeat.ONCE or _never_connected(trouble)
                pause = None
            else:
                if answer.status < 300:
                    return answer.body
                error = error_from(answer, call.path, reads=call.repeat is Repeat.READ)
                again = _worth_repeating(answer, call, attempt)
                pause = answer.retry_after
            wait = _pause(attempt) if pause is None else pause + random.uniform(0, 0.5)  # noqa: S311 - spread, no secret
            if not again or self._monotonic() + wait >= end:
                raise error
            self._sleep(wait)

    def stream(self, call: Call, *, silence: float) -> Any:
        """Open a call whose answer does not end; reading from it fails after ``silence`` seconds without a byte."""
        try:
            response = self._send(call, urllib3.Timeout(connect=_CONNECT_SECONDS, read=silence))
        except HTTPError as trouble:
            raise _unanswered(call, trouble) from trouble
        if response.status < 300:
            return response
        try:
            answer = Answer.of(response)
        except HTTPError as trouble:
            raise _unanswered(call, trouble) from trouble
        raise error_from(answer, call.path, reads=True)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.clear()

    def _once(self, call: Call, seconds: float) -> Answer:
        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), read=seconds)
        return Answer.of(self._send(call, timeout))

    def _send(self, call: Call, timeout: urllib3.Timeout) -> Any:
        if self._guard is not None and call.method != "GET":
            self._guard()
        with self._lock:
            self._counts[call.verb] += 1
            identity = self._settings.auth_settings().get("BearerToken")
        headers = {"Accept": "application/json", "User-Agent": "tre-controller"}
        if identity and identity["value"]:
            headers["Authorization"] = identity["value"]
        body = None
        if call.body is not None:
            headers["Content-Type"] = call.content_type
            body = json.dumps(call.body, separators=(",", ":")).encode()
        address = self._settings.host.rstrip("/") + call.path
        return self._pool.request(
            call.method,
            f"{address}?{urlencode(call.query)}" if call.query else address,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )


def _worth_repeating(answer: Answer, call: Call, attempt: int) -> bool:
    if answer.status == 429:
        return True  # turned away before anything was done
    if answer.status == 409:
        return attempt < _MEETINGS and _writers_met(answer, call)
    return answer.status in _TRANSIENT and call.repeat is not Repeat.ONCE and not answer.expired


def _writers_met(answer: Answer, call: Call) -> bool:
    """Say whether two writers met: at the quota, before anything was made, or at an object that is applied whole."""
    if answer.reason != "Conflict" or call.repeat is Repeat.READ:
        return False
    return answer.details.get("kind") == "resourcequotas" or (
        call.method == "PATCH" and call.repeat is Repeat.IDEMPOTENT
    )


def _pause(attempt: int) -> float:
    longest = min(0.2 * 2 ** (attempt - 1), _LONGEST_WAIT)
    return random.uniform(longest / 2, longest)  # noqa: S311 - spread, no secret


def _unanswered(call: Call, trouble: HTTPError) -> Unavailable:
    if _never_connected(trouble):
        return Unavailable(
            f"The cluster could not be reached for {call.path}: check that its API server runs and answers here.",
            system="kubernetes",
        )
    unknown = call.repeat is not Repeat.READ
    return Unavailable(
        f"The cluster gave no answer for {call.path} ({type(trouble).__name__})"
        + (": what was asked may have happened." if unknown else "."),
        system="kubernetes",
        unknown_outcome=unknown,
    )


def _never_connected(trouble: HTTPError) -> bool:
    return isinstance(trouble, NewConnectionError | ConnectTimeoutError)
