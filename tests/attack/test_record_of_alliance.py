"""Enquiries, accreditation, leaving and signing out told in canaries: no word in the log, no changed row untold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from orchestrator.access.enquiries.model import OfferKind
from orchestrator.alliance.accreditation.checklist import Subject
from orchestrator.audit.store import EntryRow, NoticeRow
from orchestrator.core.errors import OrchestratorError
from tests.attack import test_record_of_changes as changes
from tests.attack.test_record_of_changes import CANARY, WORDS, Observer, observer  # noqa: F401 - its fixture
from tests.web.world import World, _role, make_world, moment

NAMED_BY = {
    "accreditation_evidence": ("case_id",),
    "enquiry_message": ("enquiry_id",),
    "enquiry_suggestion": ("enquiry_id",),
    "alliance_conditions_acceptance": ("custodian_id",),
}
AT_ONCE = {
    "enquiry_message": {"enquiry.erased"},
    "enquiry_suggestion": {"enquiry.erased"},
    "identity_session": {"session.opened"},
}


def _enquiries(world: World) -> None:
    service, rosa = world.house.enquiries, world.actor("researcher")
    made = world.house.identity.register_person(world.actor("operator"), "Connie", "c@x.org", "development", "connie")
    world.people["concierge"] = made.person_id
    _role(world, "concierge", "concierge")
    connie, operator = world.actor("concierge"), world.actor("operator")
    offer = service.publish_offer(operator, OfferKind.CURATION, CANARY, WORDS)
    asked = service.ask(rosa, f"{CANARY} hospital?", organisation=CANARY, offer_id=offer.offer_id).enquiry_id
    service.take(connie, asked)
    service.pass_on(operator, asked, connie.person_id)
    service.suggest(connie, asked, world.datasets["other officer"], WORDS)
    service.suggest(connie, asked, world.datasets["other officer"], f"{WORDS} again")
    service.answer(connie, asked, WORDS)
    service.ask_again(rosa, asked, WORDS)
    for topic in (CANARY, f"{CANARY} 2"):
        service.wish(connie, asked, topic)
    service.apply(rosa, asked, [world.datasets["other officer"]])
    arranged = service.ask(rosa, CANARY, offer_id=offer.offer_id).enquiry_id
    service.arrange(connie, arranged, WORDS)
    service.withdraw_offer(operator, offer.offer_id)
    stranger = service.ask_without_account(WORDS, organisation=CANARY)
    service.ask_again_without_account(stranger.secret, WORDS)
    service.adopt(rosa, stranger.secret)
    service.close(connie, stranger.enquiry.enquiry_id, WORDS)


def _alliance(world: World) -> None:
    house, officer, olga = world.house, world.actor("officer"), world.actor("operator")
    omar, custodian = world.actor("second operator"), world.custodians["officer"]
    house.accreditation.register_hub(olga, CANARY)
    case = house.accreditation.open_case(officer, Subject.CUSTODIAN, custodian).case_id
    for item in house.accreditation.checklists[Subject.CUSTODIAN].items:
        given = house.accreditation.give_evidence(officer, case, item.key, WORDS[:300], moment(60), sha256="a" * 64)
        house.accreditation.verify(olga, given.evidence[-1].evidence_id)
    extra = house.accreditation.give_evidence(officer, case, "terms", CANARY, moment(9)).evidence[-1]
    house.accreditation.reject(olga, extra.evidence_id, CANARY)
    house.accreditation.submit(officer, case)
    house.accreditation.send_back(olga, case, CANARY)
    house.accreditation.submit(officer, case)
    house.accreditation.recommend(olga, case)
    house.accreditation.confirm(omar, case)
    house.accreditation.suspend(olga, case, CANARY)
    version = house.onboarding.propose_conditions(olga, WORDS, moment(1)).version
    house.onboarding.publish_conditions(omar, version)
    house.onboarding.accept_conditions(officer, custodian, version)
    gone = house.onboarding.announce_departure(officer, custodian, moment(20), WORDS)
    house.onboarding.confirm_departure(olga, gone.departure_id)


def test_no_word_enters_the_log_and_no_row_changes_untold(
    tmp_path: Path,
    observer: Observer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = make_world(tmp_path)
    for name, extra in (("_NAMED_BY", NAMED_BY), ("_AT_ONCE", AT_ONCE)):
        monkeypatch.setattr(changes, name, getattr(changes, name) | extra)
    observer.untold.clear()
    _enquiries(world)
    _alliance(world)
    record = world.house.record
    now = record.clock()
    for days in (5, 25, 400):
        monkeypatch.setattr(record, "clock", lambda days=days: now + timedelta(days=days))
        world.house.enquiries.chase()
        world.house.accreditation.chase()
        world.house.departures.chase()
    monkeypatch.setattr(record, "clock", lambda: now)
    secret = world.house.identity.open_session(world.people["researcher"], "web", second_factor=True)
    world.house.identity.sign_out(secret)
    with pytest.raises(OrchestratorError):
        world.house.identity.session(secret)
    world.house.identity.sign_out_everywhere(world.people["researcher"])
    assert observer.untold == []
    assert observer.rows > 100
    with record.read() as session:
        kept = [*session.scalars(select(EntryRow.body)), *session.scalars(select(NoticeRow.subject))]
    assert CANARY not in "".join(kept)
    assert world.house.audit.verify().sound
    world.house.record.engine.dispose()
