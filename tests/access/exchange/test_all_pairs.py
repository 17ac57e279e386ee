"""Four custodians in one application: for every pair, one reads nothing of the other, wherever it looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator.access.exchange.model import Opinion
from orchestrator.access.forms.model import FormItem, Kind, Question, Section
from orchestrator.audit.store import NoticeRow
from orchestrator.core.errors import NotFound, OrchestratorError, Refused
from tests import deciding
from tests.deciding import SOMETHING

World = Any

NAMES = ("a", "b", "c", "d")


def mark(name: str) -> str:
    """A word that stands in everything of one custodian and in nothing of any other."""
    return f"zq{name}qz"


def found_custodian(world: World, name: str) -> None:
    world.register(f"officer_{name}")
    custodian = world.alliance.register_custodian(world.actor("operator"), f"Trust {name}")
    world.custodians[name] = custodian.custodian_id
    world.give(f"officer_{name}", "custodian", custodian_id=custodian.custodian_id)
    world.publish_terms(name)
    world.datasets[name] = world.dataset(name)
    world.version(name)


@pytest.fixture
def four(world: World) -> World:
    """Every custodian asks, comments, notes, wants changes, hears a panel; some decide. All of it bears its mark."""
    for name in ("c", "d"):
        found_custodian(world, name)
    for name in NAMES:
        _ask(world, name)
    lead = world.actor("lead")
    made = world.access.draft(
        lead,
        world.answers(),
        [world.datasets[name] for name in NAMES],
        justifications={world.custodians[name]: f"Justified {mark(name)}." for name in NAMES},
    )
    world.application = made.application_id
    answers = {f"own-{name}": f"Answered {mark(name)}." for name in NAMES}
    world.access.answers.answer(lead, made.application_id, answers | {"public-benefit": "All gain."})
    world.access.submit(lead, made.application_id)
    for name in NAMES:
        _deal(world, name)
    world.decide_with = lambda name, **more: deciding.decide(
        world.access, world.actor(f"officer_{name}"), world.application, world.custodians[name], **more
    )
    world.decide_with("a", approve=True, reason=f"Approved {mark('a')}.", agreement_until=world.day(200))
    world.decide_with("b", approve=False, reason=f"Refused {mark('b')}.")
    return world


def _ask(world: World, name: str) -> None:
    officer, custodian = world.actor(f"officer_{name}"), world.custodians[name]
    own = Question(
        question_id=f"own-{name}",
        owner=custodian,
        section=Section.DATA,
        title=f"Asked {mark(name)}?",
        guidance=f"Guided {mark(name)}.",
        kind=Kind.TEXT,
    )
    world.access.forms.define(officer, own)
    items = [
        FormItem(question_id="public-benefit", version=0, guidance=f"Shared guidance {mark(name)}."),
        FormItem(question_id=f"own-{name}", version=0, required=True),
    ]
    world.access.forms.publish(officer, custodian, items, panel=1)
    world.register(f"lay_{name}")
    world.access.panels.add(officer, custodian, world.people[f"lay_{name}"])


def _deal(world: World, name: str) -> None:
    officer, custodian = world.actor(f"officer_{name}"), world.custodians[name]
    talks, application = world.access.talks, world.application
    talks.comment(officer, application, custodian, f"Commented {mark(name)}.", question_id=f"own-{name}")
    talks.comment(officer, application, custodian, f"Noted {mark(name)}.", internal=True)
    talks.comment(world.actor("lead"), application, custodian, f"Replied {mark(name)}.")
    deciding.ask_changes(
        world.access,
        officer,
        application,
        custodian,
        f"Changed {mark(name)}.",
        questions=[f"own-{name}"],
        fields=["justification"],
    )
    world.access.answers.answer(world.actor("lead"), application, {f"own-{name}": f"Anew {mark(name)}."})
    world.access.changes.answer_changes(
        world.actor("lead"),
        application,
        custodian,
        f"Sent {mark(name)}.",
        fields={"justification": f"Justified anew {mark(name)}."},
    )
    lay = world.actor(f"lay_{name}")
    deciding.advise(world.access, lay, application, custodian, Opinion.SUPPORT, f"Advised {mark(name)}.")


def everything(world: World, name: str) -> str:
    """All that an officer can get of his own: what every call of the service that takes an actor answers."""
    access, application, own = world.access, world.application, world.custodians[name]
    actor = world.actor(f"officer_{name}")
    calls: list[Callable[[], object]] = [
        lambda: access.application(actor, application),
        lambda: access.applications(actor),
        lambda: access.parts_to_decide(actor),
        lambda: access.projects(actor),
        lambda: access.answers.sheet(actor, application),
        lambda: access.talks.comments(actor, application, own),
        lambda: access.talks.course(actor, application, own),
        lambda: access.changes.change_requests(actor, application, own),
        lambda: access.panels.advice(actor, application, own),
        lambda: access.panels.members(actor, own),
        lambda: access.panels.waiting(actor),
        lambda: access.forms.questions(actor, custodian_id=own),
        lambda: access.forms.forms(actor, own),
        lambda: access.panels.part(world.actor(f"lay_{name}"), application, own),
        lambda: access.panels.waiting(world.actor(f"lay_{name}")),
    ]
    return "\n".join(repr(call()) for call in calls)


def test_for_every_pair_one_custodian_reads_nothing_of_the_other(four: World) -> None:
    seen = {name: everything(four, name) for name in NAMES}
    for own in NAMES:
        for word in ("Asked", "Guided", "Shared guidance", "Anew", "Commented", "Noted", "Replied", "Changed", "Sent",
                     "Advised", "Justified anew"):  # fmt: skip
            assert f"{word} {mark(own)}" in seen[own], f"{own} sees its own: {word}"
    for own, other in permutations(NAMES, 2):
        hidden = [mark(other), four.custodians[other], four.datasets[other], f"own-{other}"]
        hidden += [four.people[f"officer_{other}"], four.people[f"lay_{other}"]]
        for word in hidden:
            assert word not in seen[own], (own, other, word)


def about(world: World, own: str, other: str) -> list[Callable[[], object]]:
    """Return every call that an officer, or his lay panel, could try on the part of another custodian."""
    access, application = world.access, world.application
    actor, lay, theirs = world.actor(f"officer_{own}"), world.actor(f"lay_{own}"), world.custodians[other]
    return [
        lambda: access.talks.comments(actor, application, theirs),
        lambda: access.talks.comment(actor, application, theirs, "Hello"),
        lambda: access.talks.course(actor, application, theirs),
        lambda: access.changes.change_requests(actor, application, theirs),
        lambda: access.changes.ask_changes(
            actor, application, theirs, "Why?", read=SOMETHING, questions=["public-benefit"]
        ),
        lambda: access.changes.answer_changes(actor, application, theirs),
        lambda: access.changes.withdraw_part(actor, application, theirs),
        lambda: access.panels.advice(actor, application, theirs),
        lambda: access.panels.part(lay, application, theirs),
        lambda: access.panels.advise(lay, application, theirs, Opinion.SUPPORT, "Good.", read=SOMETHING),
        lambda: access.forms.form(actor, theirs),
        lambda: access.forms.questions(actor, custodian_id=theirs),
        lambda: access.forms.question(actor, f"own-{other}"),
        lambda: access.panels.members(actor, theirs),
        lambda: access.decide(actor, application, theirs, approve=False, reason="Not ours", read=SOMETHING),
    ]


@pytest.mark.parametrize(("own", "other"), list(permutations(NAMES, 2)))
def test_for_every_pair_every_call_about_the_others_part_tells_of_nothing(four: World, own: str, other: str) -> None:
    for call in about(four, own, other):
        with pytest.raises((NotFound, Refused)) as refusal:
            call()
        said = " ".join([refusal.value.message, *getattr(refusal.value, "reasons", ())])
        for word in (mark(other), f"Trust {other}", four.custodians[other], four.datasets[other]):
            assert word not in said


def test_what_an_officer_is_told_names_nothing_but_the_application(four: World) -> None:
    with four.record.read() as session:
        rows = list(session.scalars(select(NoticeRow)))
    for name in NAMES:
        mine = {(row.kind, row.subject) for row in rows if row.person_id == four.people[f"officer_{name}"]}
        assert mine
        allowed = {f"application:{four.application}", f"custodian:{four.custodians[name]}"}
        about = {subject for kind, subject in mine if not kind.startswith(("role", "person", "holding"))}
        assert about <= allowed, name


def test_a_decision_of_one_moves_nothing_that_another_sees(four: World) -> None:
    before = {name: everything(four, name) for name in NAMES}
    four.decide_with("c", approve=True, reason=f"Approved {mark('c')}.", agreement_until=four.day(100))
    for name in ("a", "b", "d"):
        assert everything(four, name) == before[name]
    four.decide_with("d", approve=False, reason=f"Refused {mark('d')}.")
    for name in ("a", "b"):
        assert everything(four, name) == before[name]
    project = deciding.approve_project(four.access, four.actor("operator"), four.application)
    assert everything(four, "b") == before["b"]
    for own, other in permutations(("a", "c"), 2):
        shown = repr(four.access.project(four.actor(f"officer_{own}"), project.project_id))
        assert four.custodians[other] not in shown
        assert four.datasets[other] not in shown
    with pytest.raises(OrchestratorError):
        four.access.project(four.actor("officer_b"), project.project_id)


def test_the_log_is_for_operators_and_holds_none_of_their_words(four: World) -> None:
    from orchestrator.audit.service import AuditService
    from orchestrator.policy.model import SITE

    entries = "\n".join(AuditService(four.record).entries(limit=10_000))
    for name in NAMES:
        assert mark(name) not in entries
        policy = four.access._policy
        assert not policy.may(four.actor(f"officer_{name}"), "readAudit", SITE)
    assert len(json.loads(f"[{','.join(entries.splitlines())}]")) > 50
