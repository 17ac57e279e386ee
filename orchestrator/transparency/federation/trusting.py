"""Whose word counts here: another hub is trusted by its key, by two operators, until one of them revokes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import rfc8785
from sqlalchemy.orm import Session

from orchestrator.access.rules import check_reason
from orchestrator.audit.record import Change, Record
from orchestrator.audit.service import AuditService
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.discovery.harvest.rules import check_address
from orchestrator.identity.asking import Asking
from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

from . import store
from .believing import fall, lapse
from .leaving import leave_all
from .model import HUB_STATES, Card, Hub, HubState
from .rules import check_name
from .sealing import own_origin
from .store import HubRow

__all__ = ["Trusting", "card_of", "waiting_fingerprint"]

_KEY_BYTES = 32
_MOST_KEYS = 100


class Trusting(Asking):
    """Cards of our own and hubs of others. ``plain_http``: some network may be asked without TLS here.

    ``own_name`` is what this installation's portal is called, and ``own_address`` where other hubs reach it.
    """

    def __init__(
        self, record: Record, policy: Policy, *, plain_http: bool = False, own_name: str = "", own_address: str = ""
    ) -> None:
        super().__init__(record, policy)
        self._plain = plain_http
        self._own_name, self._own_address = own_name, own_address

    def card(self, name: str, address: str = "") -> Card:
        """Return who this installation is to others; ``name`` is what the portal is called, ``address`` where it is."""
        keys = AuditService(self._record).keys()
        with self._record.read() as session:
            origin = own_origin(session)
        if not keys:
            raise NotPossible("No head of the log is signed yet; the airlock's worker signs one every few seconds.")
        return replace(card_of(origin, name, keys), address=address)

    def trust(self, actor: Actor, *, origin: str, name: str, keys: Mapping[int, bytes], address: str = "") -> Hub:
        """Propose to trust a hub, or new keys of one that is trusted; a second operator confirms.

        With an address its documents are fetched from there; without one they are brought as files. No two hubs that
        are proposed or trusted bear names that people take for one another, and none bears ours.
        """
        card = card_of(origin, name, keys)
        place = self._place(address)
        pending = {str(version): key.hex() for version, key in card.keys.items()}
        with self._record.change() as change:
            self._check(change.session, actor, "proposeHub", SITE)
            if card.origin == own_origin(change.session):
                raise NotPossible("This is the card of this very installation.")
            row = store.hub_by_origin(change.session, card.origin)
            if row is None:
                self._check_name(change.session, card.name)
                row = HubRow(
                    hub_id=new_id(),
                    origin=card.origin,
                    name=card.name,
                    keys={},
                    pending=pending,
                    state=HUB_STATES.start.value,
                    proposed_by=actor.person_id,
                    proposed_at=self._now(),
                    reason="",
                    address=place,
                )
                store.add(change, row, event=_event("hub.proposed", actor, row, fingerprint=card.fingerprint))
            else:
                self._propose_keys(change, actor, row, pending, card)
            self._tell_operators(change, kind="hub.proposed", subject=f"hub:{row.hub_id}", apart_from=[actor.person_id])
            return store.to_hub(row)

    def confirm(self, actor: Actor, hub_id: str, *, fingerprint: str) -> Hub:
        """Confirm as the second operator that a hub's keys are its own: what it signs counts from now.

        ``fingerprint`` is the one that was compared; keys that were proposed instead meanwhile are not confirmed.
        """
        with self._record.change() as change:
            row = store.hub_row(change.session, hub_id)
            self._check(change.session, actor, "confirmHub", _thing(row))
            if row.pending is None:
                raise NotPossible("No keys of this hub wait for a confirmation.")
            if waiting_fingerprint(store.to_hub(row)) != fingerprint:
                raise NotPossible("Other keys wait for a confirmation than those you compared; look at them again.")
            if row.state == HubState.PROPOSED:
                self._check_name(change.session, row.name, but=row.hub_id)
            self._end_word(change, row, by=actor.person_id, for_good=False)
            action = "confirm" if row.state == HubState.PROPOSED else "confirm keys"
            row.state = HUB_STATES.after(HubState(row.state), action).value
            row.keys, row.pending = row.pending, None
            row.confirmed_by, row.confirmed_at = actor.person_id, self._now()
            change.tell(_event("hub.confirmed", actor, row))
            return store.to_hub(row)

    def revoke(self, actor: Actor, hub_id: str, reason: str) -> Hub:
        """Stop trusting a hub at once: nothing that it signed is shown any more."""
        with self._record.change() as change:
            row = store.hub_row(change.session, hub_id)
            self._check(change.session, actor, "revokeHub", _thing(row))
            words = check_reason(reason)
            self._end_word(change, row, by=actor.person_id, for_good=True)
            row.state = HUB_STATES.after(HubState(row.state), "revoke").value
            row.revoked_by, row.revoked_at, row.reason = actor.person_id, self._now(), words
            change.tell(_event("hub.revoked", actor, row))
            return store.to_hub(row)

    def move(self, actor: Actor, hub_id: str, address: str) -> Hub:
        """Say where a hub's documents are fetched from now on; with no address they are brought as files.

        One operator is enough: whoever answers there, only what the hub's keys signed is taken, and our signed request
        that is shown there counts nowhere else.
        """
        place = self._place(address)
        with self._record.change() as change:
            self._check(change.session, actor, "proposeHub", SITE)
            row = store.hub_row(change.session, hub_id)
            if row.state == HubState.REVOKED:
                raise NotPossible("This hub is revoked, and nothing is fetched from it.")
            row.address = place
            self._ask_anew(change, row)
            change.tell(_event("hub.moved", actor, row))
            return store.to_hub(row)

    def ask_now(self, actor: Actor, hub_id: str) -> Hub:
        """Have the controller ask a hub within seconds, whenever it was asked last."""
        with self._record.change() as change:
            row = store.hub_row(change.session, hub_id)
            self._check(change.session, actor, "takeDocument", SITE)
            if row.state != HubState.TRUSTED or not row.address:
                raise NotPossible("Only a hub that is trusted and has an address is asked.")
            for feed in store.feeds(change.session, hub_id).values():
                feed.due_at = None
            change.tell(_event("hub.asked-for", actor, row))
            return store.to_hub(row)

    def hubs(self) -> list[Hub]:
        """Return every hub that was ever proposed, by name: whom an installation trusts is public."""
        with self._record.read() as session:
            return [store.to_hub(row) for row in store.hubs(session)]

    def names(self) -> dict[str, str]:
        """Return what each hub that was ever proposed is called here, by its identifier."""
        return {hub.hub_id: hub.name for hub in self.hubs()}

    def mistakable(self) -> list[str]:
        """Return a sentence for each proposed or trusted hub whose name would not be taken today.

        Names are held to the rules when a hub is proposed; one may be older than a rule, or than our own name.
        """
        found = []
        with self._record.read() as session:
            for row in store.hubs(session):
                try:
                    if row.state != HubState.REVOKED:
                        self._check_name(session, row.name, but=row.hub_id)
                except Invalid as problem:
                    found.append(f"{row.name} ({row.origin}): {problem.message}")
        return found

    def hub(self, hub_id: str) -> Hub:
        """Return one hub."""
        with self._record.read() as session:
            return store.to_hub(store.hub_row(session, hub_id))

    def _check_name(self, session: Session, name: str, *, but: str = "") -> None:
        known = (row for row in store.hubs(session) if row.state != HubState.REVOKED and row.hub_id != but)
        check_name(name, ours=self._own_name, others=[row.name for row in known])

    def _place(self, address: str) -> str:
        if not address.strip():
            return ""
        try:
            return check_address(address, plain=self._plain)
        except Invalid as error:
            raise Invalid(error.message.replace("endpoint", "hub"), field="address") from error

    def _end_word(self, change: Change, row: HubRow, *, by: str, for_good: bool) -> None:
        """Hide what a hub said until now, in the transaction that ends it; what it says next is asked for anew."""
        if row.state == HubState.TRUSTED:
            leave_all(change, row.hub_id, by=by, now=self._now())
            if for_good:
                fall(change, row.hub_id, by=by, now=self._now())
            else:
                lapse(change, row.hub_id, now=self._now())
        self._ask_anew(change, row)

    def _ask_anew(self, change: Change, row: HubRow) -> None:
        for feed in store.feeds(change.session, row.hub_id).values():
            feed.due_at, feed.etag, feed.failures, feed.problem, feed.silent_told = None, "", 0, "", False

    def _propose_keys(self, change: Change, actor: Actor, row: HubRow, pending: dict[str, str], card: Card) -> None:
        if row.state == HubState.PROPOSED:
            raise NotPossible("This hub is proposed already; a second operator confirms it, or it is revoked first.")
        if row.keys == pending:
            raise NotPossible("These are the keys that are trusted already.")
        HUB_STATES.after(HubState(row.state), "propose keys")
        row.pending, row.proposed_by, row.proposed_at = pending, actor.person_id, self._now()
        row.confirmed_by = row.confirmed_at = None
        change.tell(_event("hub.keys-proposed", actor, row, fingerprint=card.fingerprint))


def card_of(origin: str, name: str, keys: Mapping[int, bytes]) -> Card:
    """Return a card whose parts can be right; raises ``Invalid`` naming the part that cannot."""
    name, origin = " ".join(name.split()), origin.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise Invalid("Give the hub's name in one line of at most 200 characters.", field="name")
    if not origin.startswith("tre/") or len(origin) > 80 or not origin.isascii() or not origin.isprintable():
        raise Invalid("The card does not name a log, such as “tre/…”.", field="origin")
    if not 0 < len(keys) <= _MOST_KEYS or any(len(key) != _KEY_BYTES for key in keys.values()):
        raise Invalid("The card holds no Ed25519 public keys.", field="keys")
    said: dict[str, Json] = {"origin": origin, "keys": {str(version): key.hex() for version, key in keys.items()}}
    fingerprint = hashlib.sha256(rfc8785.dumps(said)).hexdigest()
    return Card(origin=origin, name=name, keys=dict(keys), fingerprint=fingerprint)


def waiting_fingerprint(hub: Hub) -> str:
    """Return the fingerprint of the keys that wait for a second operator; empty where none wait."""
    return card_of(hub.origin, hub.name, hub.pending).fingerprint if hub.pending else ""


def _thing(row: HubRow) -> Thing:
    return Thing(kind="Hub", id=row.hub_id, attributes={"proposedBy": row.proposed_by})


def _event(kind: str, actor: Actor, row: HubRow, **details: Json) -> Event:
    return Event(kind=kind, actor=actor.person_id, subject=f"hub:{row.hub_id}", details={"state": row.state, **details})
