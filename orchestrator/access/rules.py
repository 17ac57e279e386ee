"""What answers, dates and reasons must be, told in words; how much of an application each person sees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import rfc8785

from orchestrator.core.clock import last_day_in_words
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.ids import check_id
from orchestrator.core.plain_language import check_lay_summary
from orchestrator.core.unseen import unseen

from .model import Answers, Application, CustodianPart, Grant, PartState, Project
from .states import ApplicationState, GrantState

__all__ = [
    "LAY_SUMMARY_WORDS",
    "approved_parts",
    "check_against_uses",
    "check_agreement_end",
    "check_answers",
    "check_complete",
    "check_datasets",
    "check_extension",
    "check_justifications",
    "check_later_day",
    "check_ordered",
    "check_read",
    "check_reason",
    "end_of",
    "fingerprint",
    "last_date",
    "outcome",
    "parts_due",
    "seen_by_officer",
    "start_of",
    "was_submitted",
]

LAY_SUMMARY_WORDS = 30
"""The public register explains a project to everybody: fewer words cannot."""

_LONGEST = {"title": 200, "lay_summary": 5000, "purpose": 20_000, "organisation": 200, "ethics_reference": 100}
_IN_WORDS = {
    "title": "title",
    "lay_summary": "lay summary",
    "purpose": "purpose",
    "organisation": "organisation",
    "ethics_reference": "ethics reference",
}
_MOST_MEMBERS = 50
_MOST_DATASETS = 100
_LONGEST_PROJECT = timedelta(days=10 * 366)


def start_of(day: date) -> datetime:
    """Return a day's first moment, in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def end_of(day: date) -> datetime:
    """Return the first moment after a last day, in UTC."""
    try:
        return start_of(day + timedelta(days=1))
    except OverflowError as error:
        raise Invalid("The day lies too far in the future.", field="day") from error


def last_date(until: datetime) -> date:
    """Return the last day before ``until``, the first moment that no longer counts."""
    return (until - timedelta(microseconds=1)).date()


def check_reason(reason: str, *, needed: bool = True) -> str:
    """Return ``reason`` without outer blanks; where it is needed it must say something."""
    text = reason.strip()
    if len(text) > 4000 or (needed and len(text) < 3):
        raise Invalid("Give a reason in 3 to 4,000 characters; it is shown to the people concerned.", field="reason")
    return text


def check_read(read: str, stands: str) -> None:
    """Raise ``Invalid`` unless it is said what was read (a hash), ``NotPossible`` where it does not stand any more."""
    if not read:
        raise Invalid(
            "A decision says what was read, so that nothing is decided unread: open the application and send the "
            "hash that comes with it.",
            field="read",
        )
    if read != stands:
        raise NotPossible("What is asked was changed while you read it; read it again, then decide.")


def check_ordered(beyond: Sequence[str]) -> None:
    """Raise ``NotPossible`` where a project would go on for years whose fees nobody ordered."""
    if beyond:
        raise NotPossible(
            f"{' '.join(beyond)} Nobody agreed to pay for more: the lead asks for a renewal up to the new last day, "
            "has it quoted and orders it; then the project can go on."
        )


def check_against_uses(forbidden: Sequence[str], reason: str) -> None:
    """Raise ``Invalid`` when a custodian approves without a word what its own terms of use forbid."""
    if forbidden and not reason:
        raise Invalid(
            f"Your own terms of use do not permit this purpose: {' '.join(forbidden)} "
            "Refuse it, or say why you approve it nevertheless.",
            field="reason",
        )


def check_answers(answers: Answers) -> Answers:
    """Return answers as they may be kept in a draft: a title, and nothing longer than it may be."""
    texts = {field: str(getattr(answers, field)).strip() for field in _LONGEST}
    for field, text in texts.items():
        if len(text) > _LONGEST[field]:
            raise Invalid(
                f"The {_IN_WORDS[field]} is longer than {_LONGEST[field]:,} characters; shorten it.", field=field
            )
        if hidden := unseen(text):
            raise Invalid(
                f"The {_IN_WORDS[field]} holds control characters or others that nobody sees ({hidden}); remove them.",
                field=field,
            )
    if not texts["title"]:
        raise Invalid("Give the application a title.", field="title")
    members = tuple(dict.fromkeys(check_id(member, field="members") for member in answers.members))
    if len(members) > _MOST_MEMBERS:
        raise Invalid(f"Name at most {_MOST_MEMBERS} members; more can be added to the project.", field="members")
    return replace(
        answers,
        title=texts["title"],
        lay_summary=texts["lay_summary"],
        purpose=texts["purpose"],
        organisation=texts["organisation"],
        ethics_reference=texts["ethics_reference"],
        members=members,
    )


def check_complete(answers: Answers, now: datetime) -> None:
    """Raise ``Invalid`` naming every answer without which custodians could not decide."""
    faults = [*_missing(answers), *_wrong_days(answers, now)]
    if faults:
        raise Invalid.together(faults)


def _missing(answers: Answers) -> Iterator[Invalid]:
    for field, words in _IN_WORDS.items():
        if len(getattr(answers, field)) < 3:
            yield Invalid(f"The {words} is missing; write it before you submit.", field=field)
        elif field == "lay_summary":
            yield from _wrong_summary(answers.lay_summary)


def _wrong_summary(text: str) -> Iterator[Invalid]:
    count = len(text.split())
    if count < LAY_SUMMARY_WORDS:
        yield Invalid(
            f"The lay summary has {count} words; explain the project to the public in at least {LAY_SUMMARY_WORDS}.",
            field="lay_summary",
        )
    try:
        check_lay_summary(text)
    except Invalid as fault:
        yield fault


def _wrong_days(answers: Answers, now: datetime) -> Iterator[Invalid]:
    if answers.end < answers.start:
        yield Invalid("The last day lies before the first; correct the dates.", field="end")
    elif end_of(answers.end) <= now:
        yield Invalid("The last day has passed; give a later one.", field="end")
    elif end_of(answers.end) - start_of(answers.start) > _LONGEST_PROJECT:
        yield Invalid("A project lasts ten years at most; extend it when the time comes.", field="end")
    if end_of(answers.ethics_until) <= max(now, start_of(answers.start)):
        yield Invalid("The ethics approval ends before the project starts; renew it first.", field="ethics_until")


def check_datasets(dataset_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the datasets asked for: at least one, each once."""
    chosen = tuple(dict.fromkeys(check_id(dataset_id, field="datasets") for dataset_id in dataset_ids))
    if not 1 <= len(chosen) <= _MOST_DATASETS:
        raise Invalid(f"Ask for between 1 and {_MOST_DATASETS} datasets.", field="datasets")
    return chosen


def check_justifications(justifications: Mapping[str, str], custodians: Iterable[str]) -> dict[str, str]:
    """Return what is written for single custodians, all of whom must be asked for something."""
    known = set(custodians)
    for custodian_id, text in justifications.items():
        if custodian_id not in known:
            raise Invalid("A justification names a custodian that is not asked for a dataset.", field="justifications")
        if len(text) > 20_000:
            raise Invalid("A justification is longer than 20,000 characters; shorten it.", field="justifications")
    return {custodian_id: text.strip() for custodian_id, text in justifications.items()}


def check_agreement_end(agreement_until: date | None, *, terms_until: datetime, now: datetime) -> datetime:
    """Return the first moment after an agreement's last day: mandatory, ahead, no later than the terms reach."""
    if agreement_until is None:
        raise Invalid("Give the agreement's last day: everything granted has an end.", field="agreement_until")
    until = end_of(agreement_until)
    if until <= now:
        raise Invalid("The agreement's last day has passed; give a later one.", field="agreement_until")
    if until > terms_until:
        raise Invalid(
            f"Your terms end on {last_day_in_words(terms_until)}; the agreement cannot last longer. "
            "Choose an earlier day or publish new terms.",
            field="agreement_until",
        )
    return until


def check_later_day(day: date, *, than: datetime, now: datetime, field: str) -> datetime:
    """Return the first moment after ``day`` if it lies ahead and after what holds already."""
    until = end_of(day)
    if until <= now or until <= than:
        raise Invalid(f"Give a day after {last_day_in_words(max(than, now))}.", field=field)
    return until


def check_extension(project: Project, end: date, now: datetime) -> datetime:
    """Return the first moment after a project's new last day: later than now, within ethics and every agreement."""
    until = check_later_day(end, than=project.end, now=now, field="end")
    if until > project.ethics_until:
        raise Invalid(
            f"The ethics approval ends on {last_day_in_words(project.ethics_until)}; have its renewal recorded first.",
            field="end",
        )
    active = [grant for grant in project.grants if grant.state is GrantState.ACTIVE]
    if not active:
        raise NotPossible("Nothing is granted to this project any more; apply for a new one.")
    first = min(active, key=_agreement_until)
    if until > first.agreement_until:
        raise Invalid(
            f"An agreement ends on {last_day_in_words(first.agreement_until)}; ask its custodian to renew it first.",
            field="end",
        )
    return until


def _agreement_until(grant: Grant) -> datetime:
    return grant.agreement_until


def outcome(parts: Iterable[PartState]) -> ApplicationState:
    """Return what an application becomes by its custodians' decisions; it waits while one of them does."""
    states = set(parts)
    if states & {PartState.WAITING, PartState.RETURNED}:
        return ApplicationState.SUBMITTED
    if PartState.APPROVED in states:
        return ApplicationState.DECIDED
    return ApplicationState.REFUSED if PartState.REFUSED in states else ApplicationState.WITHDRAWN


def parts_due(state: ApplicationState, parts: Iterable[CustodianPart]) -> datetime | None:
    """Return until when the last of the parts that wait should have been acted on."""
    if state is not ApplicationState.SUBMITTED:
        return None
    waiting = (PartState.WAITING, PartState.RETURNED)
    return max((part.due_at for part in parts if part.state in waiting and part.due_at), default=None)


def seen_by_officer(application: Application, custodians: frozenset[str]) -> Application:
    """Return the application as an officer sees it: his parts only, and a state that tells nothing of the others.

    Nor does how often it was submitted: somebody else may have asked for changes. Where his custodian refused, or is
    asked no longer, the application stays as it was then: what became of the rest is not his business.
    """
    parts = tuple(part for part in application.parts if part.custodian_id in custodians)
    application = replace(application, parts=parts, revision=min(application.revision, 1), deciders=frozenset())
    own = outcome(part.state for part in parts)
    since = max((part.decided_at for part in parts if part.decided_at), default=application.state_since)
    with_all = application.state is own is ApplicationState.WITHDRAWN and since >= application.state_since
    if own in {ApplicationState.REFUSED, ApplicationState.WITHDRAWN} and not with_all:
        return replace(application, state=own, state_since=since, deadline=None, project_id=None, reason="")
    if own is ApplicationState.DECIDED and application.state in {ApplicationState.SUBMITTED, own}:
        return replace(application, state=own, state_since=since, deadline=None)
    return replace(application, deadline=parts_due(application.state, parts) or application.deadline)


def was_submitted(application: Application) -> bool:
    """Say whether an application ever left its writers' hands; a draft may also be withdrawn."""
    if application.state is ApplicationState.WITHDRAWN:
        return application.revision > 0
    return application.state not in {ApplicationState.DRAFT, ApplicationState.LAPSED}


def fingerprint(application: Application) -> str:
    """Return the SHA-256 over what was submitted: shared answers, datasets and justifications."""
    answers = application.answers
    lines = [str(value) for name, value in sorted(vars(answers).items()) if name != "members"]
    lines += [*sorted(answers.members)]
    for part in sorted(application.parts, key=_custodian):
        lines += [part.custodian_id, *sorted(part.dataset_ids), part.justification]
    return hashlib.sha256(rfc8785.dumps(lines)).hexdigest()


def _custodian(part: CustodianPart) -> str:
    return part.custodian_id


def approved_parts(parts: Iterable[CustodianPart]) -> tuple[CustodianPart, ...]:
    """Return the parts that were approved."""
    return tuple(part for part in parts if part.state is PartState.APPROVED)
