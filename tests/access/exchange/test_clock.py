"""How working days are counted over a part's whole course."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.access.exchange.clock import due, used_days
from orchestrator.access.exchange.model import PartStep
from orchestrator.access.forms.model import Form
from orchestrator.access.states import PART_STATES, PartState
from orchestrator.core.working_days import NATIONS, WorkingDays

WAITING, RETURNED, APPROVED = PartState.WAITING, PartState.RETURNED, PartState.APPROVED


def moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 15, 30, tzinfo=UTC)


def steps(*course: tuple[PartState, date]) -> list[PartStep]:
    return [
        PartStep(number=number, state=state, by="somebody", at=moment(day))
        for number, (state, day) in enumerate(course, 1)
    ]


def form(nation: str = "England and Wales", decide: int = 10, answer: int = 5) -> Form:
    return Form(
        custodian_id="c",
        version=1,
        items=(),
        decide_within=decide,
        answer_within=answer,
        nation=nation,
        published_by="p",
        published_at=moment(date(2026, 1, 1)),
    )


def test_a_whole_course_over_christmas() -> None:
    course = steps(
        (WAITING, date(2026, 12, 21)),
        (RETURNED, date(2026, 12, 23)),
        (WAITING, date(2027, 1, 4)),
        (APPROVED, date(2027, 1, 6)),
    )
    assert used_days(course[:1], moment(date(2026, 12, 23))) == 2
    assert used_days(course[:2], moment(date(2027, 1, 4))) == 2, "the applicant has it"
    assert used_days(course, moment(date(2027, 6, 1))) == 4, "decided: nothing runs any more"
    until = due(course[:2], form())
    assert until == datetime(2027, 1, 5, tzinfo=UTC), "24, 29, 30, 31 December and 4 January"


def test_an_approval_that_is_opened_begins_anew() -> None:
    course = steps((WAITING, date(2026, 3, 2)), (APPROVED, date(2026, 3, 12)), (WAITING, date(2026, 6, 1)))
    assert used_days(course, moment(date(2026, 6, 3))) == 2
    assert due(course, form()) == datetime(2026, 6, 16, tzinfo=UTC)


def test_days_that_are_used_up_leave_the_day_itself() -> None:
    course = steps((WAITING, date(2026, 3, 2)), (RETURNED, date(2026, 5, 1)), (WAITING, date(2026, 5, 5)))
    assert due(course, form()) == datetime(2026, 5, 6, tzinfo=UTC)


def test_nobody_is_waited_for_once_it_is_decided_and_without_a_form_the_table_holds() -> None:
    decided = steps((WAITING, date(2026, 3, 2)), (APPROVED, date(2026, 3, 3)))
    assert due(decided, form()) is None
    assert due(decided, None) is None
    for state in (WAITING, RETURNED):
        [step] = steps((state, date(2026, 3, 2)))
        assert due([step], None) == PART_STATES.deadline(state, step.at)


@given(
    nation=st.sampled_from(sorted(NATIONS)),
    start=st.dates(min_value=date(2024, 1, 1), max_value=date(2030, 1, 1)),
    stretches=st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=7),
    allowed=st.integers(min_value=1, max_value=60),
)
def test_time_with_the_applicant_moves_the_deadline_by_just_that(
    nation: str, start: date, stretches: list[int], allowed: int
) -> None:
    days, day, course = WorkingDays.of(nation), start, []
    waited = 0
    for place, stretch in enumerate(stretches):
        state = WAITING if place % 2 == 0 else RETURNED
        course.append((state, day))
        following = day + timedelta(days=stretch)
        if state is WAITING and place < len(stretches) - 1:
            waited += days.between(day, following)
        day = following
    made, last = steps(*course), course[-1]
    assert used_days(made, moment(last[1]), days) == waited
    if last[0] is WAITING:
        until = due(made, form(nation, decide=allowed))
        expected = days.add(last[1], max(allowed - waited, 0))
        assert until == datetime(expected.year, expected.month, expected.day, tzinfo=UTC) + timedelta(days=1)
