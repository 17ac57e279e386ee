"""People: registered by operators, stopped by one, started again by two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from orchestrator.audit.record import Record
from orchestrator.audit.store import EntryRow, NoticeRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.identity.model import Person
from orchestrator.identity.service import IdentityService
from orchestrator.identity.states import PersonState
from orchestrator.policy.model import Actor

ISSUER = "https://id.example"
Acting = Callable[[Person], Actor]
Register = Callable[[Person, str], Person]
YEAR = timedelta(days=365)


def kinds(record: Record) -> list[str]:
    with record.read() as session:
        return list(session.scalars(select(EntryRow.kind).order_by(EntryRow.position)))


def test_the_first_operator_is_made_once(
    identity: IdentityService, record: Record, ann: Person, acting: Acting
) -> None:
    assert acting(ann).roles == {"operator"}
    with pytest.raises(Refused, match="two people"):
        identity.first_operator("Mal", "mal@example.org", ISSUER, "mal")
    assert kinds(record) == ["person.registered", "role.set-up"]


def test_after_every_operator_role_ran_out_the_machine_names_one_again(
    identity: IdentityService, ann: Person, clock: FixedClock, acting: Acting
) -> None:
    clock.advance(YEAR)
    assert acting(ann).roles == frozenset()
    again = identity.first_operator("Ann", "ann@example.org", ISSUER, "ann")
    assert again.person_id == ann.person_id
    assert acting(ann).roles == {"operator"}


def test_an_operator_registers_people_whom_their_issuer_and_subject_identify(
    identity: IdentityService, ann: Person, eve: Person, register: Register
) -> None:
    assert identity.find_by_sign_on(ISSUER, "eve") == eve
    for issuer, subject in [("https://other.example", "eve"), (ISSUER, "Eve"), (ISSUER, "eve@example.org"), ("", "")]:
        with pytest.raises(NotFound):
            identity.find_by_sign_on(issuer, subject)
    with pytest.raises(NotPossible):
        register(ann, "eve")


def test_two_people_may_share_an_e_mail_address_but_not_an_identity(
    identity: IdentityService, ann: Person, eve: Person, acting: Acting
) -> None:
    twin = identity.register_person(acting(ann), "Eve", "eve@example.org", "https://other.example", "eve")
    assert twin.person_id != eve.person_id
    assert identity.find_by_sign_on(ISSUER, "eve") == eve


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 201),
        ("name", "two\nlines"),
        ("email", "eve"),
        ("email", "a@b@c"),
        ("email", "a b@c"),
        ("email", "a@c\r\nBcc: d@e"),
        ("issuer", ""),
        ("subject", "x" * 256),
        ("subject", "\x00"),
        ("affiliation", "a\tb"),
    ],
)
def test_unusable_details_are_told_by_field(
    identity: IdentityService, ann: Person, field: str, value: str, acting: Acting
) -> None:
    details = {"name": "Eve", "email": "e@x.org", "issuer": ISSUER, "subject": "e", "affiliation": ""} | {field: value}
    with pytest.raises(Invalid) as raised:
        identity.register_person(acting(ann), **details)
    assert raised.value.field == field


def test_somebody_without_a_role_registers_nobody(
    identity: IdentityService, ann: Person, eve: Person, acting: Acting
) -> None:
    with pytest.raises(Refused):
        identity.register_person(acting(eve), "Mal", "mal@example.org", ISSUER, "mal")
    assert [person.name for person in identity.people(acting(ann))] == ["Ann", "Eve"]
    with pytest.raises(Refused):
        identity.people(acting(eve))


def test_details_are_corrected_by_an_operator_but_not_the_identity(
    identity: IdentityService, ann: Person, eve: Person, acting: Acting
) -> None:
    changed = identity.change_person(acting(ann), eve.person_id, name="Eva", affiliation="Company")
    assert (changed.name, changed.email, changed.affiliation) == ("Eva", "eve@example.org", "Company")
    assert (changed.issuer, changed.subject) == (eve.issuer, eve.subject)
    with pytest.raises(Refused):
        identity.change_person(acting(ann), ann.person_id, name="Queen")


def test_no_personal_words_reach_the_audit_log(
    *, identity: IdentityService, record: Record, ann: Person, eve: Person, clock: FixedClock, acting: Acting
) -> None:
    operator = acting(ann)
    identity.record_training(operator, eve.person_id, "course-words", clock() + YEAR)
    identity.record_accreditation(operator, eve.person_id, "number-words", clock() + YEAR)
    identity.suspend(operator, eve.person_id, "reason-words")
    with record.read() as session:
        log = "".join(session.scalars(select(EntryRow.body))).casefold()
    for word in ["eve@", "example.org", "id.example", "university", "words", '"eve"']:
        assert word not in log
    assert eve.person_id in log


def test_suspending_stops_everything_at_once(
    identity: IdentityService, record: Record, ann: Person, ben: Person, acting: Acting
) -> None:
    secret = identity.open_session(ben.person_id, "web", second_factor=True)
    before = acting(ben)
    identity.people(before)
    identity.suspend(acting(ann), ben.person_id, "left the building")
    assert not acting(ben).active
    with pytest.raises(Refused, match="suspended"):
        identity.people(before)
    with pytest.raises(NotFound):
        identity.session(secret)
    with pytest.raises(Refused):
        identity.open_session(ben.person_id, "web", second_factor=True)
    with record.read() as session:
        assert (ben.person_id, "person.suspended") in session.execute(select(NoticeRow.person_id, NoticeRow.kind)).all()


def test_resuming_takes_two_operators(
    identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting
) -> None:
    one, two = acting(ann), acting(ben)
    identity.suspend(one, eve.person_id, "reason")
    with pytest.raises(NotPossible):
        identity.confirm_resume(two, eve.person_id)
    identity.propose_resume(one, eve.person_id)
    assert [each.person_id for each in identity.waiting(two).suspensions] == [eve.person_id]
    assert not acting(eve).active
    with pytest.raises(Refused, match="another operator"):
        identity.confirm_resume(one, eve.person_id)
    assert identity.confirm_resume(two, eve.person_id).state is PersonState.ACTIVE
    assert acting(eve).active
    with pytest.raises(NotPossible):
        identity.propose_resume(one, eve.person_id)


def test_a_proposal_to_resume_lapses(
    *, identity: IdentityService, ann: Person, ben: Person, eve: Person, clock: FixedClock, acting: Acting
) -> None:
    one, two = acting(ann), acting(ben)
    identity.suspend(one, eve.person_id, "reason")
    identity.propose_resume(one, eve.person_id)
    clock.advance(timedelta(days=14))
    with pytest.raises(NotPossible, match="lapsed"):
        identity.confirm_resume(two, eve.person_id)
    identity.propose_resume(two, eve.person_id)
    assert identity.confirm_resume(one, eve.person_id).active


def test_suspending_again_takes_the_proposal_back(
    identity: IdentityService, ann: Person, ben: Person, eve: Person, acting: Acting
) -> None:
    one, two = acting(ann), acting(ben)
    identity.suspend(one, eve.person_id, "reason")
    identity.propose_resume(one, eve.person_id)
    identity.suspend(two, eve.person_id, "still a reason")
    with pytest.raises(NotPossible):
        identity.confirm_resume(two, eve.person_id)
    with pytest.raises(NotPossible):
        identity.suspend(two, eve.person_id, "a third time")


def test_nobody_suspends_or_resumes_himself(
    identity: IdentityService, ann: Person, ben: Person, acting: Acting
) -> None:
    with pytest.raises(Refused):
        identity.suspend(acting(ann), ann.person_id, "holiday")
    identity.suspend(acting(ben), ann.person_id, "reason")
    with pytest.raises(Refused):
        identity.propose_resume(acting(ann), ann.person_id)


def test_a_standing_names_every_failed_condition(
    identity: IdentityService, ann: Person, eve: Person, clock: FixedClock, acting: Acting
) -> None:
    operator = acting(ann)
    assert len(identity.standing(eve.person_id).failures) == 2
    identity.record_training(operator, eve.person_id, "research-data", clock() + timedelta(days=30))
    identity.record_accreditation(operator, eve.person_id, "A-1", clock() + timedelta(days=20))
    standing = identity.standing(eve.person_id)
    assert standing.holds
    assert standing.until == clock() + timedelta(days=20)
    clock.advance(timedelta(days=20))
    after = identity.standing(eve.person_id)
    assert not after.holds
    assert after.until is None
    assert "accreditation" in after.failures[0]


def test_training_is_ended_at_once_and_the_longest_counts(
    identity: IdentityService, ann: Person, eve: Person, clock: FixedClock, acting: Acting
) -> None:
    operator = acting(ann)
    long = identity.record_training(operator, eve.person_id, "a", clock() + timedelta(days=30))
    identity.record_training(operator, eve.person_id, "b", clock() + timedelta(days=10))
    assert identity.standing(eve.person_id).trained_until == clock() + timedelta(days=30)
    identity.end_training(operator, long.training_id)
    assert identity.standing(eve.person_id).trained_until == clock() + timedelta(days=10)
    with pytest.raises(NotPossible):
        identity.end_training(operator, long.training_id)


def test_an_accreditation_is_ended_at_once(
    identity: IdentityService, ann: Person, eve: Person, clock: FixedClock, acting: Acting
) -> None:
    operator = acting(ann)
    accreditation = identity.record_accreditation(operator, eve.person_id, "A-1", clock() + YEAR)
    identity.end_accreditation(operator, accreditation.accreditation_id)
    assert identity.standing(eve.person_id).accredited_until is None
    with pytest.raises(NotPossible):
        identity.end_accreditation(operator, accreditation.accreditation_id)


@pytest.mark.parametrize("days", [-1, 0, 5 * 366 + 1])
def test_training_needs_an_end_that_lies_ahead(
    *, identity: IdentityService, ann: Person, eve: Person, clock: FixedClock, days: int, acting: Acting
) -> None:
    with pytest.raises(Invalid):
        identity.record_training(acting(ann), eve.person_id, "a", clock() + timedelta(days=days))
    with pytest.raises(Invalid):
        identity.record_training(acting(ann), eve.person_id, "a", clock().replace(tzinfo=None) + YEAR)


def test_nobody_records_his_own_training_or_accreditation(
    identity: IdentityService, ann: Person, eve: Person, clock: FixedClock, acting: Acting
) -> None:
    for person in (ann, eve):
        with pytest.raises(Refused):
            identity.record_training(acting(person), person.person_id, "a", clock() + YEAR)
        with pytest.raises(Refused):
            identity.record_accreditation(acting(person), person.person_id, "a", clock() + YEAR)


def test_a_profile_is_for_oneself_and_operators(
    identity: IdentityService, ann: Person, eve: Person, acting: Acting
) -> None:
    assert identity.profile(acting(eve), eve.person_id).person == eve
    assert identity.profile(acting(ann), eve.person_id).person == eve
    with pytest.raises(Refused):
        identity.profile(acting(eve), ann.person_id)


def test_unknown_people_are_not_found(
    identity: IdentityService, ann: Person, clock: FixedClock, acting: Acting
) -> None:
    operator = acting(ann)
    with pytest.raises(NotFound):
        identity.person("nobody")
    with pytest.raises(NotFound):
        identity.suspend(operator, "nobody", "reason")
    with pytest.raises(NotFound):
        identity.record_training(operator, "nobody", "a", clock() + YEAR)
    with pytest.raises(NotFound):
        identity.propose_role(operator, "nobody", "checker", clock() + YEAR)
