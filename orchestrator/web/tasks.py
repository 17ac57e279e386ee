"""What waits for a person, for the first page."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.access.model import Application, ApplicationState, PartState
from orchestrator.airlock.states import State
from orchestrator.alliance.onboarding.model import ConditionsState, DepartureState
from orchestrator.core.errors import NotPossible

from .visits import Visit

__all__ = ["Task", "tasks_of"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One thing to do."""

    title: str
    words: str
    href: str


def tasks_of(visit: Visit) -> list[Task]:
    """List what this person is waited for, in all his roles."""
    tasks = [*_research(visit)]
    if visit.is_officer:
        tasks += _alliance(visit)
        tasks += _count(len(visit.house.access.parts_to_decide(visit.actor)), "application", "to decide", "/decisions")
    if visit.is_judge or visit.is_officer or visit.is_operator:
        tasks += _count(len(visit.house.airlock.tasks(visit.actor)), "submission", "to check or decide", "/reviews")
    if visit.is_operator or visit.is_officer:
        pieces = visit.house.evidence.waiting(visit.actor)
        tasks += _count(len(pieces), "document", "to verify", "/evidence")
    if visit.is_concierge:
        waiting = visit.house.enquiries.enquiries(visit.actor, waiting=True)
        own = visit.person.person_id
        mine = [each for each in waiting if each.asker_id != own and each.colleague_id in (None, own)]
        tasks += _count(len(mine), "enquiry", "to answer", "/enquiries")
    if visit.is_operator:
        decided = [a for a in visit.house.access.applications(visit.actor) if a.state is ApplicationState.DECIDED]
        tasks += _count(len(decided), "application", "to approve as a project", "/applications")
    return tasks


def _alliance(visit: Visit) -> list[Task]:
    """List what keeps an officer's custodians from granting: conditions to accept, terms to publish."""
    tasks, house = [], visit.house
    published = [each.version for each in house.onboarding.conditions() if each.state is ConditionsState.PUBLISHED]
    for custodian_id in sorted(visit.actor.custodians):
        joined, name = house.onboarding.joined(custodian_id), house.alliance.custodian(custodian_id).name
        if joined.departure is not None and joined.departure.state is DepartureState.LEFT:
            continue
        if published and joined.conditions_accepted != max(published):
            words = f"{name} has not accepted version {max(published)}; accept it so that {name} can go on granting."
            tasks.append(Task(title="Standard conditions to accept", words=words, href="/alliance"))
        try:
            house.alliance.current_terms(custodian_id)
        except NotPossible:
            words = f"{name} has no terms in force, so nothing of it can be granted."
            tasks.append(Task(title="Terms to publish", words=words, href=f"/custodians/{custodian_id}"))
    return tasks


def _research(visit: Visit) -> list[Task]:
    tasks = []
    mine = visit.house.access.applications(visit.actor)
    drafts = [a for a in mine if a.state is ApplicationState.DRAFT and a.applicant_id == visit.person.person_id]
    tasks += _count(len(drafts), "application", "still a draft", "/applications")
    returned = [a for a in mine if a.applicant_id == visit.person.person_id and _returned(a)]
    tasks += _count(len(returned), "application", "waiting for your changes", "/applications")
    advice = visit.house.access.panels.waiting(visit.actor)
    tasks += _count(len(advice), "application", "waiting for your advice as a lay member", "/panel")
    waiting = [s for s in visit.house.airlock.mine(visit.actor) if s.state in (State.RETURNED, State.BLOCKED)]
    tasks += _count(len(waiting), "submission", "to correct", "/submissions")
    released = [s for s in visit.house.airlock.mine(visit.actor) if s.state is State.RELEASED]
    tasks += _count(len(released), "submission", "released: collect the files", "/submissions")
    news = sum(each.unseen for each in visit.house.saved_searches.mine(visit.actor))
    tasks += _count(news, "change", "in what your saved searches find", "/saved-searches")
    return tasks


def _returned(application: Application) -> bool:
    return any(part.state is PartState.RETURNED for part in application.parts)


_PLURALS = {"enquiry": "enquiries"}


def _count(number: int, noun: str, rest: str, href: str) -> list[Task]:
    if not number:
        return []
    nouns = noun if number == 1 else _PLURALS.get(noun, f"{noun}s")
    return [Task(title=f"{number} {nouns}", words=rest[0].upper() + rest[1:] + ".", href=href)]
