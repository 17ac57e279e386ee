"""Entries: imported, offered, followed by sequence, versioned, withdrawn, read anew."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow as LogRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.discovery.catalogue import reading
from orchestrator.discovery.catalogue import service as service_module
from orchestrator.discovery.catalogue.model import EntryState, Origin
from orchestrator.policy.service import Policy

from .conftest import Alliance


def a_record(identifier: str = "one", **summary: Any) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "version": "1.0.0",
        "summary": {"title": f"Set {identifier}", "publisher": {"name": "North Trust"}, **summary},
    }


def test_the_national_catalogue_is_imported_whole(alliance: Alliance, national_catalogue: list[dict[str, Any]]) -> None:
    done = alliance.catalogue.import_records(alliance.actor("ada"), national_catalogue, source="national")
    assert (done.new, done.changed, done.unchanged, done.refused) == (531, 0, 0, ())
    entries = alliance.catalogue.entries()
    assert len(entries) == 531
    by_id = {entry.persistent_id: entry for entry in entries}
    for record in national_catalogue:
        entry = by_id[record["identifier"]]
        assert entry.original == record
        assert entry.title == " ".join(record["summary"]["title"].split())
        assert entry.publisher == record["summary"]["publisher"]["name"]
        assert entry.origin is Origin.IMPORTED
        assert entry.custodian_id is None
        assert entry.schema
        assert entry.description["summary"]["title"] == record["summary"]["title"]
    again = alliance.catalogue.import_records(alliance.actor("ada"), national_catalogue, source="national")
    assert (again.new, again.changed, again.unchanged) == (0, 0, 531)


def test_only_who_may_imports(alliance: Alliance) -> None:
    north, south = alliance.custodians["North"], alliance.custodians["South"]
    alliance.catalogue.import_records(alliance.actor("cora"), [a_record()], source="ours", custodian_id=north)
    for who, custodian_id in (("cora", south), ("cora", None), ("rex", None), ("rex", north), ("ada", north)):
        with pytest.raises(Refused):
            alliance.catalogue.import_records(
                alliance.actor(who), [a_record("two")], source="x", custodian_id=custodian_id
            )
    assert len(alliance.catalogue.entries()) == 1


LARGE = "more than may be"
"""Written out by the test that takes it: every process that runs tests would hold nine million letters."""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("text", "object with named fields"),
        (None, "object with named fields"),
        ({}, "no identifier"),
        ({"version": "1"}, "no identifier"),
        ({"identifier": "x" * 501}, "longer than 500"),
        ({"identifier": "n", "size": float("nan")}, "plain JSON"),
        ({"identifier": "n", "broken": "\ud800"}, "plain JSON"),
        ({"identifier": "n", "large": LARGE}, "bytes; at most"),
        (a_record("good", abstract="another text"), "stands twice in this file"),
    ],
)
def test_what_cannot_be_taken_is_told_by_its_place_and_the_rest_is_kept(
    alliance: Alliance, given: Any, words: str
) -> None:
    if isinstance(given, dict) and given.get("large") == LARGE:
        given = {**given, "large": "x" * 9_000_000}
    done = alliance.catalogue.import_records(alliance.actor("ada"), [a_record("good"), given], source="file")
    assert done.new == 1
    assert [refusal.position for refusal in done.refused] == [2]
    assert words in done.refused[0].sentence


def test_a_collection_needs_a_name(alliance: Alliance) -> None:
    for source in ("", "  ", "x" * 201, "a\nb"):
        with pytest.raises(Invalid, match="Name the collection"):
            alliance.catalogue.import_records(alliance.actor("ada"), [a_record()], source=source)


def test_an_index_that_follows_by_sequence_misses_nothing(alliance: Alliance) -> None:
    catalogue, ada = alliance.catalogue, alliance.actor("ada")
    catalogue.import_records(ada, [a_record(str(number)) for number in range(5)], source="s")
    first = catalogue.changes(0)
    assert [sequence for sequence, _ in first] == sorted({sequence for sequence, _ in first})
    assert len(first) == 5
    last = first[-1][0]
    assert catalogue.changes(last) == []
    catalogue.import_records(ada, [a_record("1"), a_record("2", abstract="new words")], source="s")
    catalogue.withdraw_entry(ada, first[0][1].entry_id, "Entered by mistake.")
    seen = {entry.persistent_id: entry for _, entry in catalogue.changes(last)}
    assert set(seen) == {"2", "0"}
    assert seen["0"].state is EntryState.WITHDRAWN
    assert seen["2"].description["summary"]["abstract"] == "new words"
    assert [entry.persistent_id for _, entry in catalogue.changes(0, limit=2)] == ["1", "3"]


def test_each_version_is_kept_and_differences_are_told(alliance: Alliance, clock: FixedClock) -> None:
    catalogue, ada = alliance.catalogue, alliance.actor("ada")
    old = a_record("one") | {"version": "1.0.0", "structure": [{"name": "a", "size": 1}, {"name": "b", "size": 2}]}
    catalogue.import_records(ada, [old], source="s")
    clock.advance(timedelta(days=3))
    new = copy.deepcopy(old) | {"version": "1.1.0", "structure": [{"name": "b", "size": 3}, {"name": "a", "size": 1}]}
    del new["summary"]["publisher"]
    catalogue.import_records(ada, [new], source="s")
    entry = catalogue.entries()[0]
    assert entry.version == "1.1.0"
    assert entry.changed_at == clock()
    assert entry.first_seen == clock() - timedelta(days=3)
    editions = catalogue.versions(entry.entry_id)
    assert [(each.number, each.version) for each in editions] == [(1, "1.0.0"), (2, "1.1.0")]
    assert editions[0].original == old
    told = {each.path: (each.before, each.after) for each in catalogue.diff(entry.entry_id, 1, 2)}
    assert ("1.0.0", "1.1.0") in told.values()
    assert any(path.endswith("“b”.size") and pair == (2, 3) for path, pair in told.items())
    assert catalogue.diff(entry.entry_id, 2, 2) == ()
    with pytest.raises(NotFound):
        catalogue.diff(entry.entry_id, 1, 3)
    with pytest.raises(NotFound):
        catalogue.versions("aaaaaaaaaaaaaaaa")


def test_a_dataset_with_a_new_identifier_goes_on_under_it(alliance: Alliance) -> None:
    catalogue, ada = alliance.catalogue, alliance.actor("ada")
    catalogue.import_records(ada, [a_record("one"), a_record("two")], source="s")
    before = {entry.persistent_id: entry.entry_id for entry in catalogue.entries()}
    past = [{"version": "1.0.0", "url": "one"}, {"version": "2.0.0", "url": "one-again"}, "odd", {"url": None}]
    again = a_record("one-again") | {"version": "2.0.0", "revisions": past}
    also = a_record("three") | {"revisions": [{"version": "1.0.0", "url": "two"}]}
    done = catalogue.import_records(ada, [again, a_record("two"), also], source="s")
    assert (done.new, done.changed, done.unchanged) == (1, 1, 1)
    after = {entry.persistent_id: entry.entry_id for entry in catalogue.entries()}
    assert after["one-again"] == before["one"]
    assert after["two"] == before["two"]
    assert set(after) == {"one-again", "two", "three"}
    assert len(catalogue.versions(after["one-again"])) == 2
    assert catalogue.import_records(ada, [again], source="another").new == 1


def test_an_offered_dataset_stands_in_the_catalogue_and_goes_with_it(
    alliance: Alliance, description: dict[str, Any]
) -> None:
    north = alliance.custodians["North"]
    cora = alliance.actor("cora")
    dataset = alliance.discovery.register_dataset(cora, custodian_id=north, name="set", description=description)
    entry = alliance.catalogue.entry(dataset.dataset_id)
    assert (entry.origin, entry.dataset_id, entry.custodian_id) == (Origin.OFFERED, dataset.dataset_id, north)
    assert entry.title == description["summary"]["title"]
    assert entry.publisher == "Simulated Hospital Trust"
    alliance.discovery.describe_dataset(cora, dataset.dataset_id, description | {"version": "1.0.1"})
    assert [each.version for each in alliance.catalogue.versions(dataset.dataset_id)] == ["1.0.0", "1.0.1"]
    with pytest.raises(NotPossible, match="withdraw the dataset"):
        alliance.catalogue.withdraw_entry(cora, dataset.dataset_id, "Wrong place.")
    alliance.discovery.withdraw_dataset(cora, dataset.dataset_id, "Consent was withdrawn.")
    assert alliance.catalogue.entry(dataset.dataset_id).state is EntryState.WITHDRAWN
    assert alliance.catalogue.entries() == []


def test_withdrawal_is_for_its_officers_and_lasts(alliance: Alliance) -> None:
    catalogue, north = alliance.catalogue, alliance.custodians["North"]
    catalogue.import_records(alliance.actor("cora"), [a_record()], source="ours", custodian_id=north)
    entry_id = catalogue.entries()[0].entry_id
    for who in ("carl", "rex", "ada"):
        with pytest.raises(Refused):
            catalogue.withdraw_entry(alliance.actor(who), entry_id, "Not mine.")
    with pytest.raises(Invalid):
        catalogue.withdraw_entry(alliance.actor("cora"), entry_id, " ")
    catalogue.withdraw_entry(alliance.actor("cora"), entry_id, "Superseded.")
    with pytest.raises(NotPossible):
        catalogue.withdraw_entry(alliance.actor("cora"), entry_id, "Superseded.")
    catalogue.import_records(alliance.actor("cora"), [a_record()], source="ours", custodian_id=north)
    assert catalogue.entry(entry_id).state is EntryState.WITHDRAWN


def test_one_dataset_that_came_by_two_ways_is_seen_as_one(alliance: Alliance) -> None:
    catalogue = alliance.catalogue
    for source in ("one file", "another"):
        catalogue.import_records(alliance.actor("ada"), [a_record()], source=source)
    first, second = catalogue.entries()
    assert catalogue.elsewhere(first.entry_id) == [second.entry_id]
    catalogue.withdraw_entry(alliance.actor("ada"), second.entry_id, "Came twice.")
    assert catalogue.elsewhere(first.entry_id) == []


def test_entries_are_read_anew_when_the_converter_changes(alliance: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = alliance.catalogue
    catalogue.import_records(alliance.actor("ada"), [a_record(str(number)) for number in range(3)], source="s")
    assert catalogue.refresh() == 0
    last = catalogue.changes(0)[-1][0]
    for module in (reading, service_module):
        monkeypatch.setattr(module, "converter", lambda: "next")
    assert catalogue.refresh(limit=2) == 2
    assert catalogue.refresh(limit=2) == 1
    assert catalogue.refresh(limit=2) == 0
    assert len(catalogue.changes(last)) == 3


def test_datasets_from_before_there_was_a_catalogue_get_their_entries(
    alliance: Alliance, description: dict[str, Any]
) -> None:
    from orchestrator.core.events import Event
    from orchestrator.discovery.store import DatasetRow

    with alliance.record.change() as change:
        for number, state in enumerate(("listed", "withdrawn")):
            change.session.add(
                DatasetRow(
                    dataset_id=f"aaaaaaaaaaaaaaa{'abc'[number]}",
                    custodian_id=alliance.custodians["North"],
                    name=f"old-{number}",
                    title="Old",
                    description=reading._text(description),
                    state=state,
                    registered_at=alliance.clock(),
                    reason="Gone." if number else "",
                )
            )
        change.tell(Event(kind="dataset.registered", actor="system:test", subject="dataset:x"))
    assert alliance.catalogue.refresh() == 2
    assert alliance.catalogue.refresh() == 0
    assert alliance.catalogue.entry("aaaaaaaaaaaaaaaa").state is EntryState.LISTED
    assert alliance.catalogue.entry("aaaaaaaaaaaaaaab").state is EntryState.WITHDRAWN


def test_the_log_names_hashes_and_no_words(alliance: Alliance, record: Record) -> None:
    alliance.catalogue.import_records(alliance.actor("ada"), [a_record("secret-word")], source="secret-name")
    with record.read() as session:
        bodies = [row.body for row in session.query(LogRow) if row.kind.startswith(("entry.", "catalogue."))]
    assert len(bodies) == 2
    assert not any("secret" in body for body in bodies)


def test_it_works_on_every_record(record_everywhere: Record, policy: Policy, clock: FixedClock, tmp_path: Any) -> None:
    alliance = Alliance(record_everywhere, policy, clock, tmp_path)
    catalogue = alliance.catalogue
    odd = a_record("nul \u0000 inside", abstract="zero \u0000 byte")
    assert catalogue.import_records(alliance.actor("ada"), [odd, a_record()], source="s").new == 2
    assert {entry.persistent_id for entry in catalogue.entries()} == {"nul inside", "one"}
    assert len(catalogue.changes(0)) == 2
    assert catalogue.refresh() == 0


def test_values_without_a_place_and_values_in_other_words_are_kept_and_told(
    alliance: Alliance, national_catalogue: list[dict[str, Any]]
) -> None:
    record = next(each for each in national_catalogue if each["summary"]["title"].startswith("Acute care patients"))
    alliance.catalogue.import_records(alliance.actor("ada"), [record], source="s")
    entry = alliance.catalogue.entries()[0]
    assert entry.unplaced
    told = {note.path for note in entry.findings}
    assert set(entry.unplaced) <= told
    assert all(note.sentence.endswith(".") for note in entry.findings)


def test_what_is_no_description_is_refused_and_one_that_no_longer_is_stays(
    alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = alliance.catalogue.import_records(alliance.actor("ada"), [{"identifier": "x"}], source="s").refused
    assert "no description" in refused[0].sentence
    alliance.catalogue.import_records(alliance.actor("ada"), [a_record()], source="s")

    def stricter(_record: object) -> None:
        raise Invalid("This is no description any more.", field="version")

    monkeypatch.setattr(reading, "convert", stricter)
    for module in (reading, service_module):
        monkeypatch.setattr(module, "converter", lambda: "stricter")
    assert alliance.catalogue.refresh() == 1
    entry = alliance.catalogue.entries()[0]
    assert entry.description == entry.original
    assert [note.sentence for note in entry.findings] == ["This is no description any more."]
