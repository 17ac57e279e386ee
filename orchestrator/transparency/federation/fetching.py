"""Asks the trusted hubs for their documents, as harvesting asks custodians' endpoints: guarded, bounded, and again.

What comes is taken by the rules that hold for files. Nothing that goes wrong here changes what was heard before; it is
noted in words, and the hub is asked again after a pause that grows with its failures.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotPossible, OrchestratorError
from orchestrator.core.events import Event, Json, Notice
from orchestrator.discovery.harvest.faults import Fault, FaultKind
from orchestrator.discovery.harvest.ports import Answer, Fetcher
from orchestrator.discovery.harvest.rules import pause
from orchestrator.identity import store as identity

from .. import sealed
from . import store
from .hearing import Hearing
from .model import Hub, HubState, Kind
from .sealing import SYSTEM
from .store import FeedRow

__all__ = ["EVERY", "Fetching"]

_log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
"""How often a hub is asked; it answers “nothing new” most of the time."""
_SOON = timedelta(seconds=5)
"""When to try again where our own request only waits for the log's signature."""


@dataclass(frozen=True, kw_only=True)
class _Came:
    """What asking for one kind came to. ``problem`` is empty where a document that counts was heard or confirmed."""

    problem: str = ""
    etag: str = ""
    answered: bool = False
    """The hub is there and has nothing for us: it is neither silent nor wrong, and is asked at the usual time."""
    gone: bool = False
    """The hub is not to be reached, or too slow: it is asked for nothing more before the others had their turn."""
    not_yet: bool = False
    """Nothing was asked: our own request has to be signed first."""


class Fetching:
    """What the controller holds: the network, the record, and the rules of hearing."""

    def __init__(self, record: Record, *, hearing: Hearing, fetcher: Fetcher) -> None:
        self._record, self._hearing, self._fetcher = record, hearing, fetcher

    def work(self, seconds: float = 20.0) -> int:
        """Ask trusted hubs for what is due; return how many documents were asked for. Repeatable.

        It ends after about so many seconds, one hub at least; the rest comes with the next call.
        """
        until = time.monotonic() + seconds
        asked = 0
        for hub in self._turns():
            asked += self._hub(hub)
            if time.monotonic() >= until:
                break
        return asked

    def _turns(self) -> list[Hub]:
        """Return the hubs to ask, the one that was asked longest ago first: none that is slow holds up the others."""
        hubs = [hub for hub in self._hearing.hubs() if hub.state is HubState.TRUSTED and hub.address]
        with self._record.read() as session:
            asked = {hub.hub_id: _last_asked(store.feeds(session, hub.hub_id).values()) for hub in hubs}
        return sorted(hubs, key=lambda hub: asked[hub.hub_id])

    def _hub(self, hub: Hub) -> int:
        now = self._record.clock()
        with self._record.read() as session:
            feeds = store.feeds(session, hub.hub_id)
        due = [kind for kind in Kind if _is_due(feeds.get(kind), now)]
        came: dict[Kind, _Came] = {}
        for kind in due:
            came[kind] = self._one(hub, kind, feeds.get(kind))
            if came[kind].gone:
                break
        if came:
            self._note(hub, came)
        return len(came)

    def _one(self, hub: Hub, kind: Kind, feed: FeedRow | None) -> _Came:
        """Ask for one document; whatever happens is told in words."""
        try:
            secret = {"authorization": f"Bearer {self._hearing.request_to(hub)}"} if kind is Kind.PEOPLE else {}
        except NotPossible:
            return _Came(not_yet=True)
        try:
            known = self._known(hub, kind, feed)
            headers = {"accept": "application/json", **({"if-none-match": known} if known else {})}
            answer = self._fetcher.get(
                f"{hub.address}/federation/{kind.value}.json", headers=headers, secret=secret, largest=sealed.LARGEST
            )
            if answer.status == 304 and known:
                return _Came(etag=known)
            _check_status(answer, kind)
            self._hearing.take_fetched(hub.hub_id, kind, answer.body)
            return _Came(etag=answer.headers.get("etag", "")[:200])
        except Fault as fault:
            answered = fault.kind in (FaultKind.NOT_THERE, FaultKind.REJECTED)
            gone = fault.kind in (FaultKind.NO_ANSWER, FaultKind.TOO_SLOW)
            return _Came(problem=fault.message.replace("endpoint", "hub"), answered=answered, gone=gone)
        except OrchestratorError as error:
            return _Came(problem=error.message)
        except Exception:  # noqa: BLE001 - whatever one hub sends, the others are asked
            _log.exception("the %s of hub %s could not be read", kind.value, hub.hub_id)
            return _Came(problem=f"Its {kind.value} could not be read; the controller's log tells operators why.")

    def _known(self, hub: Hub, kind: Kind, feed: FeedRow | None) -> str:
        """Return the tag of what we have, as long as that counts: what counts no more is asked for whole."""
        with self._record.read() as session:
            counts = self._hearing.counting(session, hub, kind) is not None
        return feed.etag if feed is not None and counts and feed.etag.isascii() and feed.etag.isprintable() else ""

    def _note(self, hub: Hub, came: Mapping[Kind, _Came]) -> None:
        with self._record.change() as change:
            now = self._record.clock()
            fresh = store.to_hub(store.hub_row(change.session, hub.hub_id))
            if fresh.state is not HubState.TRUSTED or fresh.address != hub.address or fresh.keys != hub.keys:
                return  # it was revoked, moved or given other keys meanwhile, and is asked anew
            told: dict[str, Json] = {"hub": hub.hub_id}
            known = any(feed.silent_told for feed in store.feeds(change.session, hub.hub_id).values())
            for kind, each in came.items():
                feed = store.feed(change, hub.hub_id, kind)
                _noted(feed, each, now)
                told[kind.value] = "not yet" if each.not_yet else "failed" if each.problem else "heard"
                if each.problem:
                    _log.warning("the %s of hub %s was not heard: %s", kind.value, hub.hub_id, each.problem)
                feed.silent_told = store.to_feed(feed).silent(now)
                if feed.silent_told and not known:
                    known = True
                    self._tell_operators(change, hub, now)
            change.tell(Event(kind="hub.asked", actor=SYSTEM, subject=f"hub:{hub.hub_id}", details=told))

    def _tell_operators(self, change: Change, hub: Hub, now: datetime) -> None:
        for person_id in identity.operators(change.session, now):
            change.notify(Notice(person=person_id, kind="hub.silent", subject=f"hub:{hub.hub_id}"))


def _is_due(feed: FeedRow | None, now: datetime) -> bool:
    """Say whether a kind is to be asked for; a moment further ahead than any pause is a clock's that was wrong."""
    return feed is None or feed.due_at is None or not now < feed.due_at <= now + EVERY


def _last_asked(feeds: Iterable[FeedRow]) -> datetime:
    never = datetime.min.replace(tzinfo=UTC)
    return max((feed.asked_at or never for feed in feeds), default=never)


def _noted(feed: FeedRow, came: _Came, now: datetime) -> None:
    if came.not_yet:
        feed.due_at = now + _SOON
        return
    feed.asked_at, feed.begun_at = now, feed.begun_at or now
    if came.problem:
        feed.problem = came.problem
        feed.due_at = now + (EVERY if came.answered else min(pause(feed.failures), EVERY))
        feed.failures = 0 if came.answered else feed.failures + 1
        return
    feed.problem, feed.failures = "", 0
    feed.etag, feed.heard_at, feed.due_at = came.etag, now, now + EVERY


def _check_status(answer: Answer, kind: Kind) -> None:
    status = answer.status
    if status == 200:
        return
    if kind is Kind.PEOPLE and status in (401, 403):
        raise Fault(
            FaultKind.REJECTED,
            "The hub does not tell us who is accredited there: its operators have not trusted this one yet, or it is "
            "known by another address than the one that it is asked at.",
        )
    if status in (404, 410):
        raise Fault(FaultKind.NOT_THERE, f"The hub publishes nothing of its {kind.value} now ({status}).")
    raise Fault(FaultKind.STATUS, f"The hub answered {status} where its {kind.value} was asked for.")
