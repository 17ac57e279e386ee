"""What the harvest must do better than its predecessors, over a real connection."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from orchestrator.audit.store import EntryRow as LogRow
from orchestrator.audit.store import NoticeRow
from orchestrator.discovery.catalogue.model import EntryState, Origin
from orchestrator.discovery.catalogue.rules import is_stale
from orchestrator.discovery.harvest.model import PullState

from .conftest import API_KEY, BEARER, Harvest
from .endpoint import says


def filled(harvest: Harvest, count: int) -> None:
    for number in range(count):
        harvest.endpoint.put(f"set-{number:03}")


def test_every_page_of_the_list_is_read(harvest: Harvest) -> None:
    filled(harvest, 37)
    endpoint = harvest.enabled()
    pull = harvest.pull(endpoint)
    assert (pull.state, pull.taken, pull.total, pull.complete) == (PullState.DONE, 37, 37, True)
    assert harvest.endpoint.lists_asked() == 4
    entries = harvest.entries()
    assert set(entries) == set(harvest.endpoint.records)
    entry = entries["set-017"]
    assert entry.origin is Origin.HARVESTED
    assert entry.source == endpoint.endpoint_id
    assert entry.custodian_id == harvest.alliance.custodians["North"]
    assert entry.original == harvest.endpoint.records["set-017"]
    assert harvest.service.endpoint(harvest.alliance.actor("cora"), endpoint.endpoint_id).entries == 37


@pytest.mark.parametrize("how", [BEARER, API_KEY])
def test_a_secret_travels_in_headers_only(
    harvest: Harvest, how: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    harvest.endpoint.key = "the-secret-key"
    filled(harvest, 3)
    assert harvest.pull(harvest.enabled(**how)).taken == 3
    assert harvest.endpoint.asked
    name = "authorization" if how is BEARER else "apikey"
    assert all("the-secret-key" in asked.headers[name] for asked in harvest.endpoint.asked)
    assert not any("secret" in asked.path for asked in harvest.endpoint.asked)
    assert "the-secret-key" not in caplog.text
    assert not _in_the_record(harvest, "the-secret-key")


def test_what_has_not_changed_is_not_asked_for_again(harvest: Harvest) -> None:
    filled(harvest, 12)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    harvest.endpoint.asked.clear()
    harvest.endpoint.put("set-003", "1.1.0")
    harvest.endpoint.put("new")
    pull = harvest.pull(endpoint)
    assert (pull.taken, pull.unchanged) == (2, 11)
    assert sorted(harvest.endpoint.records_asked()) == ["new", "set-003"]
    assert harvest.entries()["set-003"].version == "1.1.0"
    assert len(harvest.alliance.catalogue.versions(harvest.entries()["set-003"].entry_id)) == 2


def test_a_thorough_pull_asks_with_conditions_and_finds_a_version_that_was_forgotten(harvest: Harvest) -> None:
    filled(harvest, 5)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    harvest.endpoint.asked.clear()
    harvest.endpoint.records["set-002"]["summary"]["abstract"] = "Changed in silence."
    assert harvest.pull(endpoint).taken == 0
    assert harvest.endpoint.records_asked() == []
    pull = harvest.pull(endpoint, thorough=True)
    assert (pull.taken, pull.unchanged) == (1, 4)
    assert all("if-none-match" in asked.headers for asked in harvest.endpoint.asked if "/datasets/" in asked.path)
    assert harvest.entries()["set-002"].original["summary"]["abstract"] == "Changed in silence."


def test_a_list_without_versions_is_followed_by_conditional_requests(harvest: Harvest) -> None:
    filled(harvest, 4)
    harvest.endpoint.listed_versions = dict.fromkeys(harvest.endpoint.records, "")
    endpoint = harvest.enabled()
    assert harvest.pull(endpoint).taken == 4
    harvest.endpoint.put("set-001", "2.0.0")
    pull = harvest.pull(endpoint)
    assert (pull.taken, pull.unchanged) == (1, 3)


def test_a_pull_is_resumed_by_the_next_process_and_asks_for_nothing_twice(harvest: Harvest) -> None:
    filled(harvest, 25)
    endpoint = harvest.enabled()
    pull = harvest.service.ask_for_pull(harvest.alliance.actor("cora"), endpoint.endpoint_id)
    for _ in range(9):  # three pages, six records: then the process is gone
        harvest.puller.step(pull.pull_id)
    assert len(harvest.endpoint.records_asked()) == 6
    harvest.client.close()
    again = Harvest(harvest.alliance, harvest.endpoint, harvest.key_file.parent)
    ended = again.pull(endpoint)
    again.close()
    assert (ended.pull_id, ended.taken) == (pull.pull_id, 25)
    assert sorted(harvest.endpoint.records_asked()) == sorted(harvest.endpoint.records)
    assert harvest.endpoint.lists_asked() == 3


def test_pulls_take_turns_so_that_none_holds_up_the_others(harvest: Harvest) -> None:
    first, second = harvest.enabled(), harvest.enabled(name="Second")
    for each in (first, second):
        harvest.pull(each)
    filled(harvest, 30)
    cora = harvest.alliance.actor("cora")
    pulls = [harvest.service.ask_for_pull(cora, each.endpoint_id).pull_id for each in (first, second)]
    for _ in range(6):
        harvest.puller.work(0.0)
    assert [harvest.service.pull(cora, pull_id).taken for pull_id in pulls] == [2, 2]


def test_age_is_shown_on_every_record_and_told_of(harvest: Harvest) -> None:
    filled(harvest, 3)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    seen = harvest.clock()
    harvest.endpoint.on_list = says("no", 500)
    harvest.clock.advance(timedelta(days=8))
    standing = harvest.service.endpoint(harvest.alliance.actor("cora"), endpoint.endpoint_id)
    assert (standing.age_days, standing.stale) == (8, True)
    for entry in harvest.entries().values():
        assert entry.confirmed_at == seen
        assert is_stale(entry, harvest.clock())
    assert harvest.puller.tell_of_stale_ones() == 1
    assert harvest.puller.tell_of_stale_ones() == 0
    assert _told(harvest, "endpoint.stale") == {"ada", "ben", "cora"}
    harvest.endpoint.on_list = None
    harvest.pull(endpoint)
    assert not harvest.service.endpoint(harvest.alliance.actor("cora"), endpoint.endpoint_id).stale
    assert all(entry.confirmed_at == harvest.clock() for entry in harvest.entries().values())


def test_one_that_disappears_is_missing_first_and_archived_after_a_week(harvest: Harvest) -> None:
    filled(harvest, 10)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    entry_id = harvest.entries()["set-004"].entry_id
    gone = harvest.endpoint.records.pop("set-004")
    assert harvest.pull(endpoint).missing == 1
    assert harvest.alliance.catalogue.entry(entry_id).state is EntryState.MISSING
    harvest.clock.advance(timedelta(days=6))
    harvest.pull(endpoint)
    assert harvest.alliance.catalogue.entry(entry_id).state is EntryState.MISSING
    harvest.clock.advance(timedelta(days=1))
    harvest.pull(endpoint)
    assert harvest.alliance.catalogue.entry(entry_id).state is EntryState.WITHDRAWN
    harvest.endpoint.records["set-004"] = gone
    harvest.pull(endpoint)
    assert harvest.alliance.catalogue.entry(entry_id).state is EntryState.LISTED


def test_many_at_once_wait_for_a_person(harvest: Harvest) -> None:
    filled(harvest, 20)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    before = harvest.alliance.catalogue.changes(0)[-1][0]
    kept = dict(harvest.endpoint.records)
    harvest.endpoint.records = {"set-000": kept["set-000"]}
    pull = harvest.pull(endpoint)
    assert (pull.state, pull.missing) == (PullState.HELD, 19)
    assert len(harvest.entries()) == 20
    assert harvest.alliance.catalogue.changes(before) == []
    assert _told(harvest, "endpoint.held") == {"ada", "ben", "cora"}
    again = harvest.pull(endpoint)
    assert harvest.service.pull(harvest.alliance.actor("cora"), pull.pull_id).state is PullState.LAPSED
    harvest.service.decide(harvest.alliance.actor("cora"), again.pull_id, gone=False, reason="Their list was cut.")
    assert len(harvest.entries()) == 20
    third = harvest.pull(endpoint)
    harvest.service.decide(harvest.alliance.actor("cora"), third.pull_id, gone=True, reason="They have left us.")
    assert set(harvest.entries()) == {"set-000"}


def test_an_empty_list_archives_nothing_by_itself(harvest: Harvest) -> None:
    filled(harvest, 1)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    harvest.endpoint.records.clear()
    assert harvest.pull(endpoint).state is PullState.HELD
    assert set(harvest.entries()) == {"set-000"}


def test_a_catalogue_cannot_trickle_away_unnoticed(harvest: Harvest) -> None:
    filled(harvest, 20)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    for number in range(4):
        del harvest.endpoint.records[f"set-{number:03}"]
        assert harvest.pull(endpoint).state is PullState.DONE
        harvest.clock.advance(timedelta(days=1))
    del harvest.endpoint.records["set-010"]
    assert harvest.pull(endpoint).state is PullState.HELD


def test_an_endpoint_is_pulled_every_day_by_itself(harvest: Harvest) -> None:
    filled(harvest, 2)
    endpoint = harvest.enabled(hour=4, minute=30)
    cora = harvest.alliance.actor("cora")
    assert harvest.puller.work(5)
    assert harvest.service.pulls(cora, endpoint.endpoint_id)[0].taken == 2
    due = harvest.service.endpoint(cora, endpoint.endpoint_id).endpoint.due_at
    assert due is not None
    assert (due.hour, due.minute) == (4, 30)
    harvest.puller.work(5)
    assert len(harvest.service.pulls(cora, endpoint.endpoint_id)) == 2  # the test, and the first pull
    harvest.clock.now = due
    harvest.puller.work(5)
    assert len(harvest.service.pulls(cora, endpoint.endpoint_id)) == 3


def test_a_person_s_withdrawal_outlasts_the_next_pull(harvest: Harvest) -> None:
    filled(harvest, 3)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    entry_id = harvest.entries()["set-001"].entry_id
    harvest.alliance.catalogue.withdraw_entry(harvest.alliance.actor("cora"), entry_id, "It names a person.")
    harvest.endpoint.put("set-001", "1.1.0")
    harvest.pull(endpoint)
    assert harvest.alliance.catalogue.entry(entry_id).state is EntryState.WITHDRAWN


def test_what_is_asked_for_stays_below_the_address(harvest: Harvest) -> None:
    odd = "../../admin?x=1#y"
    harvest.endpoint.put(odd)
    harvest.endpoint.put("a/b c")
    harvest.pull(harvest.enabled())
    paths = [urlsplit(asked.path).path for asked in harvest.endpoint.asked]
    assert all(path.startswith("/api/datasets") and ".." not in path.split("/") for path in paths)
    assert set(harvest.entries()) == {odd, "a/b c"}


def _told(harvest: Harvest, kind: str) -> set[str]:
    with harvest.alliance.record.read() as session:
        people = {row.person_id for row in session.query(NoticeRow) if row.kind == kind}
    return {name for name, person_id in harvest.alliance.people.items() if person_id in people}


def _in_the_record(harvest: Harvest, text: str) -> bool:
    with harvest.alliance.record.read() as session:
        bodies = [row.body for row in session.query(LogRow)]
    dump = "\n".join(bodies) + repr(harvest.service.endpoints(harvest.alliance.actor("ada")))
    return text in dump
