"""The alliance's pages: everybody sees who is accredited; its people go through the checklist, join and leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.alliance.accreditation.checklist import Subject
from tests.web.test_escaping import CANARY, check_harmless
from tests.web.world import World, day, moment, words


def case_of(world: World) -> str:
    service, custodian = world.house.accreditation, world.custodians["officer"]
    return service.open_case(world.actor("officer"), Subject.CUSTODIAN, custodian).case_id


def test_a_custodian_is_accredited_on_pages_by_its_officer_and_two_operators(world: World) -> None:
    officer, olga, omar = world.browser("officer"), world.browser("operator"), world.browser("second operator")
    fields = {"subject": "custodian", "body": world.custodians["officer"]}
    here = officer.submit("/alliance/cases", page="/alliance", **fields).headers["location"].partition("?")[0]
    assert officer.submit(f"{here}/submit", page=here).status_code == 409
    for item in world.house.accreditation.checklists[Subject.CUSTODIAN].items:
        given = {"item": item.key, "reference": "In our files", "until": day(200).isoformat()}
        assert officer.submit(f"{here}/evidence", page=here, **given).status_code == 303
    assert officer.submit(f"{here}/submit", page=here).status_code == 303
    case = world.house.accreditation.case(world.actor("operator"), here.rpartition("/")[2])
    for each in case.evidence:
        path = f"/alliance/evidence/{each.evidence_id}"
        assert officer.submit(path, page=here, answer="verify").status_code == 403
        assert olga.submit(path, page=here, answer="verify").status_code == 303
    assert olga.submit(f"{here}/recommend", page=here).status_code == 303
    assert olga.submit(f"{here}/confirm", page=here).status_code == 403
    assert omar.submit(f"{here}/confirm", page=here).status_code == 303
    assert "North Hospital Trust Accredited" in words(world.browser().get("/alliance").text)


def test_a_case_is_nobody_elses_business_on_pages(world: World) -> None:
    here = f"/alliance/cases/{case_of(world)}"
    for name in ("researcher", "other officer", "checker"):
        browser = world.browser(name)
        assert browser.get(here).status_code == 404
        for step in ("submit", "withdraw", "recommend", "confirm", "suspend", "end", "refuse", "return"):
            assert browser.submit(f"{here}/{step}", page="/alliance", reason="Because.").status_code == 404, step
    assert world.browser().get(here).status_code == 303
    assert world.browser("officer").submit(f"{here}/nothing", page=here).status_code == 422


@pytest.mark.parametrize(
    "fields",
    [
        {"item": "terms", "reference": "", "until": "2099-01-01"},
        {"item": "terms", "reference": "Ours", "until": "soon"},
        {"item": "nothing", "reference": "Ours", "until": "2099-01-01"},
        {"item": "terms", "reference": "Ours", "until": "2001-01-01"},
    ],
)
def test_bad_evidence_is_shown_again_with_its_problem(world: World, fields: dict[str, str]) -> None:
    here = f"/alliance/cases/{case_of(world)}"
    answer = world.browser("officer").submit(f"{here}/evidence", page=here, **fields)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text


def test_conditions_are_published_by_two_and_accepted_by_an_officer(world: World) -> None:
    olga, omar, officer = world.browser("operator"), world.browser("second operator"), world.browser("officer")
    fields = {"text": "We keep to the ten standards.", "from": day(2).isoformat()}
    assert olga.submit("/alliance/conditions", page="/alliance", **fields | {"from": "x"}).status_code == 422
    assert officer.submit("/alliance/conditions", page="/alliance", **fields).status_code == 403
    assert olga.submit("/alliance/conditions", page="/alliance", **fields).status_code == 303
    assert olga.submit("/alliance/conditions/1/publish", page="/alliance").status_code == 403
    assert omar.submit("/alliance/conditions/1/publish", page="/alliance").status_code == 303
    assert "We keep to the ten standards." in words(world.browser().get("/alliance").text)
    mine, other = world.custodians["officer"], world.custodians["other officer"]
    assert officer.submit("/alliance/conditions/1/accept", page="/alliance", custodian=other).status_code == 403
    assert officer.submit("/alliance/conditions/1/accept", page="/alliance", custodian=mine).status_code == 303
    assert world.house.onboarding.joined(mine).conditions_accepted == 1


def test_leaving_is_announced_confirmed_told_to_everybody_and_taken_back(world: World) -> None:
    officer, olga = world.browser("officer"), world.browser("operator")
    fields = {"custodian": world.custodians["officer"], "last_day": day(20).isoformat(), "reason": "We merge."}
    bad = officer.submit("/alliance/departures", page="/alliance", **fields | {"reason": ""})
    assert bad.status_code == 422
    assert officer.submit("/alliance/departures", page="/alliance", **fields).status_code == 303
    departure = world.house.onboarding.joined(world.custodians["officer"]).departure
    path = f"/alliance/departures/{departure.departure_id}"
    assert officer.submit(f"{path}/confirm", page="/alliance").status_code == 403
    assert world.browser("researcher").submit(f"{path}/confirm", page="/alliance").status_code == 404
    assert olga.submit(f"{path}/confirm", page="/alliance").status_code == 303
    assert "grants nothing new" in words(world.browser().get("/alliance").text)
    assert officer.submit(f"{path}/withdraw", page="/alliance").status_code == 303
    assert "grants nothing new" not in words(world.browser().get("/alliance").text)


def test_words_of_the_alliance_are_escaped(world: World) -> None:
    house, olga = world.house, world.actor("operator")
    house.accreditation.register_hub(olga, CANARY)
    made = house.onboarding.propose_conditions(olga, CANARY, moment(1))
    check_harmless(world.browser("operator").get("/alliance").text)
    house.onboarding.publish_conditions(world.actor("second operator"), made.version)
    house.onboarding.announce_departure(world.actor("officer"), world.custodians["officer"], moment(9), CANARY)
    check_harmless(world.browser("officer").get("/alliance").text)
    case = case_of(world)
    house.accreditation.give_evidence(
        world.actor("officer"), case, "terms", CANARY, house.record.clock() + timedelta(days=3)
    )
    check_harmless(world.browser("operator").get(f"/alliance/cases/{case}").text)
