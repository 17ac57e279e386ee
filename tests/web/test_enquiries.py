"""Asking the hub on the portal: with an account and without, answered by name, and on to an application."""

from __future__ import annotations

import pytest

from orchestrator.access.enquiries.model import OfferKind
from tests.web.test_escaping import CANARY, check_harmless
from tests.web.world import World, _role, words

QUESTION = "How many people were admitted to hospital last winter?"


def with_concierge(world: World) -> World:
    made = world.house.identity.register_person(
        world.actor("operator"), "Connie Concierge", "connie@example.org", "development", "connie"
    )
    world.people["concierge"] = made.person_id
    _role(world, "concierge", "concierge")
    return world


def test_from_a_question_to_a_draft_in_three_clicks(world: World) -> None:
    with_concierge(world)
    rosa, connie = world.browser("researcher"), world.browser("concierge")
    answer = rosa.submit("/enquiries", page="/enquiries", question=QUESTION, organisation="Institute")
    here = answer.headers["location"].partition("?")[0]
    text = words(rosa.get(here).text)
    assert "Hospital admissions" in text
    assert "Its title fits: Hospital admissions." in text
    assert "Nobody of the hub has taken it yet" in text
    assert QUESTION in words(connie.get("/enquiries").text)
    assert "1 enquiry To answer." in words(connie.get("/").text)
    assert connie.submit(f"{here}/take", page=here).status_code == 303
    words_of_hub = "The North Hospital Trust can help you."
    assert connie.submit(f"{here}/answer", page=here, text=words_of_hub).status_code == 303
    text = words(rosa.get(here).text)
    assert "Connie Concierge answers for the hub" in text
    assert words_of_hub in text
    drafted = rosa.submit(f"{here}/apply", page=here, datasets=world.datasets["officer"])
    assert drafted.status_code == 303
    form = rosa.get(drafted.headers["location"])
    assert form.status_code == 200
    assert QUESTION in words(form.text)
    assert "Go to the application" in words(rosa.get(here).text)


def test_a_stranger_asks_reads_the_answer_and_takes_it_over_once_signed_in(world: World) -> None:
    with_concierge(world)
    stranger, connie = world.browser(), world.browser("concierge")
    answer = stranger.submit("/enquiries", page="/enquiries", question=QUESTION)
    here = answer.headers["location"].partition("?")[0]
    assert here.startswith("/asked/")
    assert "Keep the address" in words(stranger.get(here).text)
    enquiry = world.house.enquiries.enquiries(world.actor("concierge"))[0].enquiry_id
    connie.submit(f"/enquiries/{enquiry}/answer", page=f"/enquiries/{enquiry}", text="We have admissions.")
    assert "We have admissions." in words(stranger.get(here).text)
    assert stranger.submit(f"{here}/more", page=here, text="Since when?").status_code == 303
    assert stranger.submit(f"{here}/adopt", page=here).headers["location"] == "/sign-in"
    rosa = world.browser("researcher")
    mine = rosa.submit(f"{here}/adopt", page=here)
    assert mine.headers["location"].startswith(f"/enquiries/{enquiry}")
    assert stranger.get(here).status_code == 404
    assert "Since when?" in words(rosa.get(f"/enquiries/{enquiry}").text)


def test_enquiries_are_nobody_elses_business_on_pages_too(world: World) -> None:
    with_concierge(world)
    made = world.house.enquiries.ask(world.actor("researcher"), QUESTION)
    here = f"/enquiries/{made.enquiry_id}"
    for name in ("colleague", "officer", "checker"):
        browser = world.browser(name)
        assert browser.get(here).status_code == 404
        assert QUESTION not in browser.get("/enquiries").text
        for act in ("take", "more", "close", "answer", "suggest", "apply", "wish", "pass"):
            fields = {"text": "Let me.", "dataset": world.datasets["officer"], "reason": "Why not.", "topic": "Hearts"}
            fields |= {"datasets": world.datasets["officer"], "person": world.people["concierge"]}
            assert browser.submit(f"{here}/{act}", page="/enquiries", **fields).status_code == 404, act
    assert world.browser().get(here).status_code == 303


@pytest.mark.parametrize(
    "fields", [{"question": ""}, {"question": "x" * 4001}, {"question": QUESTION, "offer": "aaaaaaaaaaaaaaaa"}]
)
def test_a_bad_question_is_shown_again_with_its_problem(world: World, fields: dict[str, str]) -> None:
    for browser in (world.browser(), world.browser("researcher")):
        answer = browser.submit("/enquiries", page="/enquiries", **fields)
        assert answer.status_code == 422
        assert "There is a problem" in answer.text


@pytest.mark.parametrize("secret", ["x" * 43, "x", "../../etc/passwd", "%00" * 20, "a" * 500])
def test_a_guessed_address_shows_nothing(shared: World, secret: str) -> None:
    assert shared.browser().get(f"/asked/{secret}").status_code == 404


def test_an_offer_is_published_by_an_operator_only_and_asked_for(world: World) -> None:
    fields = {"kind": "curation", "title": "Disease registers", "description": "We make registers."}
    assert world.browser("researcher").submit("/offers", page="/enquiries", **fields).status_code == 403
    operator = world.browser("operator")
    assert operator.submit("/offers", page="/enquiries", **fields | {"title": ""}).status_code == 422
    assert operator.submit("/offers", page="/enquiries", **fields).status_code == 303
    (offer,) = world.house.enquiries.offers()
    page = world.browser().get(f"/enquiries?offer={offer.offer_id}").text
    assert f'value="{offer.offer_id}" selected' in page
    assert operator.submit(f"/offers/{offer.offer_id}/withdraw", page="/enquiries").status_code == 303
    assert "Disease registers" not in world.browser().get("/enquiries").text


def test_every_word_of_an_enquiry_is_escaped(world: World) -> None:
    with_concierge(world)
    service, connie = world.house.enquiries, world.actor("concierge")
    offer = service.publish_offer(world.actor("operator"), OfferKind.ANALYTICS, CANARY[:100], CANARY)
    made = service.ask(world.actor("researcher"), CANARY, organisation=CANARY, offer_id=offer.offer_id)
    service.suggest(connie, made.enquiry_id, world.datasets["officer"], CANARY)
    service.answer(connie, made.enquiry_id, CANARY)
    for name in ("researcher", "concierge", "operator"):
        check_harmless(world.browser(name).get(f"/enquiries/{made.enquiry_id}").text)
    service.close(connie, made.enquiry_id, CANARY)
    check_harmless(world.browser("researcher").get(f"/enquiries/{made.enquiry_id}").text)
    check_harmless(world.browser("researcher").get("/enquiries").text)
