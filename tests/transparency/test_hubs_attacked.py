"""What a trusted hub, or whoever answers in its place, sends to do harm: it harms nobody else, and is told in words."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import rfc8785

from orchestrator.core.errors import Invalid, NotPossible, Refused
from orchestrator.discovery.harvest.faults import Fault, FaultKind
from orchestrator.discovery.harvest.ports import Answer
from orchestrator.transparency import sealed
from orchestrator.transparency.federation import contents
from orchestrator.transparency.federation.describing import fitting
from orchestrator.transparency.federation.entering import Entering
from orchestrator.transparency.federation.fetching import EVERY, Fetching
from orchestrator.transparency.federation.model import Hub, Kind
from orchestrator.transparency.federation.shapes import read_document
from tests.transparency.hubs import Installation
from tests.transparency.test_federation import item

BOTH = {"Hospital admissions", "Tumour registrations"}


class Network:
    """Answers what a test says for each host, and notes who was asked."""

    def __init__(self, said: Mapping[str, bytes | Exception]) -> None:
        self.said = dict(said)
        self.asked: list[str] = []

    def get(self, url: str, **_: Any) -> Answer:
        self.asked.append(url.removeprefix("https://"))
        said = self.said.get(self.asked[-1].partition("/")[0])
        if isinstance(said, Exception):
            raise said
        there = said is not None and url.endswith("catalogue.json")
        return Answer(status=200 if there else 404, headers={}, body=said if there and said else b"")


def fetching(north: Installation, network: Network) -> Fetching:
    return Fetching(north.world.house.record, hearing=north.federation, fetcher=network)


def another_hub(north: Installation, name: str, address: str) -> Hub:
    """A second trusted hub, whose key nobody here needs."""
    operator = north.world.actor("operator")
    made = north.federation.trust(
        operator, origin=f"tre/{name}", name=name, keys={1: name.encode().ljust(32)}, address=address
    )
    return north.confirm(made.hub_id)


def test_a_hub_that_is_slow_for_ever_takes_one_turn_and_the_others_have_theirs(
    north: Installation, south: Installation
) -> None:
    another_hub(north, "A slow one", "https://slow.example.org")
    north.trusts(south, address="https://south.example.org")
    network = Network(
        {"slow.example.org": Fault(FaultKind.TOO_SLOW, "The endpoint fell silent."), "south.example.org": b"{}"}
    )
    asking = fetching(north, network)
    asking.work(seconds=0)
    assert network.asked == ["slow.example.org/federation/catalogue.json"]
    north.clock.advance(timedelta(seconds=5))
    asking.work(seconds=0)
    assert {each.partition("/")[0] for each in network.asked[1:]} == {"south.example.org"}
    north.clock.advance(timedelta(seconds=5))
    asking.work(seconds=0)
    assert network.asked[-1] == "slow.example.org/federation/register.json"


def test_what_breaks_the_reading_of_one_hub_keeps_no_other_from_being_heard(
    north: Installation, south: Installation
) -> None:
    bad = another_hub(north, "A bad one", "https://bad.example.org")
    north.trusts(south, address="https://south.example.org")
    network = Network({"bad.example.org": RecursionError("deep"), "south.example.org": south.document()})
    fetching(north, network).work()
    assert "the controller's log tells operators why" in north.problems(bad.hub_id)["catalogue"]
    counting = north.federation.counting

    def breaks(session: Any, hub: Hub, kind: Kind) -> Any:
        if hub.hub_id == bad.hub_id:
            raise RecursionError("deep")
        return counting(session, hub, kind)

    assert Entering(north.world.house.record, breaks).work() == 2
    assert north.titles() == BOTH


def test_a_clock_that_ran_ahead_and_was_set_right_keeps_no_hub_unasked(
    north: Installation, south: Installation
) -> None:
    north.trusts(south, address="https://south.example.org")
    network = Network({"south.example.org": south.document()})
    north.clock.advance(timedelta(days=3))
    fetching(north, network).work()
    north.clock.advance(-timedelta(days=3))
    network.asked.clear()
    assert fetching(north, network).work()
    north.clock.advance(EVERY / 2)
    network.asked.clear()
    fetching(north, network).work()
    assert [each for each in network.asked if "catalogue" in each] == []


def test_a_document_of_before_counts_again_once_a_new_key_vouches_for_it(
    north: Installation, south: Installation
) -> None:
    hub = north.trusts(south)
    north.take(south.document())
    from orchestrator.audit.fakes import FakeSigner
    from orchestrator.audit.store import HeadRow, KeyRow
    from orchestrator.core.events import Event

    with south.world.house.record.change() as change:  # its key was lost, and the log is signed by a new one
        for row in [*change.session.query(HeadRow), *change.session.query(KeyRow)]:
            change.session.delete(row)
        change.tell(Event(kind="test.rekeyed", actor="system:test", subject="tree:1"))
    south.signer = FakeSigner()
    south.sign()
    south.federation._whole.clear()
    card = south.federation.card("Hub South")
    north.federation.trust(north.world.actor("second operator"), origin=card.origin, name=card.name, keys=card.keys)
    north.confirm(hub.hub_id, by="operator")
    assert north.federation.words(hub.hub_id) == []
    assert north.take(south.federation.signed(Kind.CATALOGUE)).sequence == 1
    assert [each.sequence for each in north.federation.words(hub.hub_id)] == [1]
    north.hubs.enter()
    assert north.titles() == BOTH
    size = north.world.house.audit.size()
    north.take(south.federation.signed(Kind.CATALOGUE))
    assert north.world.house.audit.size() == size


def test_a_short_text_that_would_fill_the_memory_is_not_read() -> None:
    raw = b'{"document":{"items":[' + b"[]," * (sealed.MOST_VALUES // 2) + b'[]]},"proof":{}}'
    assert len(raw) < sealed.LARGEST
    with pytest.raises(Invalid, match="more than 1,500,000 values"):
        sealed.unproved(raw)


def test_our_own_documents_have_no_more_values_than_others_read(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {"structuralMetadata": {"tables": [{"name": str(number)} for number in range(50)]}}
    items = [item(description=tables)]
    assert fitting(items) == items
    monkeypatch.setattr(sealed, "MOST_VALUES", 40)
    assert fitting(items) == [item()]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("field", ["issued_at", "valid_until"])
def test_a_request_of_another_age_is_refused_in_words(
    north: Installation, south: Installation, field: str, day: str
) -> None:
    hub = north.trusts(south)
    south.trusts(north)
    with pytest.raises(NotPossible):
        north.federation.request_to(hub)
    north.sign()
    request = json.loads(base64.urlsafe_b64decode(north.federation.request_to(hub)))
    request["document"][field] = f"{day}T00:00:00.000000Z"
    with pytest.raises(Refused):
        south.federation.asker(base64.urlsafe_b64encode(rfc8785.dumps(request)).decode())


def document(items: list[dict[str, Any]]) -> dict[str, Any]:
    moments = {"issued_at": "2026-01-01T00:00:00.000000Z", "valid_until": "2026-01-02T00:00:00.000000Z"}
    said = {"schema": "tre-federation/1", "kind": "catalogue", "origin": "tre/x", "name": "X", "sequence": 1}
    return {**said, **moments, "items": items}


def test_the_names_that_a_hub_gives_to_fields_do_not_fill_our_pages() -> None:
    with pytest.raises(Invalid) as caught:
        read_document({**document([]), "\u202e<script>\n" * 100_000: 1})
    assert len(caught.value.message) < 300
    assert caught.value.message.isprintable()


def test_a_document_that_names_one_dataset_twice_is_refused() -> None:
    assert read_document(document([item(), item(dataset="bbbbbbbbbbbbbbbb")]))
    with pytest.raises(Invalid, match="names aaaaaaaaaaaaaaaa twice"):
        read_document(document([item(), item(title="Another")]))


def test_another_hub_may_use_our_identifiers_and_our_custodians_names_and_is_shown_as_itself(
    north: Installation, south: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its entry stands beside ours, never in its place; it belongs to no custodian here."""
    hub, ours = north.trusts(south), north.world.datasets["officer"]
    entry = north.world.house.catalogue.entry(ours)
    custodian = entry.custodian_id
    claimed = item(dataset=ours, title="\u202eSnoissimda latipsoh\u200b", custodian=entry.publisher)
    claimed["description"] = {"identifier": ours, "summary": {"publisher": {"name": entry.publisher}}}
    monkeypatch.setattr(contents, "compose", lambda *_: [claimed])
    north.take(south.document())
    north.hubs.enter()
    (shown,) = north.federation.shown(hub.hub_id, 9)
    theirs = north.world.house.catalogue.entry(shown.entry_id)
    assert (theirs.custodian_id, theirs.dataset_id, theirs.title) == (None, None, "Snoissimda latipsoh")
    assert north.world.house.catalogue.entry(ours) == entry
    assert custodian
    assert "At Hub South" in north.world.browser().get("/datasets?origin=hub").text
