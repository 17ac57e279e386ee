"""Pages of terms of use, purposes, evidence, rules and visas: the whole way, refusals in words, hostile words shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from orchestrator.adapters.visas import make_key
from tests.web.test_escaping import CANARY, check_harmless
from tests.web.world import World, answers, day, make_world, words

LATER = str(day(100))


def piece(world: World, who: str = "researcher", **fields: str) -> str:
    """Bring an assessment on the page of the running project's application and return its address."""
    browser, here = world.browser(who), f"/applications/{world.application}/evidence"
    sent = {"kind": "dpia", "reference": "D-1", "valid_from": str(day(-1)), "valid_until": LATER} | fields
    answer = browser.submit(here, page=here, **sent)
    assert answer.status_code == 303, words(answer.text)
    found = world.house.evidence.of_application(world.actor("operator"), world.application)
    return f"/evidence/{found[0].evidence_id}"


# ---- terms of use ----------------------------------------------------------------------------------------------------


def test_an_officer_publishes_terms_of_use_and_everybody_reads_them(world: World) -> None:
    here = f"/datasets/{world.datasets['officer']}/terms"
    assert "published no terms of use" in words(world.browser().get(here).text)
    officer = world.browser("officer")
    answer = officer.submit(here, page=here, clauses="HMB\nGS=GB\nNCU # after review")
    assert answer.status_code == 303
    text = words(world.browser().get(here).text)
    for said in ("HMB", "No commercial use.", "after review", "Version 1"):
        assert said in text
    assert "<textarea" not in world.browser("other officer").get(here).text
    assert "<textarea" in officer.get(here).text
    dataset = world.browser().get(here.removesuffix("/terms")).text
    assert here in dataset
    shown = words(dataset)
    assert "Use within the named regions only (GS): GB" in shown[shown.index("May be used for") :][:300]
    assert "No commercial use (NCU)" in shown
    assert "DUO:" not in shown


def test_what_cannot_be_read_comes_back_with_the_form(world: World) -> None:
    here = f"/datasets/{world.datasets['officer']}/terms"
    answer = world.browser("officer").submit(here, page=here, clauses="HMB\nXYZ")
    assert answer.status_code == 422
    assert "XYZ" in answer.text
    assert "is no code of use" in answer.text
    assert world.house.uses.current(world.datasets["officer"]) is None


def test_others_do_not_publish(world: World) -> None:
    here = f"/datasets/{world.datasets['officer']}/terms"
    for who in ("other officer", "operator", "researcher"):
        answer = world.browser(who).submit(here, clauses="HMB")
        assert answer.status_code == 403, who
    assert world.browser().get("/datasets/aaaaaaaaaaaaaaaa/terms").status_code == 404


def test_the_codes_are_explained_to_everybody(shared: World) -> None:
    text = words(shared.browser().get("/codes-of-use").text)
    assert "TRE:NO-AI-TRAINING" in text
    assert "None is imported" in text


# ---- purposes --------------------------------------------------------------------------------------------------------


def test_a_purpose_is_declared_and_answered_dataset_by_dataset(world: World) -> None:
    for key, clauses in (("officer", "HMB\nNCU"), ("other officer", "POA")):
        here = f"/datasets/{world.datasets[key]}/terms"
        world.browser(key).submit(here, page=here, clauses=clauses)
    draft = world.house.access.draft(
        world.actor("researcher"), answers(world, "Another question"), list(world.datasets.values())
    )
    here = f"/applications/{draft.application_id}/purpose"
    browser = world.browser("researcher")
    answer = browser.submit(here, page=here, uses="DUO:0000006", commercial="no", links="yes")
    assert answer.status_code == 303, words(answer.text)
    text = words(browser.get(here).text)
    assert "Permitted" in text
    assert "Not permitted" in text
    assert "South Cancer Registry" in text
    world.house.access.submit(world.actor("researcher"), draft.application_id)
    own = words(world.browser("officer").get(here).text)
    assert "Hospital admissions" in own
    assert "Tumour registrations" not in own
    assert "South Cancer Registry" not in own
    assert "Declare the purpose" not in own
    assert browser.submit(here, page=here, uses="DUO:0000042").status_code == 409


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"diseases": "cancer"}, "no code of a disease"),
        ({"regions": "Scotland"}, "no region"),
        ({"months": "many"}, "whole number"),
        ({"uses": "NCU"}, "no kind of use"),
        ({"publishes_from": "soon"}, "date such as"),
    ],
)
def test_a_purpose_that_cannot_be_judged_comes_back(world: World, fields: dict[str, str], said: str) -> None:
    draft = world.house.access.draft(world.actor("researcher"), answers(world), [world.datasets["officer"]])
    here = f"/applications/{draft.application_id}/purpose"
    answer = world.browser("researcher").submit(here, page=here, words="Kept words", **fields)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert "Kept words" in answer.text
    assert world.house.data_uses.purpose(world.actor("researcher"), draft.application_id) is None


# ---- evidence --------------------------------------------------------------------------------------------------------


def test_evidence_is_brought_verified_and_revoked_and_the_grant_follows(world: World) -> None:
    officer, custodian = world.browser("officer"), world.custodians["officer"]
    here = f"/custodians/{custodian}"
    terms = {"text": "New terms.", "valid_until": LATER, "checkers_needed": "2", "minimum_count": "10"}
    assert officer.submit(f"{here}/terms", page=here, evidence="dpia", **terms).status_code == 303
    world.house.alliance.accept_terms(world.actor("researcher"), custodian, 2)
    researcher, project = world.browser("researcher"), f"/projects/{world.project}"
    assert "ask for a verified data protection impact assessment" in words(researcher.get(project).text)
    asked = words(researcher.get(f"/applications/{world.application}/evidence").text)
    assert "North Hospital Trust: data protection impact assessment Missing" in asked
    made = piece(world)
    operator = world.browser("operator")
    assert "1 document" in words(operator.get("/").text)
    assert made in operator.get("/evidence").text
    assert operator.submit(f"{made}/verify", page=made).status_code == 303
    assert "Does not hold" not in words(researcher.get(project).text)
    assert operator.submit(f"{made}/revoke", page=made, reason="It was withdrawn.").status_code == 303
    assert "Does not hold" in words(researcher.get(project).text)
    assert "It was withdrawn." in words(researcher.get(made).text)


def test_nobody_verifies_his_own_and_custodians_see_their_own(world: World) -> None:
    made = piece(world, kind="contract", custodian_id=world.custodians["officer"])
    researcher = world.browser("researcher")
    assert "Verify it" not in words(researcher.get(made).text)
    assert researcher.submit(f"{made}/verify", page=made).status_code == 403
    assert world.browser("other officer").get(made).status_code == 404
    assert world.browser("stranger").get(made).status_code == 404
    assert made not in world.browser("other officer").get(f"/applications/{world.application}/evidence").text
    assert world.browser("officer").submit(f"{made}/verify", page=made).status_code == 303
    assert researcher.submit(f"{made}/take-back", page=made).status_code == 409
    assert researcher.submit(f"{made}/nonsense", page=made).status_code == 422


def test_an_organisations_evidence_is_relied_on(world: World) -> None:
    browser, here = world.browser("researcher"), "/evidence"
    sent = {"kind": "dspt", "reference": "8AB12", "valid_from": str(day(-1)), "valid_until": LATER}
    answer = browser.submit(here, page=here, organisation="Institute of Health", **sent)
    assert answer.status_code == 303, words(answer.text)
    made = answer.headers["location"].partition("?")[0].removeprefix("/evidence/")
    page = f"/applications/{world.application}/evidence"
    rely = f"/applications/{world.application}/rely"
    assert browser.submit(rely, page=page, evidence=made).status_code == 303
    assert "Institute of Health" in words(browser.get(page).text)
    answer = browser.submit(here, page=here, organisation="", **sent)
    assert answer.status_code == 422
    other = browser.submit(here, page=here, organisation="Elsewhere", **sent).headers["location"].partition("?")[0]
    answer = browser.submit(rely, page=page, evidence=other.removeprefix("/evidence/"))
    assert answer.status_code == 422
    assert "takes no part in this research" in words(answer.text)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"valid_until": str(day(-2))}, "lies before the first"),
        ({"reference": " "}, "Enter the reference"),
        ({"kind": "dspt"}, "Choose a kind"),
        ({"kind": "contract"}, "say with which"),
        ({"file_sha256": "abc"}, "no SHA-256"),
    ],
)
def test_evidence_that_makes_no_sense_comes_back(world: World, fields: dict[str, str], said: str) -> None:
    browser, here = world.browser("researcher"), f"/applications/{world.application}/evidence"
    sent = {"kind": "dpia", "reference": "D-1", "valid_from": str(day(-1)), "valid_until": LATER} | fields
    answer = browser.submit(here, page=here, **sent)
    assert answer.status_code == 422
    assert said in words(answer.text)


# ---- rules -----------------------------------------------------------------------------------------------------------


def test_a_projects_rules_name_who_set_them_and_an_officer_sees_his_own(world: World) -> None:
    here = f"/projects/{world.project}/rules"
    terms = f"/datasets/{world.datasets['officer']}/terms"
    world.browser("officer").submit(terms, page=terms, clauses="HMB\nTS=24")
    text = words(world.browser("researcher").get(here).text)
    assert "2 people check every result." in text
    assert "Use for the named number of months at most: 24. North Hospital Trust for Hospital admissions" in text
    assert "No terms of use in codes: Tumour registrations." in text
    own = words(world.browser("other officer").get(here).text)
    assert "North Hospital Trust" not in own
    assert "Hospital admissions" not in own
    assert world.browser("stranger").get(here).status_code == 404


def test_hostile_words_are_shown_as_words(world: World) -> None:
    here = f"/datasets/{world.datasets['officer']}/terms"
    world.browser("officer").submit(here, page=here, clauses=f"HMB # {CANARY}")
    check_harmless(world.browser().get(here).text)
    check_harmless(world.browser("researcher").get(f"/projects/{world.project}/rules").text)
    made = piece(world, reference=CANARY)
    operator = world.browser("operator")
    for path in (made, "/evidence", f"/applications/{world.application}/evidence"):
        check_harmless(operator.get(path).text)
    operator.submit(f"{made}/reject", page=made, reason=CANARY)
    check_harmless(operator.get(made).text)
    draft = world.house.access.draft(world.actor("researcher"), answers(world), [world.datasets["officer"]])
    page = f"/applications/{draft.application_id}/purpose"
    browser = world.browser("researcher")
    browser.submit(page, page=page, uses="DUO:0000006", words=CANARY)
    check_harmless(browser.get(page).text)


# ---- visas -----------------------------------------------------------------------------------------------------------


def test_without_settings_no_visa_is_taken_or_issued(shared: World) -> None:
    browser = shared.browser("researcher")
    text = words(browser.get("/account/visas").text)
    assert "trusts no issuer of visas" in text
    assert "issues no visas" in text
    assert shared.browser().get("/visas/keys").json() == {"keys": []}
    assert browser.submit("/account/visas", page="/account", visas="a.b.c").status_code == 422
    assert browser.submit("/account/visas/issue", page="/account").status_code == 409


def test_visas_are_issued_and_taken_between_two_installations(tmp_path: Path) -> None:
    make_key(tmp_path / "visas.pem")
    broker = RSAKey.generate_key(2048, {"kid": "broker"})
    keys = tmp_path / "broker.json"
    keys.write_text(json.dumps({"keys": [broker.as_dict(private=False)]}))
    trusted = [{"issuer": "development", "keys_file": str(keys), "types": ["ResearcherStatus"], "accredits": True}]
    world = make_world(tmp_path / "state", visas={"trusted": trusted, "key_file": str(tmp_path / "visas.pem")})
    browser = world.browser("researcher")
    answer = browser.submit("/account/visas/issue", page="/account/visas")
    assert answer.status_code == 200
    found = [part for part in words(answer.text).split() if part.count(".") == 2 and part.startswith("ey")]
    assert len(found) == 2
    published = KeySet.import_key_set(world.browser().get("/visas/keys").json())
    assert all(jwt.decode(each, published, algorithms=["ES256"]).claims["iss"].startswith("http") for each in found)
    now = int(world.house.record.clock().timestamp())
    visa = {"type": "ResearcherStatus", "asserted": now, "value": "https://doi.org/x", "by": "so"}
    visa["source"] = "https://university.example"
    claims = {"iss": "development", "sub": "stranger", "iat": now, "exp": now + 3600, "ga4gh_visa_v1": visa}
    token = jwt.encode({"alg": "RS256", "kid": "broker"}, claims, broker)
    stranger = world.browser("stranger")
    assert stranger.submit("/account/visas", page="/account/visas", visas=token).status_code == 303
    assert "accredits you" in words(stranger.get("/account/visas").text)
    assert world.house.identity.standing(world.people["stranger"]).accredited_until is not None
    refused = browser.submit("/account/visas", page="/account/visas", visas=token)
    assert refused.status_code == 422
    assert "somebody else" in words(refused.text)
    (taken,) = world.house.visas.visas(world.actor("stranger"), world.people["stranger"])
    person = f"/people/{world.people['stranger']}"
    assert "Visa ResearcherStatus of development" in words(world.browser("operator").get(person).text)
    end = f"/account/visas/{taken.visa_id}/end"
    assert browser.submit(end, page="/account/visas").status_code == 404
    operator = world.browser("operator")
    assert browser.submit(f"{person}/visas/{taken.visa_id}/end").status_code == 403
    assert operator.submit(f"{person}/visas/{taken.visa_id}/end", page=person).status_code == 303
    assert stranger.submit(end, page="/account/visas").status_code == 409
    assert world.house.identity.standing(world.people["stranger"]).accredited_until is None
    world.house.record.engine.dispose()
