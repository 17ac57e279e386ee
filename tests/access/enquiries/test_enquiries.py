"""A question is asked, answered by a named colleague, and becomes an application; nobody else reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from orchestrator.access.enquiries import store
from orchestrator.access.enquiries.candidates import CatalogueCandidates, EitherCandidates
from orchestrator.access.enquiries.model import ENQUIRY_STATES, Candidate, EnquiryState, OfferKind
from orchestrator.access.enquiries.rules import FEWEST_TOLD, KEPT_AFTER_END, MOST_FROM_STRANGERS
from orchestrator.access.enquiries.searched import SearchedCandidates
from orchestrator.access.enquiries.store import EnquiryRow
from orchestrator.access.model import ApplicationState
from orchestrator.audit.store import EntryRow, NoticeRow
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused, Unavailable
from orchestrator.core.events import Event
from orchestrator.discovery.search.index import Index
from orchestrator.discovery.search.service import SearchService
from orchestrator.policy.service import Policy
from tests.access.conftest import World
from tests.access.enquiries.conftest import QUESTION, Desk, desk_of


def told(desk: Desk, kind: str) -> set[str]:
    with desk.world.record.read() as session:
        return set(session.scalars(select(NoticeRow.person_id).where(NoticeRow.kind == kind)))


def test_a_question_finds_datasets_and_says_why(desk: Desk) -> None:
    enquiry = desk.asked()
    assert {each.dataset_id for each in enquiry.suggestions} == set(desk.world.datasets.values())
    for each in enquiry.suggestions:
        assert each.by == ""
        assert any("“simulated”" in reason and "summary" in reason for reason in each.reasons)
    assert enquiry.state is EnquiryState.WAITING
    assert enquiry.deadline == datetime(2026, 11, 25, tzinfo=UTC), "asked on a Sunday: the Monday and Tuesday"
    assert told(desk, "enquiry.waiting") == {desk.id("connie"), desk.id("carol")}


def test_from_question_to_drafted_application_in_the_enquirers_own_words(desk: Desk) -> None:
    asked = desk.asked()
    service, connie, lead = desk.service, desk.actor("connie"), desk.actor("lead")
    dataset = desk.world.datasets["a"]
    service.take(connie, asked.enquiry_id)
    service.suggest(connie, asked.enquiry_id, dataset, "It holds every discharge since 2010.")
    answered = service.answer(connie, asked.enquiry_id, "Trust a holds what you need.")
    assert answered.state is EnquiryState.ANSWERED
    assert answered.colleague_id == desk.id("connie")
    assert answered.messages[-1].text == "Trust a holds what you need."
    assert told(desk, "enquiry.answered") == {desk.id("lead")}
    application = service.apply(lead, asked.enquiry_id, [dataset])
    assert application.state is ApplicationState.DRAFT
    assert application.answers.title == "How many simulated people leave hospital with diabetes?"
    assert application.answers.purpose == QUESTION
    assert [part.dataset_ids for part in application.parts] == [(dataset,)]
    done = service.enquiry(lead, asked.enquiry_id)
    assert (done.state, done.application_id) == (EnquiryState.APPLIED, application.application_id)
    assert desk.world.access.application(lead, application.application_id) == application
    assert told(desk, "enquiry.applied") == {desk.id("connie")}


def test_a_second_click_drafts_nothing_more(desk: Desk) -> None:
    asked, lead = desk.asked(), desk.actor("lead")
    desk.service.apply(lead, asked.enquiry_id, [desk.world.datasets["a"]])
    with pytest.raises(NotPossible, match="applied"):
        desk.service.apply(lead, asked.enquiry_id, [desk.world.datasets["a"]])
    assert len(desk.world.access.applications(lead)) == 1


def test_a_draft_that_cannot_be_made_leaves_the_enquiry_as_it_was(desk: Desk) -> None:
    asked, lead = desk.asked(), desk.actor("lead")
    desk.world.discovery.withdraw_dataset(desk.actor("officer_a"), desk.world.datasets["a"], "It was wrong.")
    with pytest.raises(Invalid) as raised:
        desk.service.apply(lead, asked.enquiry_id, list(desk.world.datasets.values()))
    assert raised.value.field == "datasets"
    assert desk.service.enquiry(lead, asked.enquiry_id).state is EnquiryState.WAITING
    assert desk.world.access.applications(lead) == []


@pytest.mark.parametrize("chosen", [[], ["aaaaaaaaaaaaaaaa"]], ids=["none", "unknown"])
def test_only_datasets_of_the_enquiry_are_applied_for(desk: Desk, chosen: list[str]) -> None:
    asked = desk.asked()
    with pytest.raises(Invalid):
        desk.service.apply(desk.actor("lead"), asked.enquiry_id, chosen)


@pytest.mark.parametrize("name", ["member", "stranger", "officer_a", "officer_b"])
def test_an_enquiry_is_nobody_elses_business(desk: Desk, name: str) -> None:
    asked, other, service = desk.asked(), desk.actor(name), desk.service
    for act in (
        lambda: service.enquiry(other, asked.enquiry_id),
        lambda: service.take(other, asked.enquiry_id),
        lambda: service.answer(other, asked.enquiry_id, "Let me answer."),
        lambda: service.ask_again(other, asked.enquiry_id, "And me?"),
        lambda: service.close(other, asked.enquiry_id, "Enough of it."),
        lambda: service.apply(other, asked.enquiry_id, [desk.world.datasets["a"]]),
        lambda: service.wish(other, asked.enquiry_id, "Prescriptions"),
    ):
        with pytest.raises(NotFound):
            act()
    assert service.enquiries(other) == []


def test_an_operator_sees_enquiries_and_passes_them_on_but_does_not_answer(desk: Desk) -> None:
    asked, operator = desk.asked(), desk.actor("operator")
    assert desk.service.enquiries(operator, waiting=True) == [asked]
    with pytest.raises(Refused, match="concierge"):
        desk.service.answer(operator, asked.enquiry_id, "I answer.")
    passed = desk.service.pass_on(operator, asked.enquiry_id, desk.id("carol"))
    assert passed.colleague_id == desk.id("carol")
    with pytest.raises(Invalid, match="does not answer for the hub"):
        desk.service.pass_on(operator, asked.enquiry_id, desk.id("member"))


def test_nobody_answers_a_question_of_his_own(desk: Desk) -> None:
    asked, connie = desk.asked("connie"), desk.actor("connie")
    for act in (desk.service.take, lambda a, e: desk.service.answer(a, e, "Yes, indeed.")):
        with pytest.raises(Refused, match="of his own"):
            act(connie, asked.enquiry_id)
    with pytest.raises(NotPossible, match="asked the question"):
        desk.service.pass_on(desk.actor("carol"), asked.enquiry_id, desk.id("connie"))
    with pytest.raises(Conflict), desk.world.record.change() as change:
        row = change.session.get_one(EnquiryRow, asked.enquiry_id)
        row.colleague_id = row.asker_id
        change.tell(Event(kind="x", actor="x", subject="x"))


def test_a_conversation_goes_to_and_fro_and_ends(desk: Desk) -> None:
    asked, connie, lead, service = desk.asked(), desk.actor("connie"), desk.actor("lead"), desk.service
    service.answer(connie, asked.enquiry_id, "Which years do you need?")
    assert service.ask_again(lead, asked.enquiry_id, "The last ten.").state is EnquiryState.WAITING
    done = service.close(lead, asked.enquiry_id)
    assert [each.text for each in done.messages] == ["Which years do you need?", "The last ten."]
    assert [each.person_id for each in done.messages] == [desk.id("connie"), desk.id("lead")]
    for late in (
        lambda: service.answer(connie, asked.enquiry_id, "Too late."),
        lambda: service.ask_again(lead, asked.enquiry_id, "Still there?"),
        lambda: service.close(lead, asked.enquiry_id),
        lambda: service.suggest(connie, asked.enquiry_id, desk.world.datasets["a"], "This one."),
    ):
        with pytest.raises(NotPossible):
            late()


def test_a_concierge_who_closes_an_enquiry_says_why(desk: Desk) -> None:
    asked, connie = desk.asked(), desk.actor("connie")
    with pytest.raises(Invalid):
        desk.service.close(connie, asked.enquiry_id)
    assert desk.service.close(connie, asked.enquiry_id, "No such data exist here.").reason == "No such data exist here."
    assert told(desk, "enquiry.closed") == {desk.id("lead")}


@pytest.mark.parametrize("question", ["", "  ", "a", "x" * 4001, "Is\x00 this text?", "\x1b[2J really"])
def test_what_is_no_question_is_refused_by_field(desk: Desk, question: str) -> None:
    with pytest.raises(Invalid) as raised:
        desk.asked(question=question)
    assert raised.value.field == "question"


@pytest.mark.parametrize(
    "question", ["What is there about it?", "😀😀😀 ???", "⟨⟩ [a-z]+ ' OR 1=1 --", "zebrafish xylophones"]
)
def test_a_question_without_telling_words_is_answered_by_people(desk: Desk, question: str) -> None:
    assert desk.asked(question=question).suggestions == ()


def test_a_withdrawn_dataset_is_no_candidate(desk: Desk) -> None:
    desk.world.discovery.withdraw_dataset(desk.actor("officer_a"), desk.world.datasets["a"], "It was wrong.")
    found = CatalogueCandidates(desk.world.discovery).find(QUESTION)
    assert [each.dataset_id for each in found] == [desk.world.datasets["b"]]
    with pytest.raises(Invalid, match="not in the catalogue"):
        desk.service.suggest(desk.actor("connie"), desk.asked().enquiry_id, desk.world.datasets["a"], "This one.")


def test_a_question_is_asked_although_the_search_is_away(desk: Desk) -> None:
    class Away:
        def find(self, question: str, *, limit: int = 8) -> list[Candidate]:
            raise Unavailable(f"The index cannot be read for “{question}”, {limit}.", system="search")

    desk.service.candidates = EitherCandidates(Away(), CatalogueCandidates(desk.world.discovery))
    assert len(desk.asked().suggestions) == 2


def test_the_catalogues_search_finds_what_is_offered_with_reasons(desk: Desk) -> None:
    index = Index(desk.world.directory / "search")
    desk.service.candidates = SearchedCandidates(SearchService(desk.world.record, index))
    found = desk.asked(question="Where are simulated peple described?").suggestions
    assert {each.dataset_id for each in found} == set(desk.world.datasets.values())
    assert all(each.reasons for each in found)


# ---- without an account ---------------------------------------------------------------------------------------------


def test_the_public_asks_without_an_account_and_reads_the_answer_at_a_secret_address(desk: Desk) -> None:
    asked = desk.service.ask_without_account(QUESTION, organisation="A patients' group")
    with desk.world.record.read() as session:
        assert asked.secret not in json.dumps([row.body for row in session.scalars(select(EntryRow))])
        assert session.get_one(EnquiryRow, asked.enquiry.enquiry_id).secret_sha256 != asked.secret
    desk.service.answer(desk.actor("connie"), asked.enquiry.enquiry_id, "Here is what exists.")
    assert desk.service.opened(asked.secret).messages[0].text == "Here is what exists."
    assert desk.service.ask_again_without_account(asked.secret, "Thank you, and now?").state is EnquiryState.WAITING
    assert desk.service.close_without_account(asked.secret).state is EnquiryState.CLOSED
    for wrong in ("", "x", asked.secret + "x", asked.enquiry.enquiry_id, "\ud800"):
        with pytest.raises(NotFound):
            desk.service.opened(wrong)


def test_a_strangers_enquiry_is_taken_over_with_its_address_and_becomes_an_application(desk: Desk) -> None:
    asked = desk.service.ask_without_account(QUESTION)
    with pytest.raises(NotFound):
        desk.service.enquiry(desk.actor("lead"), asked.enquiry.enquiry_id)
    mine = desk.service.adopt(desk.actor("lead"), asked.secret)
    assert mine.asker_id == desk.id("lead")
    for late in (
        lambda: desk.service.opened(asked.secret),
        lambda: desk.service.adopt(desk.actor("member"), asked.secret),
    ):
        with pytest.raises(NotFound):
            late()
    assert desk.service.apply(desk.actor("lead"), mine.enquiry_id, [desk.world.datasets["a"]]).parts


def test_who_answered_a_strangers_enquiry_does_not_take_it_over(desk: Desk) -> None:
    asked = desk.service.ask_without_account(QUESTION)
    desk.service.answer(desk.actor("connie"), asked.enquiry.enquiry_id, "Here is what exists.")
    with pytest.raises(Refused, match="answered for the hub"):
        desk.service.adopt(desk.actor("connie"), asked.secret)


def test_a_person_cannot_pass_for_the_stranger(desk: Desk) -> None:
    asked = desk.service.ask_without_account(QUESTION)
    forged = replace(desk.actor("lead"), person_id="stranger")
    with pytest.raises(NotFound):
        desk.service.enquiry(forged, asked.enquiry.enquiry_id)


def test_a_flood_from_strangers_is_turned_away_and_keeps_nobody_else_out(desk: Desk) -> None:
    for _ in range(MOST_FROM_STRANGERS):
        desk.service.ask_without_account("Is there anything about hearts?")
    with pytest.raises(NotPossible, match="Sign in"):
        desk.service.ask_without_account("Is there anything about hearts?")
    assert desk.asked().state is EnquiryState.WAITING


# ---- offers ---------------------------------------------------------------------------------------------------------


def test_a_service_of_the_hub_is_offered_asked_for_and_arranged(desk: Desk) -> None:
    service, operator, connie = desk.service, desk.actor("operator"), desk.actor("connie")
    with pytest.raises(Refused):
        service.publish_offer(connie, OfferKind.CURATION, "Registers", "We make registers.")
    offer = service.publish_offer(operator, OfferKind.CURATION, "Registers", "We make disease registers.")
    assert service.offers() == [offer]
    asked = service.ask(desk.actor("lead"), "We need a register of asthma.", offer_id=offer.offer_id)
    plain = desk.asked()
    with pytest.raises(NotPossible, match="no service"):
        service.arrange(connie, plain.enquiry_id, "It is arranged.")
    done = service.arrange(connie, asked.enquiry_id, "The curation team begins on Monday.")
    assert done.state is EnquiryState.ARRANGED
    service.withdraw_offer(operator, offer.offer_id)
    assert service.offers() == []
    with pytest.raises(NotPossible):
        service.withdraw_offer(operator, offer.offer_id)
    with pytest.raises(NotPossible, match="any more"):
        service.ask(desk.actor("lead"), "We need a register of asthma.", offer_id=offer.offer_id)
    with pytest.raises(NotFound):
        service.ask(desk.actor("lead"), "We need a register of asthma.", offer_id="aaaaaaaaaaaaaaaa")


# ---- demand ---------------------------------------------------------------------------------------------------------


def test_demand_tells_officers_of_their_own_data_and_no_small_number(desk: Desk) -> None:
    service = desk.service
    for count in range(FEWEST_TOLD):
        seen = service.demand(desk.actor("officer_a"))
        assert [each.enquiries for each in seen] == ([] if count == 0 else [None])
        desk.asked()
    (seen,) = service.demand(desk.actor("officer_a"))
    assert (seen.dataset_id, seen.enquiries, seen.applications) == (desk.world.datasets["a"], FEWEST_TOLD, 0)
    assert len(service.demand(desk.actor("operator"))) == 2
    assert service.demand(desk.actor("operator"), since=desk.world.now + timedelta(days=1)) == []
    with pytest.raises(Refused):
        service.demand(desk.actor("lead"))


def test_wished_for_data_are_told_in_the_hubs_words_only(desk: Desk) -> None:
    asked = desk.asked(question="My neighbour Jane Roe has gout; who else?")
    desk.service.wish(desk.actor("connie"), asked.enquiry_id, "Community prescribing")
    desk.service.wish(desk.actor("connie"), desk.asked().enquiry_id, "community prescribing")
    (wish,) = desk.service.wishes(desk.actor("officer_b"))
    assert wish.topic in ("Community prescribing", "community prescribing")
    assert wish.enquiries is None
    with pytest.raises(Refused):
        desk.service.wishes(desk.actor("lead"))


# ---- time -----------------------------------------------------------------------------------------------------------


def test_the_hub_is_reminded_of_a_question_that_waits_and_an_answered_one_lapses(desk: Desk) -> None:
    asked, clock = desk.asked(), desk.world.clock
    assert desk.service.chase() == 0
    clock.now = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)
    assert desk.service.chase() == 0, "its second working day is not over"
    clock.now = datetime(2026, 11, 25, tzinfo=UTC)
    assert desk.service.chase() == 1
    assert desk.service.chase() == 0
    assert told(desk, "enquiry.overdue") >= {desk.id("connie"), desk.id("carol"), desk.id("operator")}
    desk.service.answer(desk.actor("connie"), asked.enquiry_id, "At last, here it is.")
    clock.advance(timedelta(days=60))
    assert desk.service.chase() == 1
    assert desk.service.enquiry(desk.actor("lead"), asked.enquiry_id).state is EnquiryState.LAPSED


def test_no_question_is_late_over_christmas_and_nobody_is_reminded_on_a_bank_holiday(desk: Desk) -> None:
    clock = desk.world.clock
    clock.now = datetime(2026, 12, 24, 16, 0, tzinfo=UTC)
    asked = desk.asked()
    assert asked.deadline == datetime(2026, 12, 31, tzinfo=UTC), "Christmas, a weekend, and Boxing Day on the Monday"
    clock.now = datetime(2026, 12, 30, 23, 0, tzinfo=UTC)
    assert desk.service.chase() == 0
    clock.now = datetime(2026, 12, 31, tzinfo=UTC)
    assert desk.service.chase() == 1
    clock.now = datetime(2027, 1, 5, 23, 0, tzinfo=UTC)
    assert desk.service.chase() == 0, "New Year's Day and a weekend lie between: the Monday and Tuesday count"
    clock.now = datetime(2027, 1, 6, tzinfo=UTC)
    assert desk.service.chase() == 1


def test_a_year_after_its_end_the_words_are_erased_and_the_datasets_stay(desk: Desk) -> None:
    asked = desk.service.ask_without_account("Canary question about simulated people?", organisation="Canary")
    desk.service.answer(desk.actor("connie"), asked.enquiry.enquiry_id, "Canary answer for you.")
    desk.service.close_without_account(asked.secret)
    desk.world.clock.advance(KEPT_AFTER_END - timedelta(seconds=1))
    assert desk.service.chase() == 0
    desk.world.clock.advance(timedelta(seconds=1))
    assert desk.service.chase() == 1
    assert desk.service.chase() == 0
    with desk.world.record.read() as session:
        kept = store.to_enquiry(session, store.enquiry_row(session, asked.enquiry.enquiry_id))
        log = "".join(session.scalars(select(EntryRow.body)))
    assert "Canary" not in str(kept)
    assert "anary" not in log
    assert kept.erased
    assert len(kept.suggestions) == 2


def test_every_state_has_somebody_or_an_end_and_every_final_state_is_reached() -> None:
    for state in ENQUIRY_STATES.states():
        assert (state in ENQUIRY_STATES.waiting) != (state in ENQUIRY_STATES.final())
    assert ENQUIRY_STATES.final() <= {step.target for step in ENQUIRY_STATES.steps}


def test_enquiries_are_kept_alike_on_every_database(world_everywhere: World, policy: Policy) -> None:
    desk = desk_of(world_everywhere, policy)
    asked = desk.asked()
    desk.service.suggest(desk.actor("connie"), asked.enquiry_id, desk.world.datasets["b"], "This one helps.")
    answered = desk.service.answer(desk.actor("connie"), asked.enquiry_id, "Here it is.")
    assert desk.service.enquiry(desk.actor("lead"), asked.enquiry_id) == answered
    assert desk.service.ask_without_account(QUESTION).enquiry.asker_id is None
    assert desk.service.apply(desk.actor("lead"), asked.enquiry_id, [desk.world.datasets["b"]]).parts
