"""Who may do what to an endpoint, in which state, and what its address and secret may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from orchestrator.discovery.harvest.faults import Fault
from orchestrator.discovery.harvest.model import (
    ENDPOINT_STATES,
    PULL_STATES,
    Authentication,
    EndpointState,
    PullState,
)
from orchestrator.discovery.harvest.service import HarvestService, NamedSecret

from .conftest import BEARER, Harvest
from .test_pulling import filled

Act = Callable[[Harvest, Any, str, str], object]

ACTS: dict[str, tuple[Act, set[str]]] = {
    "show": (lambda h, a, e, _p: h.service.endpoint(a, e), {"cora", "ada", "ben"}),
    "pulls": (lambda h, a, e, _p: h.service.pulls(a, e), {"cora", "ada", "ben"}),
    "skipped": (lambda h, a, _e, p: h.service.skipped(a, p), {"cora", "ada", "ben"}),
    "test": (lambda h, a, e, _p: h.service.ask_for_test(a, e), {"cora", "ada", "ben"}),
    "enable": (lambda h, a, e, _p: h.service.enable_endpoint(a, e), {"ada", "ben"}),
    "pull": (lambda h, a, e, _p: h.service.ask_for_pull(a, e), {"cora", "ada", "ben"}),
    "pause": (lambda h, a, e, _p: h.service.pause_endpoint(a, e, "Works there."), {"cora", "ada", "ben"}),
    "resume": (lambda h, a, e, _p: h.service.resume_endpoint(a, e), {"cora"}),
    "decide": (lambda h, a, _e, p: h.service.decide(a, p, gone=False, reason="Cut."), {"cora", "ada", "ben"}),
    "close": (lambda h, a, e, _p: h.service.close_endpoint(a, e, "Moved."), {"cora"}),
}


@pytest.mark.parametrize("name", ACTS)
def test_only_who_may_acts_on_an_endpoint(harvest: Harvest, name: str) -> None:
    endpoint = harvest.register()
    pull = harvest.service.ask_for_test(harvest.alliance.actor("cora"), endpoint.endpoint_id)
    act, allowed = ACTS[name]
    for who in ("carl", "rex", "cora", "ada", "ben"):
        try:
            act(harvest, harvest.alliance.actor(who), endpoint.endpoint_id, pull.pull_id)
            refused = False
        except (Refused, NotFound):
            refused = True
        except (NotPossible, Conflict):
            refused = False
        assert refused == (who not in allowed), who


def test_each_sees_the_endpoints_he_keeps(harvest: Harvest) -> None:
    mine = harvest.register()
    for who, expected in (("cora", [mine.endpoint_id]), ("ada", [mine.endpoint_id]), ("carl", [])):
        found = harvest.service.endpoints(harvest.alliance.actor(who))
        assert [standing.endpoint.endpoint_id for standing in found] == expected
    with pytest.raises(Refused):
        harvest.service.endpoints(harvest.alliance.actor("rex"))


def test_an_operator_who_is_officer_too_does_not_enable_what_he_registered(harvest: Harvest) -> None:
    identity, until = harvest.alliance.identity, harvest.clock() + timedelta(days=100)
    held = identity.propose_role(harvest.alliance.actor("ada"), harvest.alliance.people["cora"], "operator", until)
    identity.confirm_role(harvest.alliance.actor("ben"), held.holding_id)
    endpoint = harvest.register()
    filled(harvest, 1)
    cora = harvest.alliance.actor("cora")
    harvest.service.ask_for_test(cora, endpoint.endpoint_id)
    harvest.puller.work(5)
    with pytest.raises(Refused, match="another operator"):
        harvest.service.enable_endpoint(cora, endpoint.endpoint_id)
    assert harvest.service.enable_endpoint(harvest.alliance.actor("ada"), endpoint.endpoint_id).state == "enabled"


def test_nothing_is_enabled_or_pulled_before_a_test_has_passed(harvest: Harvest) -> None:
    endpoint = harvest.register()
    for act in (harvest.service.enable_endpoint, harvest.service.ask_for_pull):
        with pytest.raises(NotPossible):
            act(harvest.alliance.actor("ada"), endpoint.endpoint_id)


def test_a_changed_endpoint_is_tested_and_enabled_anew_and_its_pull_stops(harvest: Harvest) -> None:
    filled(harvest, 5)
    endpoint = harvest.enabled()
    cora = harvest.alliance.actor("cora")
    pull = harvest.service.ask_for_pull(cora, endpoint.endpoint_id)
    harvest.puller.step(pull.pull_id)
    harvest.puller.step(pull.pull_id)
    changed = harvest.service.change_endpoint(
        cora,
        endpoint.endpoint_id,
        name="Renamed",
        address=harvest.endpoint.address,
        datasets_path="/datasets",
        dataset_path="/datasets/{id}",
        authentication=Authentication.NONE,
        secret_name="",
        hour=5,
        minute=6,
    )
    assert (changed.state, changed.due_at, changed.tested_at) == (EndpointState.REGISTERED, None, None)
    assert harvest.service.pull(cora, pull.pull_id).state is PullState.FAILED
    harvest.endpoint.asked.clear()
    harvest.puller.work(5)
    harvest.puller.step(pull.pull_id)
    assert harvest.endpoint.asked == []
    assert len(harvest.entries()) == 1


def test_a_paused_endpoint_is_not_pulled_and_a_closed_one_leaves_nothing_behind(harvest: Harvest) -> None:
    filled(harvest, 3)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    cora = harvest.alliance.actor("cora")
    harvest.service.pause_endpoint(cora, endpoint.endpoint_id, "Works there.")
    harvest.endpoint.asked.clear()
    assert not harvest.puller.work(1)
    with pytest.raises(NotPossible):
        harvest.service.ask_for_pull(cora, endpoint.endpoint_id)
    assert len(harvest.entries()) == 3
    harvest.service.resume_endpoint(cora, endpoint.endpoint_id)
    assert harvest.puller.work(1)
    harvest.service.close_endpoint(cora, endpoint.endpoint_id, "They moved.")
    assert harvest.entries() == {}
    for act in (harvest.service.resume_endpoint, harvest.service.ask_for_pull, harvest.service.ask_for_test):
        with pytest.raises(NotPossible):
            act(cora, endpoint.endpoint_id)


def test_one_pull_of_an_endpoint_at_a_time(harvest: Harvest) -> None:
    filled(harvest, 3)
    endpoint = harvest.enabled()
    cora = harvest.alliance.actor("cora")
    harvest.service.ask_for_pull(cora, endpoint.endpoint_id)
    with pytest.raises(Conflict, match="under way"):
        harvest.service.ask_for_pull(cora, endpoint.endpoint_id)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"address": ""}, "address"),
        ({"address": "catalogue.example.org"}, "address"),
        ({"address": "file:///etc/passwd"}, "address"),
        ({"address": "gopher://example.org"}, "address"),
        ({"address": "https://"}, "address"),
        ({"address": "https://a b.example.org"}, "address"),
        ({"address": "https://user@example.org"}, "address"),
        ({"address": "https://:key@example.org"}, "address"),
        ({"address": "https://example.org/x?key=1"}, "address"),
        ({"address": "https://example.org/x?"}, "address"),
        ({"address": "https://example.org/#x"}, "address"),
        ({"address": "https://example.org:22"}, "address"),
        ({"address": "https://example.org:99999"}, "address"),
        ({"address": "https://exämple.org"}, "address"),
        ({"address": "https://[::1"}, "address"),
        ({"datasets_path": "datasets"}, "datasets_path"),
        ({"datasets_path": "//evil.example.org"}, "datasets_path"),
        ({"datasets_path": "/../../x"}, "datasets_path"),
        ({"datasets_path": "/{id}"}, "datasets_path"),
        ({"dataset_path": "/datasets"}, "dataset_path"),
        ({"dataset_path": "/{id}/{id}"}, "dataset_path"),
        ({"dataset_path": "/{id}/{other}"}, "dataset_path"),
        ({"dataset_path": "/a\n{id}"}, "dataset_path"),
        ({"name": "x"}, "name"),
        ({"hour": 24}, "hour"),
        ({"minute": -1}, "hour"),
        ({"secret_name": "north"}, "secret"),
        ({"authentication": Authentication.BEARER}, "secret"),
        ({"authentication": Authentication.BEARER, "secret_name": "south"}, "secret"),
        ({"address": "https://other.example.org", **BEARER}, "secret"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused_with_its_field(
    harvest: Harvest, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        harvest.register(**given)
    assert refusal.value.field == field
    assert harvest.service.endpoints(harvest.alliance.actor("ada")) == []


def test_without_allowed_networks_only_https_is_taken(harvest: Harvest) -> None:
    strict = HarvestService(
        record=harvest.alliance.record, policy=harvest.alliance.policy, alliance=harvest.alliance.alliance
    )
    with pytest.raises(Invalid, match="https only"):
        strict.register_endpoint(
            harvest.alliance.actor("cora"),
            custodian_id=harvest.alliance.custodians["North"],
            name="Plain",
            address="http://catalogue.example.org",
        )


def test_a_custodian_cannot_have_another_s_secret_sent_anywhere(harvest: Harvest) -> None:
    service = HarvestService(
        record=harvest.alliance.record,
        policy=harvest.alliance.policy,
        alliance=harvest.alliance.alliance,
        secrets={"north": NamedSecret(custodian="North", origin=f"http://127.0.0.1:{harvest.endpoint.port}")},
        plain_http=True,
    )
    with pytest.raises(Invalid, match="no secret of that name"):
        service.register_endpoint(
            harvest.alliance.actor("carl"),
            custodian_id=harvest.alliance.custodians["South"],
            name="South's",
            address=harvest.endpoint.address,
            authentication=Authentication.BEARER,
            secret_name="north",
        )
    endpoint = harvest.register(**BEARER)
    for moved in (
        replace(endpoint, custodian_id=harvest.alliance.custodians["South"]),
        replace(endpoint, address="http://127.0.0.2:1/api"),
        replace(endpoint, secret_name="gone"),
    ):
        with pytest.raises(Fault) as fault:
            harvest.secrets.headers(moved)
        assert "the-secret-key" not in fault.value.message


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two words", b"caf\xc3\xa9", b"line\nline"])
def test_a_secret_file_that_holds_no_key_is_told_without_its_content(harvest: Harvest, content: bytes | None) -> None:
    endpoint = harvest.register(**BEARER)
    if content is None:
        harvest.key_file.unlink()
    else:
        harvest.key_file.write_bytes(content)
    with pytest.raises(Fault) as fault:
        harvest.secrets.headers(endpoint)
    assert not fault.value.retry
    assert "two" not in fault.value.message


def test_what_does_not_exist_is_not_found(harvest: Harvest) -> None:
    for act in (harvest.service.endpoint, harvest.service.ask_for_pull, harvest.service.pull):
        with pytest.raises(NotFound):
            act(harvest.alliance.actor("ada"), "aaaaaaaaaaaaaaaa")


@pytest.mark.parametrize("table", [ENDPOINT_STATES, PULL_STATES], ids=["endpoint", "pull"])
def test_every_state_waits_for_somebody_lasts_or_is_final(table: Any) -> None:
    for state in table.states():
        assert (state in table.waiting) + (state in table.lasting) + (state in table.final()) == 1, state
        reached = {step.target for step in table.steps} | {table.start}
        assert state in reached
