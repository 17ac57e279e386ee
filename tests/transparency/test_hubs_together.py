"""Two installations with records of their own hear one another over real TLS; then one of them misbehaves."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
import rfc8785
from typer.testing import CliRunner

from orchestrator.audit.fakes import FakeSigner
from orchestrator.cli import searching
from orchestrator.cli.commands import app
from orchestrator.core.errors import Invalid, NotPossible, Refused
from orchestrator.transparency.federation.fetching import EVERY
from orchestrator.transparency.federation.model import LASTS, Hub, Kind
from orchestrator.transparency.federation.rules import same_place
from tests.transparency.hubs import LOOPBACK, Installation, Told
from tests.transparency.served import Anything, anything, certificate, listener, portal
from tests.web.world import description, words

BOTH = {"Hospital admissions", "Tumour registrations"}


@pytest.fixture
def served(told: dict[str, Told], tmp_path: Path) -> Iterator[tuple[Installation, Installation, Hub]]:
    """North, and South at an address of its own with TLS; they trust one another."""
    pem, sock = certificate(tmp_path), listener()
    port = sock.getsockname()[1]
    south = told["south"].copied(tmp_path / "south", portal={"port": port, "url": f"https://127.0.0.1:{port}"})
    north = told["north"].copied(tmp_path / "north", harvest={**LOOPBACK, "certificate_authority": str(pem)})
    with portal(south.world.app, sock, pem):
        south.trusts(north)
        hub = north.trusts(south, address=f"https://127.0.0.1:{port}/")
        south.publishes()
        yield north, south, hub
        north.close()
    south.close()


@pytest.fixture
def liar() -> Iterator[Anything]:
    with anything() as server:
        yield server


def test_hubs_hear_one_another_and_their_datasets_are_found_as_theirs(
    served: tuple[Installation, Installation, Hub],
) -> None:
    north, south, hub = served
    south.federation.let_travel(south.world.actor("researcher"), agree=True)
    south.publishes()
    north.clock.now = south.clock.now - timedelta(hours=1)
    north.hears()
    assert north.problems(hub.hub_id) == {"catalogue": "", "register": "", "people": ""}
    assert north.titles() == BOTH
    (found,) = north.federation.recognised(north.world.actor("operator"), north.world.people["researcher"])
    assert found.hub == "Hub South"
    browser = north.world.browser()
    listing = words(browser.get("/datasets?q=tumour&origin=hub").text)
    assert "At Hub South" in listing
    entry = next(each for each in north.federation.shown(hub.hub_id, 9) if each.title == "Tumour registrations")
    page = browser.get(f"/datasets/{entry.entry_id}")
    assert f'href="{hub.address}/datasets/{south.world.datasets["other officer"]}"' in page.text
    assert "cannot be asked for here" in words(page.text)
    assert "Apply for this dataset" not in north.world.browser("researcher").get(f"/datasets/{entry.entry_id}").text
    ours = north.world.datasets["officer"]
    compared = words(browser.get(f"/datasets/compare?with={entry.entry_id}&with={ours}").text)
    assert "Tumour registrations" in compared
    assert "The same" in compared
    assert "last heard" in words(browser.get("/federation").text)
    assert "Tumour registrations" in words(browser.get(f"/federation/{hub.hub_id}").text)


def test_datasets_are_narrowed_to_one_hub_by_page_api_and_command(
    north: Installation, south: Installation, liar: Anything, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = north.trusts(south, address=liar.address)
    liar.says("catalogue", south.document())
    north.hears()
    world, browser = north.world, north.world.browser()
    page = browser.get("/datasets")
    assert "Hub South (2)" in words(page.text)
    assert f'name="hub" type="checkbox" value="{hub.hub_id}"' in page.text
    narrowed = words(browser.get(f"/datasets?hub={hub.hub_id}").text)
    assert "2 datasets." in narrowed
    assert "Hub: Hub South" in narrowed
    assert "0 datasets." in words(browser.get("/datasets?hub=aaaaaaaaaaaaaaaa").text)
    asked = {"chosen": {"hub": [hub.hub_id]}}
    found = world.api().post("/api/v1/catalogue/search", json=asked).json()
    assert {each["entry"]["title"] for each in found["items"]} == BOTH
    assert found["facets"]["hub"] == [{"value": hub.hub_id, "label": "Hub South", "count": 2, "chosen": True}]

    monkeypatch.setattr(searching, "begin_public", lambda _: world.house)
    for value in (hub.hub_id, "hub south"):
        line = ["catalogue", "search", "--facet", f"hub={value}", "--output", "json"]
        told = json.loads(CliRunner().invoke(app, line).stdout)
        assert {each["title"] for each in told["results"]} == BOTH
        assert told["facets"]["hub"][0]["label"] == "Hub South"
    north.federation.revoke(world.actor("operator"), hub.hub_id, "Its key is in wrong hands.")
    assert "Hub South" not in words(browser.get("/datasets").text)


def test_what_is_unchanged_is_answered_in_no_words_and_what_is_withdrawn_goes(
    served: tuple[Installation, Installation, Hub],
) -> None:
    north, south, hub = served
    north.hears()
    taken = {each.kind: each.sequence for each in north.federation.words(hub.hub_id)}
    size = north.world.house.audit.size()
    north.hears()
    assert {each.kind: each.sequence for each in north.federation.words(hub.hub_id)} == taken
    assert north.world.house.audit.size() == size + 2  # it was asked, and the log's head was signed
    assert north.problems(hub.hub_id) == {"catalogue": "", "register": "", "people": ""}
    south.world.house.discovery.withdraw_dataset(
        south.world.actor("officer"), south.world.datasets["officer"], "Wrong data."
    )
    south.publishes()
    gone = next(each for each in north.federation.shown(hub.hub_id, 9) if each.title == "Hospital admissions")
    north.hears()
    assert north.titles() == {"Tumour registrations"}
    assert "names this dataset no more" in words(north.world.browser().get(f"/datasets/{gone.entry_id}").text)


def test_documents_are_public_with_tags_and_people_are_told_to_trusted_hubs_only(
    served: tuple[Installation, Installation, Hub],
) -> None:
    north, south, hub = served
    pem = north.world.house.settings.harvest.certificate_authority
    assert pem is not None
    import ssl

    with httpx.Client(base_url=hub.address, verify=ssl.create_default_context(cafile=str(pem))) as client:
        card = client.get("/federation/card.json").json()
        assert (card["origin"], card["address"]) == (hub.origin, hub.address)
        assert card["fingerprint"] == south.federation.card(card["name"]).fingerprint
        first = client.get("/federation/catalogue.json")
        assert first.headers["cache-control"] == "public, max-age=300"
        tag = first.headers["etag"]
        for sent in (tag, f'"x", {tag}', tag.removeprefix("W/")):
            same = client.get("/federation/catalogue.json", headers={"if-none-match": sent})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert client.get("/federation/catalogue.json", headers={"if-none-match": '"x"'}).content == first.content
        for refused in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}):
            assert client.get("/federation/people.json", headers=refused).status_code == 403
        assert client.get("/federation/secrets.json").status_code == 404
        request = _request(north, north.federation.hub(hub.hub_id))
        told = client.get("/federation/people.json", headers={"authorization": f"Bearer {request}"})
        assert (told.status_code, told.headers["cache-control"]) == (200, "private, no-cache")
        (theirs,) = south.federation.hubs()
        south.federation.revoke(south.world.actor("operator"), theirs.hub_id, "They lost a key.")
        assert client.get("/federation/people.json", headers={"authorization": f"Bearer {request}"}).status_code == 403
    north.hears()
    assert "have not trusted this one" in north.problems(hub.hub_id)["people"]
    assert north.problems(hub.hub_id)["catalogue"] == ""


def _request(asking: Installation, hub: Hub) -> str:
    try:
        asking.federation.request_to(hub)
    except NotPossible:
        asking.sign()
    return asking.federation.request_to(hub)


def test_a_request_counts_for_the_hub_that_it_was_made_for_and_for_two_days(
    north: Installation, south: Installation
) -> None:
    hub = north.trusts(south, address=south.world.house.settings.portal.public_url)
    theirs = south.trusts(north)
    request = _request(north, hub)
    assert south.federation.asker(request).hub_id == theirs.hub_id
    for changed in (
        {"to": "tre/somebody-else"},
        {"valid_until": "2036-01-01T00:00:00.000000Z"},
        {"origin": south.federation.card("S").origin},
        {"more": 1},
    ):
        content = json.loads(base64.urlsafe_b64decode(request))
        content["document"].update(changed)
        forged = base64.urlsafe_b64encode(rfc8785.dumps(content)).decode()
        with pytest.raises(Refused):
            south.federation.asker(forged)
    for broken in ("", "x", "é", "A" * 20_000, base64.urlsafe_b64encode(b"[]").decode()):
        with pytest.raises(Refused):
            south.federation.asker(broken)
    with pytest.raises(Refused):  # a document is no request, although the same key signed it
        south.federation.asker(base64.urlsafe_b64encode(north.document()).decode())
    elsewhere = Hub(**{**vars(hub), "hub_id": "aaaaaaaaaaaaaaaa", "origin": "tre/third"})
    with pytest.raises(Refused, match="another hub"):
        south.federation.asker(_request(north, elsewhere))
    south.clock.advance(timedelta(days=2))
    with pytest.raises(Refused, match="does not count now"):
        south.federation.asker(request)
    north.clock.advance(timedelta(days=1, minutes=1))
    assert _request(north, hub) != request


def test_a_request_shown_where_the_hub_was_said_to_have_moved_opens_nothing_at_the_hub(
    served: tuple[Installation, Installation, Hub], liar: Anything
) -> None:
    """One operator is led to believe that South moved; who answers there shows South what was shown to him."""
    north, south, hub = served
    assert south.federation.asker(_request(north, hub)).name == "Hub North"
    north.federation.move(north.world.actor("operator"), hub.hub_id, liar.address)
    north.hears()
    caught = [headers["authorization"] for path, headers in liar.asked if path == "/federation/people.json"]
    assert caught
    for shown in caught:
        with pytest.raises(Refused, match="shown at another address"):
            south.federation.asker(shown.removeprefix("Bearer "))
    north.federation.move(north.world.actor("operator"), hub.hub_id, hub.address)
    assert south.federation.asker(_request(north, north.federation.hub(hub.hub_id))).name == "Hub North"
    north.hears()
    assert north.problems(hub.hub_id)["people"] == ""


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("https://South.example.org/", True),
        ("https://south.example.org:443", True),
        ("https://south.example.org:8443", False),
        ("http://south.example.org", False),
        ("https://south.example.org.evil.example", False),
        ("https://south.example.org/portal", False),
        ("https://[south", False),
        ("", False),
    ],
)
def test_two_ways_to_write_an_address_are_one_place(shown: str, same: bool) -> None:
    assert same_place(shown, "https://south.example.org") is same
    assert not same_place(shown, "")


def _redirect(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("location", "http://192.168.7.7/federation/catalogue.json")
    handler.send_header("content-length", "0")
    handler.end_headers()


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(3 * 1024):
        handler.wfile.write(b" " * 1024 * 1024)


def _declares_three_gigabytes(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", str(3 * 1024**3))
    handler.end_headers()


def _breaks_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"document":')
    handler.close_connection = True


BAD = {
    "a web page": (None, b"<html>Sign in</html>", "no signed document"),
    "nothing": (None, b"", "no signed document"),
    "nested without end": (None, b"[" * 200_000, "no signed document"),
    "a private address": (_redirect, b"", "not on the public network"),
    "three gigabytes, and says so": (_declares_three_gigabytes, b"", "at most 16,777,216 are read"),
    "three gigabytes, and does not say so": (_endless, b"", "at most 16,777,216 are read"),
    "half": (_breaks_off, b"", "breaks off"),
}


@pytest.mark.parametrize("name", BAD, ids=str)
def test_a_hub_that_answers_anything_else_is_told_of_in_words(
    north: Installation, south: Installation, liar: Anything, name: str
) -> None:
    hub = north.trusts(south, address=liar.address)
    liar.says("catalogue", south.document())
    north.hears()
    assert north.titles() == BOTH
    reply, body, said = BAD[name]
    liar.says("catalogue", body)
    if reply is not None:
        liar.replies["/federation/catalogue.json"] = reply
    north.hears()
    assert said in north.problems(hub.hub_id)["catalogue"]
    assert "endpoint" not in north.problems(hub.hub_id)["catalogue"]
    assert north.titles() == BOTH


def test_a_hub_that_lies_is_not_believed_and_what_was_heard_before_stays(
    north: Installation, south: Installation, liar: Anything
) -> None:
    hub = north.trusts(south, address=liar.address)
    old = south.document()
    south.world.house.discovery.describe_dataset(
        south.world.actor("officer"), south.world.datasets["officer"], description("Ward stays", "North")
    )
    liar.says("catalogue", south.document())
    north.hears()
    now = {"Ward stays", "Tumour registrations"}
    assert north.titles() == now
    forged = json.loads(south.federation.signed(Kind.CATALOGUE))
    forged["document"]["items"][0]["title"] = "Forged"
    for body, said in (
        (old, "does not come back"),
        (rfc8785.dumps(forged), "not what Hub South signed"),
        (south.document(Kind.REGISTER), "the register of Hub South"),
        (north.document(), "one of our own"),
    ):
        liar.says("catalogue", body)
        north.hears()
        assert said in north.problems(hub.hub_id)["catalogue"]
        assert north.titles() == now
    liar.says("catalogue", b"{}", status=304)
    north.hears()
    assert "answered 304" in north.problems(hub.hub_id)["catalogue"]
    page = words(north.world.browser().get("/federation").text)
    assert "answered 304" in page


def test_another_hubs_document_is_refused_at_this_hubs_address(
    north: Installation, south: Installation, told: dict[str, Told], liar: Anything, tmp_path: Path
) -> None:
    hub = north.trusts(south, address=liar.address)
    third = told["north"].copied(tmp_path / "third")
    with third.world.house.record.change() as change:  # a log of another name, with a key of its own
        from orchestrator.audit.store import HeadRow, KeyRow, TreeRow
        from orchestrator.core.events import Event

        change.session.get_one(TreeRow, 1).origin = "tre/third"
        for row in [*change.session.query(HeadRow), *change.session.query(KeyRow)]:
            change.session.delete(row)
        change.tell(Event(kind="test.renamed", actor="system:test", subject="tree:1"))
    third.signer, third.name = FakeSigner(), "Hub Third"
    third.sign()
    other = north.trusts(third)
    liar.says("catalogue", third.document())
    north.hears()
    assert "the catalogue of Hub Third" in north.problems(hub.hub_id)["catalogue"]
    assert north.federation.words(other.hub_id) == []
    third.close()


def test_a_contradiction_is_told_once_however_often_it_is_fetched(
    north: Installation, south: Installation, told: dict[str, Told], liar: Anything, tmp_path: Path
) -> None:
    """The same installation, copied, tells two stories under one name and number."""
    hub = north.trusts(south, address=liar.address)
    other = told["south"].copied(tmp_path / "other")
    other.clock.now = south.clock.now
    other.world.house.discovery.describe_dataset(
        other.world.actor("officer"), other.world.datasets["officer"], description("Told to others", "North")
    )
    north.take(south.document())
    liar.says("catalogue", other.document())
    for _ in range(3):
        north.hears()
        assert "different things to different hubs" in north.problems(hub.hub_id)["catalogue"]
    assert north.told("hub.contradicted") == 2  # operators
    assert north.titles() == BOTH
    other.close()


def test_new_keys_hide_what_the_old_ones_signed_until_the_hub_is_heard_again(
    north: Installation, south: Installation, liar: Anything
) -> None:
    hub = north.trusts(south, address=liar.address)
    liar.says("catalogue", south.document(), etag='W/"1"')
    north.hears()
    old, south.signer = south.signer, FakeSigner()
    keys = {2: south.signer.public_keys()[1]}
    assert old.public_keys()[1] != keys[2]
    south.signer.sign, south.signer.public_keys = _as_second(south.signer), lambda: keys  # type: ignore[assignment, method-assign]
    south.clock.advance(timedelta(days=5))
    liar.says("catalogue", south.document(), etag='W/"2"')
    north.clock.advance(timedelta(days=5))
    north.hears()
    assert "not made by the record key" in north.problems(hub.hub_id)["catalogue"]
    assert north.titles() == BOTH
    card = south.federation.card("Hub South")
    north.federation.trust(north.world.actor("operator"), origin=card.origin, name="S", keys={2: keys[2]})
    north.confirm(hub.hub_id)
    assert north.titles() == set()
    north.hears()
    assert north.titles() == BOTH
    assert liar.asked[-1][1].get("if-none-match") is None


def _as_second(signer: FakeSigner) -> Callable[[bytes], str]:
    sign = signer.sign
    return lambda message: sign(message).replace("vault:v1:", "vault:v2:")


def test_a_silent_hub_is_marked_after_a_day_told_of_once_and_fades_with_its_word(
    north: Installation, south: Installation, liar: Anything
) -> None:
    hub = north.trusts(south, address=liar.address)
    liar.says("catalogue", south.document(), etag='W/"1"')
    north.hears()
    liar.says("catalogue", b"", status=503)
    for _ in range(3):
        north.hears()
    assert north.told("hub.silent") == 0
    north.clock.advance(timedelta(days=1))
    for _ in range(2):
        north.hears()
    (entry, *_) = north.federation.shown(hub.hub_id, 1)
    assert "Silent" in words(north.world.browser().get("/federation").text)
    assert "not answered for more than a day" in words(north.world.browser().get(f"/datasets/{entry.entry_id}").text)
    silent = [feed.kind for feed in north.federation.feeds(hub.hub_id) if feed.silent(north.clock())]
    assert silent == [Kind.CATALOGUE]  # of the others it says that it publishes none
    assert north.told("hub.silent") == 2  # operators
    north.clock.advance(LASTS)
    north.hubs.enter()
    assert north.titles() == set()
    liar.says("catalogue", south.document())
    assert "hub" in north.problems(hub.hub_id)["catalogue"]


def test_a_hub_is_asked_again_after_pauses_that_grow(north: Installation, south: Installation, liar: Anything) -> None:
    hub = north.trusts(south, address=liar.address)
    liar.says("register", b"", status=503)
    north.hears()
    liar.asked.clear()
    north.hubs.ask()
    assert liar.asked == []
    pauses = []
    for _ in range(9):
        (feed,) = (each for each in north.federation.feeds(hub.hub_id) if each.kind is Kind.REGISTER)
        assert feed.due_at is not None
        pauses.append(feed.due_at - (feed.asked_at or feed.due_at))
        north.clock.now = max(north.clock.now, feed.due_at)
        north.hubs.ask()
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(minutes=1), EVERY)
    north.federation.ask_now(north.world.actor("operator"), hub.hub_id)
    liar.asked.clear()
    north.hubs.ask()
    assert {path for path, _ in liar.asked} >= {"/federation/catalogue.json", "/federation/register.json"}


def test_revoking_hides_everything_in_the_same_moment(north: Installation, south: Installation, liar: Anything) -> None:
    hub = north.trusts(south, address=liar.address)
    liar.says("catalogue", south.document())
    north.hears()
    entry = north.federation.shown(hub.hub_id, 1)[0]
    north.federation.revoke(north.world.actor("operator"), hub.hub_id, "Its key is in wrong hands.")
    assert north.titles() == set()
    assert "its word does not count here now" in words(north.world.browser().get(f"/datasets/{entry.entry_id}").text)
    liar.asked.clear()
    north.hears()
    assert liar.asked == []
    with pytest.raises(NotPossible):
        north.federation.ask_now(north.world.actor("operator"), hub.hub_id)
    with pytest.raises(NotPossible):
        north.federation.move(north.world.actor("operator"), hub.hub_id, liar.address)


def test_what_an_operator_took_out_stays_out_and_what_cannot_be_read_is_counted(
    north: Installation, south: Installation, liar: Anything, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = north.trusts(south, address=liar.address)
    from orchestrator.transparency.federation import contents

    compose = contents.compose

    def composed(*given: object) -> list[dict[str, object]]:
        items = compose(*given)  # type: ignore[arg-type]
        broken: dict[str, object] = {}
        for _ in range(200):
            broken = {"summary": broken}
        return [{**items[0], "dataset": "aaaaaaaaaaaaaaaa", "title": "Deep", "description": broken}, *items]

    monkeypatch.setattr(contents, "compose", composed)
    liar.says("catalogue", south.document())
    north.hears()
    (feed,) = (each for each in north.federation.feeds(hub.hub_id) if each.kind is Kind.CATALOGUE)
    shown = {each.title for each in north.federation.shown(hub.hub_id, 9)}
    assert (shown, feed.left_out) == (BOTH, 1)
    assert "1 of its datasets cannot be read" in words(north.world.browser().get("/federation").text)
    entry = next(each for each in north.federation.shown(hub.hub_id, 9) if each.title == "Tumour registrations")
    catalogue = north.world.house.catalogue
    with pytest.raises(Refused):
        catalogue.withdraw_entry(north.world.actor("officer"), entry.entry_id, "Not ours.")
    catalogue.withdraw_entry(north.world.actor("operator"), entry.entry_id, "It misleads people.")
    south.clock.advance(timedelta(days=4))
    north.clock.advance(timedelta(days=4))
    liar.says("catalogue", south.document())
    north.hears()
    assert "Tumour registrations" not in north.titles()


@pytest.mark.parametrize(
    "address",
    ["ftp://south.example.org", "https://", "https://a:b@south.example.org", "https://x/?q=1", "south", "https://x:22"],
)
def test_an_address_that_cannot_be_a_hubs_is_refused(north: Installation, south: Installation, address: str) -> None:
    card = south.federation.card("Hub South")
    with pytest.raises(Invalid) as refused:
        north.federation.trust(
            north.world.actor("operator"), origin=card.origin, name="S", keys=card.keys, address=address
        )
    assert refused.value.field == "address"
    assert "endpoint" not in refused.value.message


def test_only_operators_say_where_hubs_are(north: Installation, south: Installation) -> None:
    hub = north.trusts(south)
    for name in ("officer", "researcher", "checker"):
        with pytest.raises(Refused):
            north.federation.move(north.world.actor(name), hub.hub_id, "https://south.example.org")
        with pytest.raises(Refused):
            north.federation.ask_now(north.world.actor(name), hub.hub_id)
    moved = north.federation.move(north.world.actor("operator"), hub.hub_id, "https://south.example.org/")
    assert moved.address == "https://south.example.org"


def test_nothing_is_published_before_somebody_listens_and_then_what_changed_within_the_hour(
    south: Installation, north: Installation
) -> None:
    south.publishes()
    assert south.world.browser().get("/federation/catalogue.json").status_code == 404
    south.trusts(north)
    assert south.hubs.publish() == len(Kind)
    assert south.world.browser().get("/federation/catalogue.json").status_code == 404  # no head covers it yet
    south.sign()
    first = south.federation.published(Kind.CATALOGUE)
    south.clock.advance(timedelta(hours=1))
    assert south.hubs.publish() == 0
    south.world.house.discovery.withdraw_dataset(
        south.world.actor("officer"), south.world.datasets["officer"], "Wrong data."
    )
    assert south.hubs.publish() == 0
    south.clock.advance(timedelta(hours=1))
    assert south.hubs.publish() == 1
    assert south.federation.published(Kind.CATALOGUE) == first  # until the newer one is signed
    south.sign()
    second = south.federation.published(Kind.CATALOGUE)
    assert second.sha256 != first.sha256
    south.clock.advance(LASTS)
    assert south.world.browser().get("/federation/catalogue.json").status_code == 404
