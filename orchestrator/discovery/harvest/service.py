"""Use cases of endpoints: register, change, test, enable, pause, close, pull now, decide on what disappeared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import Conflict, NotPossible
from orchestrator.core.ids import new_id
from orchestrator.discovery.rules import check_reason
from orchestrator.identity.asking import Asking
from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

from . import rules, store
from .beginning import begin_pull
from .disappearing import archive_all, archive_missing
from .model import (
    ENDPOINT_STATES,
    PULL_STATES,
    Authentication,
    Endpoint,
    EndpointState,
    Item,
    ItemState,
    Pull,
    PullKind,
    PullState,
    Standing,
)
from .ports import Custodians
from .speaking import about_endpoint, about_pull, tell_keepers
from .standing import standing_of
from .store import EndpointRow

__all__ = ["HarvestService", "NamedSecret"]

_OFFERING = frozenset({"changeEndpoint", "testEndpoint", "enableEndpoint", "resumeEndpoint", "pullEndpoint"})
"""What a custodian that has left does no more."""


@dataclass(frozen=True, kw_only=True)
class NamedSecret:
    """What the settings say of a secret, but for the secret: whose it is, and the only origin it may go to."""

    custodian: str
    origin: str


class HarvestService(Asking):
    """Endpoints and their pulls. Nothing here reaches the network: the controller pulls."""

    def __init__(
        self,
        *,
        record: Record,
        policy: Policy,
        alliance: Custodians,
        secrets: Mapping[str, NamedSecret] | None = None,
        plain_http: bool = False,
    ) -> None:
        """``plain_http``: the settings allow networks in which endpoints may be asked without TLS."""
        super().__init__(record, policy)
        self._alliance = alliance
        self._secrets = secrets or {}
        self._plain = plain_http

    # ---- endpoints ----------------------------------------------------------------------------------------------

    def register_endpoint(
        self,
        actor: Actor,
        *,
        custodian_id: str,
        name: str,
        address: str,
        datasets_path: str = "/datasets",
        dataset_path: str = "/datasets/{id}",
        authentication: Authentication = Authentication.NONE,
        secret_name: str = "",
        hour: int = 2,
        minute: int = 0,
    ) -> Endpoint:
        """Register where a custodian publishes its catalogue; a test has to pass before an operator enables it."""
        thing = Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})
        with self._record.read() as session:
            self._check(session, actor, "registerEndpoint", thing)
        row = EndpointRow(
            endpoint_id=new_id(),
            custodian_id=custodian_id,
            state=ENDPOINT_STATES.start.value,
            registered_by=actor.person_id,
            registered_at=self._now(),
            **self._address(
                custodian_id=custodian_id,
                name=name,
                address=address,
                datasets_path=datasets_path,
                dataset_path=dataset_path,
                authentication=authentication,
                secret_name=secret_name,
            ),
            **_time(hour, minute),
        )
        with self._record.change() as change:
            self._check(change.session, actor, "registerEndpoint", thing)
            check_present(change.session, custodian_id, now=self._now())
            change.session.add(row)
            change.session.flush()
            change.tell(about_endpoint("registered", actor.person_id, row))
            tell_keepers(change, row, "registered", self._now(), apart_from=actor.person_id)
        return store.to_endpoint(row)

    def change_endpoint(
        self,
        actor: Actor,
        endpoint_id: str,
        *,
        name: str,
        address: str,
        datasets_path: str,
        dataset_path: str,
        authentication: Authentication,
        secret_name: str,
        hour: int,
        minute: int,
    ) -> Endpoint:
        """Change an endpoint: it is tested and enabled anew; what was taken from it stays."""
        with self._record.change() as change:
            row = self._kept(change.session, actor, "changeEndpoint", endpoint_id)
            self._step(row, "change")
            where = self._address(
                custodian_id=row.custodian_id,
                name=name,
                address=address,
                datasets_path=datasets_path,
                dataset_path=dataset_path,
                authentication=authentication,
                secret_name=secret_name,
            )
            for column, value in {**where, **_time(hour, minute)}.items():
                setattr(row, column, value)
            row.registered_by, row.tested_at, row.due_at, row.trouble = actor.person_id, None, None, ""
            self._stop_open(change, row, actor, "The endpoint was changed.")
            change.tell(about_endpoint("changed", actor.person_id, row))
        return store.to_endpoint(row)

    def enable_endpoint(self, actor: Actor, endpoint_id: str) -> Endpoint:
        """Let an endpoint that passed its test be pulled every day, as an operator who did not register it."""
        with self._record.change() as change:
            row = self._kept(change.session, actor, "enableEndpoint", endpoint_id)
            self._step(row, "enable")
            row.due_at = self._now()
            change.tell(about_endpoint("enabled", actor.person_id, row))
            tell_keepers(change, row, "enabled", self._now(), apart_from=actor.person_id)
        return store.to_endpoint(row)

    def pause_endpoint(self, actor: Actor, endpoint_id: str, reason: str) -> Endpoint:
        """Pull no more until it is resumed; what was taken stays, and its age is shown."""
        with self._record.change() as change:
            row = self._kept(change.session, actor, "pauseEndpoint", endpoint_id)
            self._step(row, "pause")
            row.due_at, row.reason = None, check_reason(reason)
            self._stop_open(change, row, actor, "The endpoint was paused.")
            change.tell(about_endpoint("paused", actor.person_id, row))
        return store.to_endpoint(row)

    def resume_endpoint(self, actor: Actor, endpoint_id: str) -> Endpoint:
        """Pull a paused endpoint again, at once and every day."""
        with self._record.change() as change:
            row = self._kept(change.session, actor, "resumeEndpoint", endpoint_id)
            self._step(row, "resume")
            row.due_at, row.reason = self._now(), ""
            change.tell(about_endpoint("resumed", actor.person_id, row))
        return store.to_endpoint(row)

    def close_endpoint(self, actor: Actor, endpoint_id: str, reason: str) -> Endpoint:
        """Close an endpoint for good: everything that came from it leaves the catalogue."""
        with self._record.change() as change:
            row = self._kept(change.session, actor, "closeEndpoint", endpoint_id)
            self._step(row, "close")
            row.due_at, row.reason = None, check_reason(reason)
            self._stop_open(change, row, actor, "The endpoint was closed.")
            gone = archive_all(change, endpoint_id, actor=actor.person_id, now=self._now(), reason=row.reason)
            change.tell(about_endpoint("closed", actor.person_id, row, entries=gone))
        return store.to_endpoint(row)

    # ---- pulls --------------------------------------------------------------------------------------------------

    def ask_for_test(self, actor: Actor, endpoint_id: str) -> Pull:
        """Have the controller try an endpoint: one page of its list, one record; neither is kept."""
        with self._record.change() as change:
            row = self._kept(change.session, actor, "testEndpoint", endpoint_id)
            if row.state not in (EndpointState.REGISTERED, EndpointState.TESTED):
                raise NotPossible(f"This endpoint is {row.state}; it is tested before it is enabled, or when changed.")
            return self._begin(change, row, PullKind.TEST, actor)

    def ask_for_pull(self, actor: Actor, endpoint_id: str, *, thorough: bool = False) -> Pull:
        """Have the controller pull an enabled endpoint now; ``thorough``: ask for every record it names."""
        with self._record.change() as change:
            row = self._kept(change.session, actor, "pullEndpoint", endpoint_id)
            if row.state != EndpointState.ENABLED:
                raise NotPossible(f"This endpoint is {row.state}; only an enabled one is pulled.")
            return self._begin(change, row, PullKind.THOROUGH if thorough else PullKind.ASKED, actor)

    def decide(self, actor: Actor, pull_id: str, *, gone: bool, reason: str) -> Pull:
        """Decide on a held pull: what it did not name is ``gone`` and archived, or stays as it was."""
        words = check_reason(reason)
        with self._record.change() as change:
            row = store.pull_row(change.session, pull_id)
            endpoint = self._kept(change.session, actor, "decideOnPull", row.endpoint_id, unknown=store.UNKNOWN_PULL)
            row.state = PULL_STATES.after(PullState(row.state), "decide").value
            row.reason, row.decided_by = words, actor.person_id
            if gone:
                archive_missing(change, row, actor=actor.person_id, now=self._now())
            endpoint.trouble = ""
            change.tell(about_pull("decided", row, actor=actor.person_id, gone=gone))
            return store.to_pull(change.session, row)

    # ---- reading ------------------------------------------------------------------------------------------------

    def endpoints(self, actor: Actor) -> list[Standing]:
        """Return the endpoints that the actor keeps: those of his custodians, or all of them for an operator."""
        with self._record.read() as session:
            current = self._check(session, actor, "listEndpoints", SITE)
            rows = [row for row in store.endpoints(session) if self._policy.may(current, "showEndpoint", _thing(row))]
            return [standing_of(session, row, self._now()) for row in rows]

    def endpoint(self, actor: Actor, endpoint_id: str) -> Standing:
        """Return one endpoint with its standing."""
        with self._record.read() as session:
            row = self._kept(session, actor, "showEndpoint", endpoint_id)
            return standing_of(session, row, self._now())

    def pulls(self, actor: Actor, endpoint_id: str, limit: int = 20) -> list[Pull]:
        """Return an endpoint's pulls, newest first."""
        with self._record.read() as session:
            self._kept(session, actor, "showEndpoint", endpoint_id)
            return [store.to_pull(session, row) for row in store.pulls_of(session, endpoint_id, limit)]

    def pull(self, actor: Actor, pull_id: str) -> Pull:
        """Return one pull."""
        with self._record.read() as session:
            row = store.pull_row(session, pull_id)
            self._kept(session, actor, "showEndpoint", row.endpoint_id, unknown=store.UNKNOWN_PULL)
            return store.to_pull(session, row)

    def skipped(self, actor: Actor, pull_id: str, limit: int = 500) -> list[Item]:
        """Return the datasets that a pull could not take, each with the reason."""
        with self._record.read() as session:
            row = store.pull_row(session, pull_id)
            self._kept(session, actor, "showEndpoint", row.endpoint_id, unknown=store.UNKNOWN_PULL)
            return [store.to_item(each) for each in store.items(session, pull_id, ItemState.SKIPPED, limit)]

    # ---- inside -------------------------------------------------------------------------------------------------

    def _address(
        self,
        *,
        custodian_id: str,
        name: str,
        address: str,
        datasets_path: str,
        dataset_path: str,
        authentication: Authentication,
        secret_name: str,
    ) -> dict[str, str]:
        checked = rules.check_address(address, plain=self._plain)
        owner = str(self._alliance.custodian(custodian_id).name).casefold()
        origin = rules.origin_of(checked)
        known = {
            label
            for label, secret in self._secrets.items()
            if secret.custodian.casefold() == owner and rules.origin_of(secret.origin) == origin
        }
        return {
            "name": rules.check_name(name),
            "address": checked,
            "datasets_path": rules.check_path(datasets_path, field="datasets_path", with_id=False),
            "dataset_path": rules.check_path(dataset_path, field="dataset_path", with_id=True),
            "authentication": authentication.value,
            "secret_name": rules.check_authentication(authentication, secret_name, known=known),
        }

    def _kept(
        self, session: Session, actor: Actor, action: str, endpoint_id: str, *, unknown: str = store.UNKNOWN
    ) -> EndpointRow:
        """Return the endpoint; raise ``Refused`` unless the actor, as he is now, may do this to it.

        Who may not see it is told ``unknown``: another custodian's endpoints are nobody else's business.
        """
        row = store.endpoint_row(session, endpoint_id)
        self._check_known(session, actor, action, _thing(row), sight="showEndpoint", unknown=unknown)
        if action in _OFFERING:
            check_present(session, row.custodian_id, now=self._now())
        return row

    def _step(self, row: EndpointRow, action: str) -> None:
        row.state = ENDPOINT_STATES.after(EndpointState(row.state), action).value

    def _begin(self, change: Change, row: EndpointRow, kind: PullKind, actor: Actor) -> Pull:
        under_way = store.open_pull(change.session, row.endpoint_id)
        if under_way is not None:
            raise Conflict("A pull of this endpoint is under way; look at it, and ask again when it has ended.")
        return store.to_pull(change.session, begin_pull(change, row, kind, asked_by=actor.person_id, now=self._now()))

    def _stop_open(self, change: Change, row: EndpointRow, actor: Actor, why: str) -> None:
        pull = store.open_pull(change.session, row.endpoint_id)
        if pull is not None:
            pull.state = PULL_STATES.after(PullState(pull.state), "fail").value
            pull.trouble, pull.ended_at = why, self._now()
            change.tell(about_pull("stopped", pull, actor=actor.person_id))


def _thing(row: EndpointRow) -> Thing:
    attributes = {"custodian": row.custodian_id, "registeredBy": row.registered_by}
    return Thing(kind="Endpoint", id=row.endpoint_id, attributes={**attributes})


def _time(hour: int, minute: int) -> dict[str, int]:
    rules.check_time(hour, minute)
    return {"hour": hour, "minute": minute}
