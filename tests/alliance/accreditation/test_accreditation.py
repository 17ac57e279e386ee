"""A custodian or a hub is accredited by checklist, evidence that ends and two people; nobody judges his own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from orchestrator.access.model import PartState
from orchestrator.alliance.accreditation.checklist import Subject
from orchestrator.alliance.accreditation.model import CASE_STATES, CaseState
from orchestrator.alliance.accreditation.store import BodyEvidenceRow, CaseRow
from orchestrator.audit.store import EntryRow, NoticeRow
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from orchestrator.core.events import Event
from orchestrator.policy.service import Policy
from tests.access.conftest import World
from tests.alliance.conftest import Alliance, alliance_of


def standing(members: Alliance, name: str = "a"):
    return members.accreditation.standing(Subject.CUSTODIAN, members.world.custodians[name])


def told(members: Alliance, kind: str) -> list[str]:
    with members.world.record.read() as session:
        return sorted(session.scalars(select(NoticeRow.person_id).where(NoticeRow.kind == kind)))


def test_from_checklist_to_accreditation_by_four_hands(members: Alliance) -> None:
    case = members.filled()
    service, officer = members.accreditation, members.actor("officer_a")
    assert not standing(members).accredited
    submitted = service.submit(officer, case.case_id)
    assert submitted.state is CaseState.ASSESSING
    with pytest.raises(NotPossible, match="Data security standard"):
        service.recommend(members.actor("operator"), case.case_id)
    for each in case.evidence:
        service.verify(members.actor("operator"), each.evidence_id)
    service.recommend(members.actor("operator"), case.case_id)
    with pytest.raises(Refused, match="recommended"):
        service.confirm(members.actor("operator"), case.case_id)
    done = service.confirm(members.actor("operator2"), case.case_id)
    assert done.state is CaseState.ACCREDITED
    stands = standing(members)
    assert stands.accredited
    assert stands.until == members.clock() + timedelta(days=300), "the first evidence to end bounds it"
    assert done.until == members.clock() + service.checklists[Subject.CUSTODIAN].lasts
    assert done.checklist_sha256 == service.checklists[Subject.CUSTODIAN].sha256


def test_nothing_is_submitted_while_an_item_is_missing(members: Alliance) -> None:
    officer = members.actor("officer_a")
    case = members.accreditation.open_case(officer, Subject.CUSTODIAN, members.world.custodians["a"])
    with pytest.raises(NotPossible, match="National data opt-outs"):
        members.accreditation.submit(officer, case.case_id)
    with pytest.raises(NotPossible, match="being accredited already"):
        members.accreditation.open_case(officer, Subject.CUSTODIAN, members.world.custodians["a"])


def test_rejected_evidence_shows_nothing_and_the_body_is_told_why(members: Alliance) -> None:
    case = members.filled()
    service = members.accreditation
    service.submit(members.actor("officer_a"), case.case_id)
    first, *rest = case.evidence
    service.reject(members.actor("operator"), first.evidence_id, "It is of another body.")
    for each in rest:
        service.verify(members.actor("operator"), each.evidence_id)
    with pytest.raises(NotPossible, match="Legal entity"):
        service.recommend(members.actor("operator"), case.case_id)
    assert members.world.people["officer_a"] in told(members, "accreditation.evidence-rejected")
    with pytest.raises(NotPossible, match="looked at already"):
        service.verify(members.actor("operator2"), first.evidence_id)
    service.send_back(members.actor("operator"), case.case_id, "The first item is missing.")
    until = members.clock() + timedelta(days=90)
    case = service.give_evidence(members.actor("officer_a"), case.case_id, first.item, "The right one", until)
    service.verify(members.actor("operator"), case.evidence[-1].evidence_id)
    service.submit(members.actor("officer_a"), case.case_id)
    assert service.recommend(members.actor("operator"), case.case_id).state is CaseState.RECOMMENDED


@pytest.mark.parametrize("name", ["lead", "officer_b", "stranger"])
def test_a_case_is_shown_to_its_own_body_and_operators_only(members: Alliance, name: str) -> None:
    case, other, service = members.filled(), members.actor(name), members.accreditation
    until = members.clock() + timedelta(days=9)
    for act in (
        lambda: service.case(other, case.case_id),
        lambda: service.give_evidence(other, case.case_id, "terms", "Mine instead", until),
        lambda: service.submit(other, case.case_id),
        lambda: service.withdraw(other, case.case_id),
        lambda: service.verify(other, case.evidence[0].evidence_id),
        lambda: service.suspend(other, case.case_id, "I want it."),
    ):
        with pytest.raises(NotFound):
            act()
    assert service.cases(other) == []
    with pytest.raises(Refused):
        service.open_case(other, Subject.CUSTODIAN, members.world.custodians["a"])
    with pytest.raises(Refused):
        service.register_hub(other, "A hub of mine")


def test_an_officer_does_not_assess_his_own_custodian(members: Alliance) -> None:
    members.world.give("operator3", "custodian", custodian_id=members.world.custodians["a"])
    case, both, service = members.assessed(), members.actor("operator3"), members.accreditation
    fresh = service.give_evidence(
        members.actor("officer_a"), case.case_id, "public-involvement", "A panel", members.clock() + timedelta(days=9)
    ).evidence[-1]
    with pytest.raises(Refused, match="own custodian"):
        service.verify(both, fresh.evidence_id)
    for act in (service.recommend, lambda a, c: service.refuse(a, c, "I say so.")):
        with pytest.raises(Refused, match="own custodian"):
            act(both, case.case_id)


def test_a_hub_is_accredited_by_operators_who_gave_none_of_its_evidence(members: Alliance) -> None:
    service, giver = members.accreditation, members.actor("operator")
    hub = service.register_hub(giver, "Northern hub", "https://hub.example.org")
    assert service.hubs() == [hub]
    with pytest.raises(NotPossible, match="can be taken for the hub “Northern hub”"):
        service.register_hub(giver, "NORTHERN  HUB")
    case = service.open_case(giver, Subject.HUB, hub.hub_id)
    for item in service.checklists[Subject.HUB].items:
        until = members.clock() + timedelta(days=200)
        case = service.give_evidence(giver, case.case_id, item.key, "Shown", until, sha256="a" * 64)
    service.submit(giver, case.case_id)
    with pytest.raises(Refused, match="that he gave"):
        service.verify(giver, case.evidence[0].evidence_id)
    for each in case.evidence:
        service.verify(members.actor("operator2"), each.evidence_id)
    with pytest.raises(Refused, match="gave evidence"):
        service.recommend(giver, case.case_id)
    service.recommend(members.actor("operator2"), case.case_id)
    with pytest.raises(Refused, match="gave evidence"):
        service.confirm(giver, case.case_id)
    service.confirm(members.actor("operator3"), case.case_id)
    assert service.standing(Subject.HUB, hub.hub_id).accredited


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"item": "nothing"}, "item"),
        ({"reference": " "}, "reference"),
        ({"reference": "two\nlines"}, "reference"),
        ({"days": 0}, "until"),
        ({"days": -3}, "until"),
        ({"days": 397, "item": "security-standard"}, "until"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": "a" * 63}, "sha256"),
    ],
    ids=str,
)
def test_evidence_that_can_show_nothing_is_refused_by_field(
    members: Alliance, changes: dict[str, object], field: str
) -> None:
    officer, service = members.actor("officer_a"), members.accreditation
    case = service.open_case(officer, Subject.CUSTODIAN, members.world.custodians["a"])
    words: dict[str, object] = {"item": "terms", "reference": "Our terms", "days": 10, "sha256": ""} | changes
    until = members.clock() + timedelta(days=int(str(words["days"])))
    with pytest.raises(Invalid) as raised:
        service.give_evidence(
            officer, case.case_id, str(words["item"]), str(words["reference"]), until, sha256=str(words["sha256"])
        )
    assert raised.value.field == field


@pytest.mark.parametrize("address", ["http://hub.example.org", "javascript:alert(1)", "https://a b", "https://"])
def test_a_hubs_address_is_https(members: Alliance, address: str) -> None:
    with pytest.raises(Invalid, match="https"):
        members.accreditation.register_hub(members.actor("operator"), "Another hub", address)


def test_bodies_that_do_not_exist_are_not_accredited(members: Alliance) -> None:
    with pytest.raises(NotFound):
        members.accreditation.open_case(members.actor("operator"), Subject.HUB, "aaaaaaaaaaaaaaaa")
    with pytest.raises(NotFound):
        members.accreditation.case(members.actor("operator"), "aaaaaaaaaaaaaaaa")


# ---- time and its ends ----------------------------------------------------------------------------------------------


def test_the_body_is_told_90_30_and_7_days_before_evidence_ends_and_then_it_does_not_hold(members: Alliance) -> None:
    members.accredited(days=200)
    needed = sum(item.needed for item in members.accreditation.checklists[Subject.CUSTODIAN].items)
    counts = []
    for step in (109, 1, 59, 1, 22, 1):
        members.clock.advance(timedelta(days=step))
        counts.append(members.accreditation.chase())
        assert members.accreditation.chase() == 0
    assert counts == [0, needed, 0, needed, 0, needed]
    assert standing(members).accredited
    members.clock.advance(timedelta(days=7))
    stands = standing(members)
    assert not stands.accredited
    assert any("Data security standard" in each for each in stands.failures)


def test_newer_evidence_lets_an_accreditation_go_on_after_its_verification(members: Alliance) -> None:
    case = members.accredited(days=20)
    service = members.accreditation
    for item in {each.item for each in case.evidence}:
        until = members.clock() + timedelta(days=100)
        case = service.give_evidence(members.actor("officer_a"), case.case_id, item, "Newer", until)
    members.clock.advance(timedelta(days=20))
    assert not standing(members).accredited, "nobody has verified the newer evidence yet"
    for each in case.evidence[-9:]:
        service.verify(members.actor("operator"), each.evidence_id)
    assert standing(members).accredited


def test_an_accreditation_lapses_and_is_renewed_by_a_new_case(members: Alliance) -> None:
    members.accredited(days=360)
    lasts = members.accreditation.checklists[Subject.CUSTODIAN].lasts
    with pytest.raises(NotPossible, match="renew it in the last 180 days"):
        members.filled()
    members.clock.advance(lasts)
    assert members.accreditation.chase() == 1
    assert not standing(members).accredited


def test_one_operator_suspends_at_once_and_two_let_it_go_on(members: Alliance) -> None:
    case, service = members.accredited(), members.accreditation
    service.suspend(members.actor("operator"), case.case_id, "A breach is being looked into.")
    assert standing(members).failures == ("Its accreditation is suspended: A breach is being looked into.",)
    service.recommend(members.actor("operator"), case.case_id)
    assert not standing(members).accredited
    with pytest.raises(Refused):
        service.confirm(members.actor("operator"), case.case_id)
    resumed = service.confirm(members.actor("operator2"), case.case_id)
    assert standing(members).accredited
    assert resumed.until == case.until, "a suspension lengthens nothing"


def test_those_who_are_waited_for_are_reminded(members: Alliance) -> None:
    case = members.filled()
    members.clock.advance(timedelta(days=90))
    assert members.accreditation.chase() == 1
    assert members.world.people["officer_a"] in told(members, "accreditation.overdue")
    assert members.accreditation.chase() == 0
    assert members.accreditation.withdraw(members.actor("officer_a"), case.case_id).state is CaseState.WITHDRAWN
    members.clock.advance(timedelta(days=90))
    assert members.accreditation.chase() == 0


# ---- what hangs on it -----------------------------------------------------------------------------------------------


def test_a_custodian_that_is_being_accredited_grants_nothing_until_it_is(members: Alliance) -> None:
    world = members.world
    application = world.submitted(("a", "b"))
    members.filled("a")
    with pytest.raises(NotPossible, match="not accredited now"):
        world.decide(application.application_id, "a")
    decided = world.decide(application.application_id, "b")
    assert PartState.APPROVED in {part.state for part in decided.parts}, "another custodian is not held up"


def test_where_accreditation_is_needed_nobody_grants_without(members: Alliance, policy: Policy) -> None:
    strict = alliance_of(members.world, policy, needed=True)
    application = members.world.submitted(("a",))
    with pytest.raises(NotPossible, match="never accredited"):
        members.world.decide(application.application_id, "a")
    strict.accredited("a")
    assert members.world.decide(application.application_id, "a").parts


def test_a_suspended_custodian_still_refuses_and_withdraws(members: Alliance) -> None:
    world = members.world
    project, case = world.approved(), members.accredited()
    waiting = world.submitted(("a",))
    members.accreditation.suspend(members.actor("operator"), case.case_id, "A breach.")
    assert world.held(project, "lead") == {"a", "b"}, "what was granted stands until somebody withdraws it"
    with pytest.raises(NotPossible, match="suspended"):
        world.access.renew_grant(members.actor("officer_a"), world.grant_id(project, "a"), world.day(401))
    world.access.withdraw_grant(members.actor("officer_a"), world.grant_id(project, "a"), "As a precaution.")
    assert world.held(project, "lead") == {"b"}
    assert world.decide(waiting.application_id, "a", approve=False).parts


# ---- the record -----------------------------------------------------------------------------------------------------


def test_the_log_holds_hashes_and_no_words(members: Alliance) -> None:
    case = members.filled()
    members.accreditation.give_evidence(
        members.actor("officer_a"), case.case_id, "terms", "Canary", members.clock() + timedelta(days=1)
    )
    with members.world.record.read() as session:
        assert "Canary" not in "".join(session.scalars(select(EntryRow.body)))


@pytest.mark.parametrize("column", ["verified_by", "confirmed_by"])
def test_the_database_itself_refuses_one_person_in_two_parts(members: Alliance, column: str) -> None:
    case = members.accredited()
    with pytest.raises(Conflict), members.world.record.change() as change:
        if column == "verified_by":
            row = change.session.get_one(BodyEvidenceRow, case.evidence[0].evidence_id)
            row.verified_by = row.given_by
        else:
            held = change.session.get_one(CaseRow, case.case_id)
            held.confirmed_by = held.recommended_by
        change.tell(Event(kind="x", actor="x", subject="x"))


def test_every_state_has_an_owner_a_term_or_is_final() -> None:
    for state in CASE_STATES.states():
        assert (state in CASE_STATES.waiting) + (state in CASE_STATES.lasting) + (state in CASE_STATES.final()) == 1


def test_accreditations_are_kept_alike_on_every_database(record_everywhere, policy: Policy, clock, tmp_path) -> None:
    world = World(record_everywhere, policy, clock, tmp_path)
    members = alliance_of(world, policy)
    case = members.accredited()
    assert members.accreditation.case(members.actor("operator"), case.case_id) == case
    clock.advance(timedelta(days=293))
    assert members.accreditation.chase() > 0
