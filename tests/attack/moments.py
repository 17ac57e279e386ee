"""Moments of the filled house in which somebody may do what its own state does not permit: what led to each, for real.

Each moment names the addresses that it makes possible. ``things``, ``fields`` and ``document`` are what is sent instead
of what ``bodies`` says, where the moment needs other words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.access.forms.model import FormItem, Kind, Question, Section
from orchestrator.airlock.cases.model import Gravity
from orchestrator.airlock.fakes import FakeInspector
from orchestrator.airlock.model import Choice, Finding, Severity, Submission
from orchestrator.airlock.worker import Worker
from orchestrator.alliance.accreditation.checklist import Subject
from orchestrator.core.events import Event
from orchestrator.discovery.harvest.model import EndpointState, PullState
from orchestrator.discovery.harvest.store import EndpointRow, PullRow
from tests.attack.intruders import Filled, _draft
from tests.web.world import day, moment

__all__ = ["ELSEWHERE", "LEAVES_NOTHING", "MOMENTS", "Moment"]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What has happened, and what somebody may do then."""

    lead: Callable[[Filled], None]
    makes_possible: tuple[str, ...]
    things: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] | None = None
    document: Mapping[str, Any] | None = None


def _nothing(_: Filled) -> None:
    """The house as it is."""


# ---- people ---------------------------------------------------------------------------------------------------------


def _suspended(made: Filled) -> None:
    made.world.house.identity.suspend(made.world.actor("operator"), made.own["fresh"], "A question came up.")


def _resume_proposed(made: Filled) -> None:
    _suspended(made)
    made.world.house.identity.propose_resume(made.world.actor("operator"), made.own["fresh"])


def _role_held(made: Filled) -> None:
    made.world.house.identity.confirm_role(made.world.actor("second operator"), made.own["holding_id"])


def _end_proposed(made: Filled) -> None:
    _role_held(made)
    made.world.house.identity.propose_end_role(made.world.actor("operator"), made.own["holding_id"])


# ---- custodians -----------------------------------------------------------------------------------------------------


def _new_terms(made: Filled) -> None:
    world = made.world
    world.house.alliance.publish_terms(
        world.actor("officer"), made.own["custodian_id"], text="Anew.", valid_until=moment(350)
    )


def _no_conditions(made: Filled) -> None:
    made.world.house.onboarding.withdraw_conditions(made.world.actor("operator"), 1)


def _conditions(made: Filled) -> None:
    made.world.house.onboarding.publish_conditions(made.world.actor("second operator"), 1)


def _staying(made: Filled) -> None:
    made.world.house.onboarding.withdraw_departure(made.world.actor("officer"), made.own["departure_id"])


def _no_case(made: Filled) -> None:
    made.world.house.accreditation.withdraw(made.world.actor("officer"), made.own["case_id"])


def _complete(made: Filled) -> None:
    world, service, case = made.world, made.world.house.accreditation, made.own["case_id"]
    for item in service.checklists[Subject.CUSTODIAN].items:
        if item.needed:
            given = service.give_evidence(world.actor("officer"), case, item.key, "Shelf 3", moment(200))
            service.verify(world.actor("operator"), given.evidence[-1].evidence_id)


def _handed_in(made: Filled) -> None:
    _complete(made)
    made.world.house.accreditation.submit(made.world.actor("officer"), made.own["case_id"])


def _recommended(made: Filled) -> None:
    _handed_in(made)
    made.world.house.accreditation.recommend(made.world.actor("operator"), made.own["case_id"])


def _accredited(made: Filled) -> None:
    _recommended(made)
    made.world.house.accreditation.confirm(made.world.actor("second operator"), made.own["case_id"])


def _endpoint(state: EndpointState, pull: PullState = PullState.DONE) -> Callable[[Filled], None]:
    """The endpoint as a pull left it; nothing is asked of the network here."""

    def lead(made: Filled) -> None:
        with made.world.house.record.change() as change:
            change.session.get_one(EndpointRow, made.own["endpoint_id"]).state = state.value
            change.session.get_one(PullRow, made.own["pull_id"]).state = pull.value
            change.tell(Event(kind="pull.done", actor="system:test", subject=f"endpoint:{made.own['endpoint_id']}"))

    return lead


# ---- applications, evidence, money ----------------------------------------------------------------------------------


def _for_the_register(made: Filled) -> None:
    """An application that was handed in with an answer that everybody will read."""
    world, access, north = made.world, made.world.house.access, made.own["custodian_id"]
    officer, lead = world.actor("officer"), world.actor("researcher")
    asked = Question(
        question_id="benefit",
        owner=north,
        section=Section.PROJECT,
        title="Who gains?",
        guidance="",
        kind=Kind.TEXT,
        register="public_benefit",
    )
    access.forms.define(officer, asked)
    item = FormItem(question_id=asked.question_id, version=0, required=False, guidance="")
    access.forms.publish(officer, north, [item], panel=1)
    made.own["submitted"] = application = _draft(world, "For the register")
    access.answers.answer(lead, application, {asked.question_id: "Everybody gains."})
    access.submit(lead, application)


def _unanswered(made: Filled) -> None:
    made.own["draft"] = _draft(made.world, "A new one")


def _suggested(made: Filled) -> None:
    world = made.world
    world.house.enquiries.suggest(
        world.actor("concierge"), made.own["enquiry_id"], made.own["dataset_id"], "It has wards."
    )


def _verified(made: Filled) -> None:
    made.world.house.evidence.verify(
        made.world.actor("operator"), made.own["evidence_id"], file_sha256=made.own["letter sha256"]
    )


def _no_document(made: Filled) -> None:
    lead = made.world.actor("researcher")
    piece = made.world.house.evidence.record(
        lead, made.world.application, "dpia", reference="D-3", valid_from=day(-1), valid_until=day(100)
    )
    made.own["evidence_id"] = piece.evidence_id


def _offered(made: Filled) -> None:
    made.world.house.billing.offer_quote(made.world.actor("officer"), made.own["asked quote"])
    made.own["quote_id"] = made.own["asked quote"]


def _credited(made: Filled) -> None:
    made.world.house.billing.credit(made.world.actor("officer"), made.own["invoice_id"], reason="Wrong.")


# ---- the project ----------------------------------------------------------------------------------------------------


def _project_suspended(made: Filled) -> None:
    made.world.house.access.suspend_project(made.world.actor("operator"), made.world.project, "A question came up.")


def _asleep(made: Filled) -> None:
    made.world.house.workspaces.sleep(made.world.actor("researcher"), made.world.project)


# ---- the airlock ----------------------------------------------------------------------------------------------------


def _now(made: Filled, submission: Submission) -> None:
    """Say which results it is about now, and what of them was seen."""
    view = made.world.house.airlock.view(made.world.actor("researcher"), submission.submission_id)
    made.own |= {"submission_id": submission.submission_id, "seen": str(view.submission.version)}


def _decided(*choices: Choice) -> Callable[[Filled], None]:
    """Results of which two checkers, who are none of those that try, have said their view."""

    def lead(made: Filled) -> None:
        submission = made.world.in_review({"ages.csv": b"arm,n\nplacebo,120\ntreated,118\n"})
        for name, choice in zip(("second checker", "third checker"), choices, strict=True):
            made.world.review(name, submission, choice, "My view.")
        _now(made, submission)

    return lead


def _appealed(made: Filled) -> None:
    _decided(Choice.REJECT, Choice.REJECT)(made)
    lead = made.world.actor("researcher")
    submission = made.world.house.airlock.appeal(lead, made.own["submission_id"], reason="They are means.")
    _now(made, made.world.house.airlock.view(lead, submission.submission_id).submission)


def _blocked(made: Filled) -> None:
    world = made.world
    submission, worker = world.submitted(), world.worker()
    found = Finding(rule="test", severity=Severity.BLOCK, where="", message="A row of a person.", guidance="")
    inspector = FakeInspector(extra=[found])
    blocking = Worker.of(world.house.airlock_desk, worker.intake._sessions, inspector, worker.releasing._signer)
    blocking.scanning.scan(submission.submission_id)
    _now(made, submission)


def _override_asked(made: Filled) -> None:
    _blocked(made)
    lead = made.world.actor("researcher")
    made.world.house.airlock.ask_override(lead, made.own["submission_id"], reason="Simulated.")
    _now(made, made.world.house.airlock.view(lead, made.own["submission_id"]).submission)


def _recall_asked(made: Filled) -> None:
    world, lead = made.world, made.world.actor("researcher")
    released = made.own["released"]
    world.house.airlock.recall(world.actor("second checker"), released, reason="Seen late.", gravity=Gravity.LOW)
    _now(made, world.house.airlock.view(lead, released).submission)


def _opened(made: Filled) -> None:
    opened = made.world.house.airlock.open_file(
        made.world.actor("checker"), made.own["submission_id"], made.own["file_id"]
    ).file
    made.own["binding"] = opened.binding


def _voted(made: Filled) -> None:
    """The checker has said a view of every file and not handed it in."""
    world, airlock, actor = made.world, made.world.house.airlock, made.world.actor("checker")
    submission = world.in_review({"ages.csv": b"arm,n\nplacebo,120\ntreated,118\n"})
    for file in submission.outputs:
        opened = airlock.open_file(actor, submission.submission_id, file.file_id).file
        seen = [each.key for each in opened.findings if each.needs_answer]
        airlock.vote(
            actor,
            submission.submission_id,
            file.file_id,
            choice=Choice.APPROVE,
            comment="Fine.",
            binding=opened.binding,
            acknowledged=seen,
        )
    _now(made, submission)


def _claimed(made: Filled) -> None:
    made.world.house.airlock.claim(made.world.actor("checker"), made.own["submission_id"])


def _held(made: Filled) -> None:
    made.world.house.airlock.hold(made.world.actor("operator"), made.own["submission_id"], reason="An incident.")


MOMENTS: dict[str, Moment] = {
    "a person was suspended": Moment(
        lead=_suspended, makes_possible=("POST /people/{person_id}/resume",), things={"person_id": "fresh"}
    ),
    "somebody's return was proposed": Moment(
        lead=_resume_proposed,
        makes_possible=("POST /people/{person_id}/confirm-resume",),
        things={"person_id": "fresh"},
    ),
    "a role is held": Moment(lead=_role_held, makes_possible=("POST /roles/{holding_id}/end",)),
    "a role's end was proposed": Moment(lead=_end_proposed, makes_possible=("POST /roles/{holding_id}/confirm-end",)),
    "a custodian published new terms": Moment(
        lead=_new_terms,
        makes_possible=("POST /account/terms", "POST /api/v1/custodians/{custodian_id}/terms/{version}/accept"),
        things={"version": "3"},
        fields={"custodian": "<custodian_id>", "version": "3"},
    ),
    "no conditions wait": Moment(lead=_no_conditions, makes_possible=("POST /alliance/conditions",)),
    "conditions were published": Moment(
        lead=_conditions, makes_possible=("POST /alliance/conditions/{version}/accept",)
    ),
    "nobody leaves": Moment(lead=_staying, makes_possible=("POST /alliance/departures",)),
    "the custodian has no case": Moment(lead=_no_case, makes_possible=("POST /alliance/cases",)),
    "everything of a case is shown": Moment(lead=_complete, makes_possible=("POST /alliance/cases/{case_id}/submit",)),
    "a case was handed in": Moment(
        lead=_handed_in,
        makes_possible=(
            "POST /alliance/cases/{case_id}/recommend",
            "POST /alliance/cases/{case_id}/return",
            "POST /alliance/cases/{case_id}/refuse",
        ),
    ),
    "a case was recommended": Moment(lead=_recommended, makes_possible=("POST /alliance/cases/{case_id}/confirm",)),
    "a custodian is accredited": Moment(
        lead=_accredited,
        makes_possible=("POST /alliance/cases/{case_id}/suspend", "POST /alliance/cases/{case_id}/end"),
    ),
    "an endpoint is new": Moment(
        lead=_endpoint(EndpointState.REGISTERED),
        makes_possible=("POST /endpoints/{endpoint_id}/test", "POST /api/v1/endpoints/{endpoint_id}/test"),
    ),
    "an endpoint was tested": Moment(
        lead=_endpoint(EndpointState.TESTED),
        makes_possible=("POST /endpoints/{endpoint_id}/enable", "POST /api/v1/endpoints/{endpoint_id}/enable"),
    ),
    "an endpoint is pulled": Moment(
        lead=_endpoint(EndpointState.ENABLED),
        makes_possible=(
            "POST /endpoints/{endpoint_id}/pull",
            "POST /endpoints/{endpoint_id}/pause",
            "POST /api/v1/endpoints/{endpoint_id}/pulls",
            "POST /api/v1/endpoints/{endpoint_id}/pause",
        ),
    ),
    "an endpoint pauses": Moment(
        lead=_endpoint(EndpointState.PAUSED),
        makes_possible=("POST /endpoints/{endpoint_id}/resume", "POST /api/v1/endpoints/{endpoint_id}/resume"),
    ),
    "a pull waits for a decision": Moment(
        lead=_endpoint(EndpointState.ENABLED, PullState.HELD),
        makes_possible=("POST /pulls/{pull_id}/decide", "POST /api/v1/pulls/{pull_id}/decide"),
    ),
    "an application was handed in": Moment(
        lead=_for_the_register,
        makes_possible=(
            "POST /applications/{application_id}/parts/{custodian_id}/register/{key}",
            "POST /api/v1/applications/{application_id}/parts/{custodian_id}/register",
        ),
        things={"application_id": "submitted"},
    ),
    "an application answers nothing yet": Moment(
        lead=_unanswered,
        makes_possible=(
            "POST /applications/{application_id}/reuse",
            "POST /api/v1/applications/{application_id}/reuse",
        ),
    ),
    "an enquiry was answered with a dataset": Moment(
        lead=_suggested,
        makes_possible=("POST /enquiries/{enquiry_id}/apply", "POST /api/v1/enquiries/{enquiry_id}/application"),
    ),
    "a piece of evidence waits": Moment(
        lead=_nothing,
        makes_possible=("POST /evidence/{evidence_id}/verify",),
        fields={"file_sha256": "<letter sha256>"},
    ),
    "a piece of evidence was verified": Moment(
        lead=_verified,
        makes_possible=("POST /evidence/{evidence_id}/revoke", "POST /api/v1/evidence/{evidence_id}/revoke"),
    ),
    "a piece of evidence has no document": Moment(
        lead=_no_document,
        makes_possible=("POST /evidence/{evidence_id}/document", "PUT /api/v1/evidence/{evidence_id}/document"),
    ),
    "a quote was offered": Moment(
        lead=_offered,
        makes_possible=("POST /quotes/{quote_id}/accept", "POST /api/v1/quotes/{quote_id}/accept"),
    ),
    "an invoice was credited": Moment(
        lead=_credited,
        makes_possible=("POST /orders/{order_id}/invoices", "POST /api/v1/orders/{order_id}/invoices"),
    ),
    "a project was suspended": Moment(
        lead=_project_suspended,
        makes_possible=("POST /projects/{project_id}/resume", "POST /api/v1/projects/{project_id}/resume"),
    ),
    "a workspace sleeps": Moment(
        lead=_asleep,
        makes_possible=("POST /projects/{project_id}/open", "POST /api/v1/projects/{project_id}/workspace/open"),
    ),
    "a checker opened a file": Moment(
        lead=_opened,
        makes_possible=(
            "POST /reviews/{submission_id}/files/{file_id}/vote",
            "PUT /api/v1/reviews/{submission_id}/files/{file_id}/vote",
        ),
    ),
    "a checker voted on every file": Moment(
        lead=_voted,
        makes_possible=("POST /reviews/{submission_id}/submit", "POST /api/v1/reviews/{submission_id}/submit"),
    ),
    "two checkers disagree": Moment(
        lead=_decided(Choice.APPROVE, Choice.CHANGES),
        makes_possible=(
            "POST /reviews/{submission_id}/settle",
            "POST /api/v1/reviews/{submission_id}/settlement",
        ),
    ),
    "results were rejected": Moment(
        lead=_decided(Choice.REJECT, Choice.REJECT),
        makes_possible=("POST /submissions/{submission_id}/appeal", "POST /api/v1/submissions/{submission_id}/appeal"),
    ),
    "a rejection was appealed": Moment(
        lead=_appealed,
        makes_possible=(
            "POST /reviews/{submission_id}/appeal",
            "POST /api/v1/submissions/{submission_id}/appeal/decision",
        ),
    ),
    "the checks block results": Moment(
        lead=_blocked,
        makes_possible=(
            "POST /submissions/{submission_id}/override",
            "POST /api/v1/submissions/{submission_id}/override",
        ),
    ),
    "an override was asked for": Moment(
        lead=_override_asked,
        makes_possible=(
            "POST /reviews/{submission_id}/override",
            "POST /api/v1/submissions/{submission_id}/override/decision",
        ),
    ),
    "a recall was asked for": Moment(
        lead=_recall_asked,
        makes_possible=(
            "POST /reviews/{submission_id}/recall-decision",
            "POST /api/v1/submissions/{submission_id}/recall/decision",
        ),
    ),
    "a checker claimed a review": Moment(
        lead=_claimed, makes_possible=("DELETE /api/v1/reviews/{submission_id}/claim",)
    ),
    "an operator holds results": Moment(
        lead=_held, makes_possible=("POST /api/v1/submissions/{submission_id}/hold/end",)
    ),
}

LEAVES_NOTHING = {
    "POST /descriptions/check": "it only answers",
    "POST /api/v1/catalogue/check": "it only answers",
    "POST /api/v1/catalogue/search": "it only answers",
    "POST /api/v1/estimates": "it only answers",
    "POST /api/v1/uses/answers": "it only answers",
}
"""Acts that leave nothing in the record, whoever does them, and why."""

ELSEWHERE = {
    "POST /people/{person_id}/elsewhere": "a trusted hub must have signed a word of that person",
    "POST /api/v1/people/{person_id}/elsewhere/{hub_id}": "a trusted hub must have signed a word of that person",
    "POST /sign-in/development": "who signs in is nobody yet",
    "POST /api/v1/sign-on/ended": "the provider of sign-on calls it, with a token of its own",
    "POST /api/v1/applications/{application_id}/answers/take-out": "no question there is asked for each of several",
    "POST /account/visas": "the house has taken its one visa already, and takes it once",
    "POST /api/v1/visas": "the house has taken its one visa already, and takes it once",
    "POST /grants/{grant_id}/renew": "a grant is renewed within the terms' time, which is of its own room's tests",
    "POST /projects/{project_id}/extend": "every agreement must reach beyond the new end first",
    "POST /api/v1/projects/{project_id}/extend": "every agreement must reach beyond the new end first",
    "POST /submissions/{submission_id}/reject": "only what a scanner of the machine found is in quarantine",
}
"""Acts whose moment this house cannot be brought to, and why; their rooms' own tests show that they work."""
