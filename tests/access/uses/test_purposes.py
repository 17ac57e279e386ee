"""A purpose is declared by the applicant, frozen with the application, and answered dataset by dataset."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.access.model import PartState
from orchestrator.alliance.uses.model import Purpose, Verdict
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from tests import deciding
from tests.access.uses.conftest import Uses

FULL = Purpose(
    uses=("HMB", "DS"),
    diseases=("MONDO:0005105",),
    commercial=False,
    links=True,
    publishes_from=date(2027, 3, 1),
    regions=("GB",),
    words="To learn which care helps.",
)


def verdicts(uses: Uses, application_id: str, who: str = "lead") -> dict[str, Verdict]:
    found = uses.service.assessments(uses.world.actor(who), application_id)
    return {each.title.removeprefix("Dataset "): each.assessment.verdict for each in found}


def test_a_purpose_is_kept_in_versions_as_it_was_said(uses: Uses) -> None:
    application_id = uses.draft()
    lead = uses.world.actor("lead")
    assert uses.service.purpose(lead, application_id) is None
    first = uses.service.declare(lead, application_id, FULL)
    assert uses.service.purpose(lead, application_id) == first
    assert first.purpose.uses == ("DUO:0000006", "DUO:0000007")
    assert first.purpose.publishes_from == date(2027, 3, 1)
    second = uses.service.declare(lead, application_id, Purpose(uses=("CC",)))
    assert (first.version, second.version) == (1, 2)
    assert uses.service.purpose(lead, application_id) == second


def test_only_the_applicant_declares_and_only_those_concerned_look(uses: Uses) -> None:
    application_id = uses.draft()
    for who in ("stranger", "officer_a", "operator"):
        with pytest.raises(NotFound):
            uses.service.declare(uses.world.actor(who), application_id, FULL)
        with pytest.raises(NotFound):
            uses.service.purpose(uses.world.actor(who), application_id)
        with pytest.raises(NotFound):
            uses.service.assessments(uses.world.actor(who), application_id)
    with pytest.raises(Refused):
        uses.service.declare(uses.world.actor("member"), application_id, FULL)
    with pytest.raises(NotFound):
        uses.service.declare(uses.world.actor("lead"), "aaaaaaaaaaaaaaaa", FULL)


def test_a_submitted_purpose_is_frozen(uses: Uses) -> None:
    application_id = uses.draft()
    lead = uses.world.actor("lead")
    uses.service.declare(lead, application_id, FULL)
    uses.world.access.submit(lead, application_id)
    with pytest.raises(NotPossible, match="frozen"):
        uses.service.declare(lead, application_id, Purpose(uses=("GRU",)))
    found = uses.service.purpose(uses.world.actor("officer_a"), application_id)
    assert found is not None
    assert found.version == 1


def test_bad_input_is_refused_and_nothing_is_kept(uses: Uses) -> None:
    application_id = uses.draft()
    lead = uses.world.actor("lead")
    with pytest.raises(Invalid):
        uses.service.declare(lead, application_id, Purpose(uses=("NCU",)))
    assert uses.service.purpose(lead, application_id) is None


def test_the_log_holds_codes_and_no_words(uses: Uses) -> None:
    uses.service.declare(uses.world.actor("lead"), uses.draft(), Purpose(uses=("HMB",), words="canary"))
    with uses.world.record.read() as session:
        body = session.scalars(select(EntryRow.body).where(EntryRow.kind == "purpose.declared")).one()
    assert json.loads(body)["details"] == {"version": 1, "uses": ["DUO:0000006"]}


def test_each_dataset_answers_for_itself_and_an_officer_sees_his_own(uses: Uses) -> None:
    uses.publish("a", "HMB", "NCU")
    uses.publish("b", "POA")
    application_id = uses.draft()
    lead = uses.world.actor("lead")
    uses.service.declare(lead, application_id, Purpose(uses=("HMB",), commercial=False))
    uses.world.access.submit(lead, application_id)
    both = {"a": Verdict.PERMITTED, "b": Verdict.NOT_PERMITTED}
    for who in ("lead", "member", "operator"):
        assert verdicts(uses, application_id, who) == both
    assert verdicts(uses, application_id, "officer_a") == {"a": Verdict.PERMITTED}
    assert verdicts(uses, application_id, "officer_b") == {"b": Verdict.NOT_PERMITTED}


def test_without_a_purpose_or_terms_of_use_a_person_has_to_judge(uses: Uses) -> None:
    uses.publish("a", "NRES")
    application_id = uses.draft()
    assert set(verdicts(uses, application_id).values()) == {Verdict.NEEDS_PERSON}
    uses.service.declare(uses.world.actor("lead"), application_id, Purpose(uses=("HMB",)))
    assert verdicts(uses, application_id) == {"a": Verdict.PERMITTED, "b": Verdict.NEEDS_PERSON}


@pytest.mark.parametrize(
    ("clause", "verdict"),
    [
        ("TS=10", Verdict.PERMITTED),
        ("TS=9", Verdict.NOT_PERMITTED),
        ("IS=university of nowhere", Verdict.PERMITTED),
        ("IS=University of Somewhere", Verdict.NEEDS_PERSON),
        ("US=lead@example.org,Member", Verdict.PERMITTED),
        ("US=lead@example.org", Verdict.NEEDS_PERSON),
        ("PS=Diabetes outcomes", Verdict.PERMITTED),
        ("IRB", Verdict.NEEDS_PERSON),
    ],
)
def test_what_the_application_says_anyway_is_not_asked_again(uses: Uses, clause: str, verdict: Verdict) -> None:
    uses.publish("a", "HMB", clause)
    application_id = uses.draft("a")
    uses.service.declare(uses.world.actor("lead"), application_id, Purpose(uses=("HMB",)))
    assert verdicts(uses, application_id) == {"a": verdict}


def test_a_verified_ethics_approval_answers_for_itself(uses: Uses) -> None:
    world = uses.world
    uses.publish("a", "HMB", "IRB")
    application_id = uses.draft("a")
    lead = world.actor("lead")
    uses.service.declare(lead, application_id, Purpose(uses=("HMB",)))
    piece = uses.evidence.record(
        lead, application_id, "ethics", reference="26/XX/0001", valid_from=world.day(0), valid_until=world.day(200)
    )
    assert verdicts(uses, application_id) == {"a": Verdict.NEEDS_PERSON}
    world.access.submit(lead, application_id)
    uses.evidence.verify(world.actor("operator"), piece.evidence_id)
    assert verdicts(uses, application_id) == {"a": Verdict.PERMITTED}


def test_new_terms_of_use_answer_at_once(uses: Uses) -> None:
    uses.publish("a", "HMB")
    application_id = uses.draft("a")
    uses.service.declare(uses.world.actor("lead"), application_id, Purpose(uses=("HMB",)))
    assert verdicts(uses, application_id) == {"a": Verdict.PERMITTED}
    uses.publish("a", "CC")
    assert verdicts(uses, application_id) == {"a": Verdict.NOT_PERMITTED}


def test_what_ones_own_terms_forbid_is_approved_with_a_reason_only(uses: Uses) -> None:
    world = uses.world
    world.access.against_uses = uses.service.forbidden
    uses.publish("a", "HMB", "NCU")
    uses.publish("b", "POA")
    application_id = uses.draft()
    lead = world.actor("lead")
    uses.service.declare(lead, application_id, Purpose(uses=("HMB",), commercial=True))
    world.access.submit(lead, application_id)
    officer, custodian = world.actor("officer_a"), world.custodians["a"]
    with pytest.raises(Invalid, match="Dataset a: The use is commercial") as refused:
        deciding.decide(world.access, officer, application_id, custodian, approve=True, agreement_until=world.day(100))
    assert refused.value.field == "reason"
    assert "Dataset b" not in refused.value.message
    decided = deciding.decide(
        world.access,
        officer,
        application_id,
        custodian,
        approve=True,
        reason="Agreed by our board.",
        agreement_until=world.day(100),
    )
    assert decided.parts[0].reason == "Agreed by our board."


def test_what_needs_a_person_is_approved_by_that_person_without_more(uses: Uses) -> None:
    world = uses.world
    world.access.against_uses = uses.service.forbidden
    uses.publish("a", "HMB", "NCU")
    application_id = uses.draft("a")
    lead = world.actor("lead")
    world.access.submit(lead, application_id)
    custodian = world.custodians["a"]
    deciding.decide(
        world.access, world.actor("officer_a"), application_id, custodian, approve=True, agreement_until=world.day(100)
    )
    assert world.access.application(lead, application_id).state.value == "decided"


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("TS=6", {"months": 3}),
        ("IS=University of Somewhere", {"institutions": ("University of Somewhere",)}),
        ("US=Somebody Else", {"people": ("Somebody Else",)}),
    ],
)
def test_less_cannot_be_declared_than_is_applied_for(uses: Uses, clause: str, said: dict[str, Any]) -> None:
    uses.publish("a", "HMB", clause)
    application_id = uses.draft("a")
    uses.service.declare(uses.world.actor("lead"), application_id, Purpose(uses=("HMB",), **said))
    assert verdicts(uses, application_id)["a"] is not Verdict.PERMITTED


def returned(uses: Uses, *fields: str) -> str:
    """An application with a purpose that B approved and A wants changed."""
    world, application_id = uses.world, uses.draft()
    lead = world.actor("lead")
    uses.service.declare(lead, application_id, Purpose(uses=("HMB",)))
    world.access.submit(lead, application_id)
    world.decide(application_id, "b")
    officer, custodian_id = world.actor("officer_a"), world.custodians["a"]
    deciding.ask_changes(world.access, officer, application_id, custodian_id, "Say more.", fields=fields)
    return application_id


def test_a_purpose_stays_frozen_while_something_else_is_changed(uses: Uses) -> None:
    application_id, lead = returned(uses, "title"), uses.world.actor("lead")
    assert not uses.service.may_declare(lead, application_id)
    with pytest.raises(NotPossible, match="frozen"):
        uses.service.declare(lead, application_id, Purpose(uses=("GRU",), commercial=True))


def test_who_approved_another_purpose_decides_anew(uses: Uses) -> None:
    application_id, lead = returned(uses, "purpose"), uses.world.actor("lead")
    assert uses.service.may_declare(lead, application_id)
    uses.service.declare(lead, application_id, Purpose(uses=("GRU",), commercial=True))
    [part] = uses.world.access.application(uses.world.actor("officer_b"), application_id).parts
    assert (part.state, part.decided_by) == (PartState.WAITING, None)


def test_a_purpose_that_a_custodian_refused_does_not_come_with_an_amendment(uses: Uses) -> None:
    world = uses.world
    project, lead = world.approved(), world.actor("lead")
    words = world.access.answers_of(lead, project.project_id)
    amendment = world.access.amend(lead, project.project_id, words).application_id
    uses.service.declare(lead, amendment, Purpose(uses=("GRU",), commercial=True))
    world.access.submit(lead, amendment)
    world.decide(amendment, "a")
    officer, custodian_id = world.actor("officer_b"), world.custodians["b"]
    deciding.decide(world.access, officer, amendment, custodian_id, approve=False, reason="Not for commerce.")
    with pytest.raises(NotPossible, match="never agreed to"):
        deciding.approve_project(world.access, world.actor("operator"), amendment)
