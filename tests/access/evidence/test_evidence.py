"""Evidence: brought by some, verified by others, seen by whom it concerns; a grant holds as long as it does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from orchestrator.access.evidence.model import EVIDENCE_STATES, Evidence, EvidenceState
from orchestrator.access.evidence.store import EvidenceRow
from orchestrator.airlock.governance import LiveGovernance
from orchestrator.alliance.evidence import EVIDENCE_KINDS
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from tests.access.conftest import World
from tests.access.evidence.conftest import Bringing


def research(bringing: Bringing) -> str:
    return bringing.world.submitted().application_id


# ---- a grant hangs on it ---------------------------------------------------------------------------------------------


def test_a_grant_holds_while_what_its_custodian_asks_for_does(bringing: Bringing) -> None:
    world = bringing.world
    project = world.approved()
    assert world.held(project, "lead") == {"a", "b"}
    bringing.ask_for("a", "dpia")
    assert world.held(project, "lead") == {"b"}
    assert bringing.reasons(project, "a") == (
        "The terms of Trust a ask for a verified data protection impact assessment; "
        "bring it and have somebody else verify it.",
    )
    piece = bringing.bring(project.application_id, "dpia", days=20)
    assert world.held(project, "lead") == {"b"}
    bringing.verify(piece)
    assert world.held(project, "lead") == {"a", "b"}
    standing = world.access.standing(project.project_id)
    assert (
        next(each for each in standing.grants if each.custodian_id == world.custodians["a"]).until == piece.valid_until
    )
    assert standing.until == piece.valid_until
    world.clock.now = piece.valid_until - timedelta(microseconds=1)
    assert world.held(project, "lead") == {"a", "b"}
    world.clock.now = piece.valid_until
    assert world.held(project, "lead") == {"b"}
    assert "ended on 12 December 2026; renew it and have it verified." in bringing.reasons(project, "a")[0]


def test_revoking_stops_the_grant_at_once_and_tells_those_who_work(bringing: Bringing) -> None:
    world = bringing.world
    project = world.approved()
    bringing.ask_for("a", "dpia")
    piece = bringing.verify(bringing.bring(project.application_id, "dpia"))
    assert world.held(project, "member") == {"a", "b"}
    with pytest.raises(Refused):
        bringing.service.revoke(world.actor("lead"), piece.evidence_id, "I do not like it.")
    bringing.service.revoke(world.actor("operator2"), piece.evidence_id, "Withdrawn by its author.")
    assert world.held(project, "member") == {"b"}
    assert {"lead", "member"} <= bringing.told("evidence.revoked")


def test_pieces_that_follow_on_one_another_leave_no_gap(bringing: Bringing) -> None:
    world = bringing.world
    project = world.approved()
    bringing.ask_for("a", "dpia")
    first = bringing.verify(bringing.bring(project.application_id, "dpia", days=20))
    later = {"valid_from": world.day(21), "valid_until": world.day(90)}
    second = bringing.verify(bringing.bring(project.application_id, "dpia", **later))
    assert second.valid_from == first.valid_until
    grant = next(
        each for each in world.access.standing(project.project_id).grants if each.custodian_id == world.custodians["a"]
    )
    assert grant.until == second.valid_until


def test_a_piece_that_begins_later_counts_from_then(bringing: Bringing) -> None:
    world = bringing.world
    project = world.approved()
    bringing.ask_for("a", "dpia")
    piece = bringing.verify(
        bringing.bring(project.application_id, "dpia", valid_from=world.day(5), valid_until=world.day(50))
    )
    assert "begins to count on 27 November 2026" in bringing.reasons(project, "a")[0]
    assert world.access.standing(project.project_id).until == piece.valid_from
    world.clock.now = piece.valid_from
    assert world.held(project, "lead") == {"a", "b"}


def test_a_contract_made_with_one_custodian_counts_for_no_other(bringing: Bringing) -> None:
    world = bringing.world
    project = world.approved()
    for name in ("a", "b"):
        bringing.ask_for(name, "contract")
    piece = bringing.bring(project.application_id, "contract", custodian_id=world.custodians["a"])
    bringing.verify(piece, who="officer_a")
    assert world.held(project, "lead") == {"a"}


def test_research_relies_on_its_organisations_evidence(bringing: Bringing) -> None:
    world = bringing.world
    project = world.approved()
    bringing.ask_for("a", "dspt")
    piece = bringing.verify(bringing.of_organisation("University  of nowhere", who="stranger"))
    assert world.held(project, "lead") == {"b"}
    bringing.service.rely(world.actor("member"), project.application_id, piece.evidence_id)
    assert world.held(project, "lead") == {"a", "b"}
    world.clock.now = piece.valid_until
    assert world.held(project, "lead") == {"b"}


def test_relying_again_changes_nothing_and_others_organisations_do_not_count(bringing: Bringing) -> None:
    world = bringing.world
    application_id = research(bringing)
    piece = bringing.of_organisation("University of Nowhere")
    for _ in range(2):
        bringing.service.rely(world.actor("lead"), application_id, piece.evidence_id)
    with world.record.read() as session:
        kinds = list(session.scalars(select(EntryRow.kind).where(EntryRow.kind == "evidence.relied-on")))
    assert len(kinds) == 1
    other = bringing.of_organisation("University of Somewhere")
    with pytest.raises(Invalid, match="takes no part"):
        bringing.service.rely(world.actor("lead"), application_id, other.evidence_id)
    for who in ("officer_a", "stranger"):
        with pytest.raises((Refused, NotFound)):
            bringing.service.rely(world.actor(who), application_id, piece.evidence_id)
    bringing.service.take_back(world.actor("lead"), piece.evidence_id)
    with pytest.raises(NotPossible):
        bringing.service.rely(world.actor("lead"), application_id, piece.evidence_id)


def test_research_evidence_is_not_relied_on_elsewhere(bringing: Bringing) -> None:
    world = bringing.world
    one, two = research(bringing), research(bringing)
    piece = bringing.bring(one, "dpia")
    with pytest.raises(NotFound):
        bringing.service.rely(world.actor("lead"), two, piece.evidence_id)


def test_terms_that_ask_for_nothing_change_nothing_and_unknown_kinds_are_refused(bringing: Bringing) -> None:
    world = bringing.world
    with pytest.raises(Invalid) as refused:
        bringing.ask_for("a", "horoscope")
    assert refused.value.field == "evidence"
    bringing.ask_for("a", "ethics", "dpia", "dpia")
    assert world.alliance.current_terms(world.custodians["a"]).evidence == ("ethics", "dpia")


def test_nothing_leaves_the_project_while_it_is_missing(bringing: Bringing) -> None:
    world = bringing.world
    project = world.approved()
    governance = LiveGovernance(world.record, world.identity, world.alliance, world.access)

    def held() -> tuple[str, ...]:
        return governance.hold_reasons(project.project_id, world.people["lead"], since=world.now)

    assert held() == ()
    bringing.ask_for("a", "dpia")
    assert held() == bringing.reasons(project, "a")
    piece = bringing.verify(bringing.bring(project.application_id, "dpia"))
    assert held() == ()
    bringing.service.revoke(world.actor("operator2"), piece.evidence_id, "Withdrawn by its author.")
    assert held() == bringing.reasons(project, "a")
    world.access.withdraw_grant(world.actor("officer_a"), world.grant_id(project, "a"), "No longer wanted.")
    world.clock.advance(timedelta(seconds=1))
    assert held() == ()


# ---- two people ------------------------------------------------------------------------------------------------------


def test_nobody_verifies_what_he_brought_or_works_under(bringing: Bringing) -> None:
    world = bringing.world
    application_id = research(bringing)
    brought = bringing.bring(application_id, "dpia", who="operator")
    with pytest.raises(Refused, match="Nobody verifies"):
        bringing.verify(brought, who="operator")
    assert bringing.verify(brought, who="operator2").verified_by == world.people["operator2"]
    world.give("member", "operator")
    mine = bringing.bring(application_id, "ethics", who="lead")
    with pytest.raises(Refused, match="Nobody verifies"):
        bringing.verify(mine, who="member")


def test_the_database_itself_refuses_ones_own_verification(bringing: Bringing) -> None:
    world = bringing.world
    piece = bringing.bring(research(bringing), "dpia")
    with pytest.raises(IntegrityError), world.record.engine.begin() as connection:
        connection.execute(
            update(EvidenceRow)
            .where(EvidenceRow.evidence_id == piece.evidence_id)
            .values(state="verified", verified_by=piece.recorded_by)
        )


VERIFIERS = {
    "common": {"operator", "operator2"},
    "a": {"officer_a"},
    "b": {"officer_b"},
}


@pytest.mark.parametrize("made_with", VERIFIERS)
@pytest.mark.parametrize("who", ["operator", "operator2", "officer_a", "officer_b", "lead", "member", "stranger"])
def test_who_may_verify(bringing: Bringing, made_with: str, who: str) -> None:
    world = bringing.world
    custodian_id = world.custodians.get(made_with)
    kind = "contract" if custodian_id else "dpia"
    piece = bringing.bring(research(bringing), kind, custodian_id=custodian_id)
    assert (piece in bringing.service.waiting(world.actor(who))) is (who in VERIFIERS[made_with])
    if who in VERIFIERS[made_with]:
        assert bringing.verify(piece, who=who).state is EvidenceState.VERIFIED
    else:
        with pytest.raises((Refused, NotFound)):
            bringing.verify(piece, who=who)


SEES: dict[str, set[str]] = {
    "common": {"operator", "officer_a", "officer_b", "lead", "member"},
    "a": {"operator", "officer_a", "lead", "member"},
    "b": {"operator", "officer_b", "lead", "member"},
}


@pytest.mark.parametrize("made_with", SEES)
def test_no_custodian_sees_what_was_made_with_another(bringing: Bringing, made_with: str) -> None:
    world = bringing.world
    application_id = research(bringing)
    custodian_id = world.custodians.get(made_with)
    piece = bringing.bring(application_id, "contract" if custodian_id else "dpia", custodian_id=custodian_id)
    for who in ("operator", "officer_a", "officer_b", "lead", "member", "stranger"):
        actor = world.actor(who)
        if who in SEES[made_with]:
            assert bringing.service.evidence(actor, piece.evidence_id) == piece
            assert piece in bringing.service.of_application(actor, application_id)
            continue
        with pytest.raises(NotFound):
            bringing.service.evidence(actor, piece.evidence_id)
        if who != "stranger":
            assert bringing.service.of_application(actor, application_id) == []


def test_an_officer_sees_what_his_own_custodian_asks_for(bringing: Bringing) -> None:
    world = bringing.world
    bringing.ask_for("a", "dpia")
    bringing.ask_for("b", "ethics")
    application_id = research(bringing)
    seen = {
        who: [each.kind for each in bringing.service.required(world.actor(who), application_id)]
        for who in ("lead", "operator", "officer_a", "officer_b")
    }
    assert sorted(seen["lead"]) == sorted(seen["operator"]) == ["dpia", "ethics"]
    assert (seen["officer_a"], seen["officer_b"]) == (["dpia"], ["ethics"])
    with pytest.raises(NotFound):
        bringing.service.required(world.actor("stranger"), application_id)
    (one,) = bringing.service.required(world.actor("officer_a"), application_id)
    assert not one.holds
    assert one.sentence.endswith("verify it.")
    piece = bringing.verify(bringing.bring(application_id, "dpia"))
    (one,) = bringing.service.required(world.actor("officer_a"), application_id)
    assert (one.holds, one.until, one.sentence) == (True, piece.valid_until, "")


def test_a_drafts_evidence_is_not_shown_to_custodians_yet(bringing: Bringing) -> None:
    world = bringing.world
    draft = world.access.draft(world.actor("lead"), world.answers(), [world.datasets["a"]])
    piece = bringing.bring(draft.application_id, "dpia")
    with pytest.raises(NotFound):
        bringing.service.evidence(world.actor("officer_a"), piece.evidence_id)


# ---- what is brought -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("horoscope", {}, "evidence"),
        ("dspt", {}, "kind"),
        ("contract", {}, "custodian_id"),
        ("dpia", {"reference": " "}, "reference"),
        ("dpia", {"reference": "two\nlines"}, "reference"),
        ("dpia", {"reference": "x" * 201}, "reference"),
        ("dpia", {"file_sha256": "abc"}, "file_sha256"),
        ("dpia", {"file_sha256": "g" * 64}, "file_sha256"),
        ("dpia", {"days": -1}, "valid_until"),
        ("dpia", {"days": 4 * 366}, "valid_until"),
        ("dpia", {"custodian_id": "aaaaaaaaaaaaaaaa"}, "custodian_id"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_field(
    bringing: Bringing, kind: str, changes: dict[str, Any], field: str
) -> None:
    application_id = research(bringing)
    with pytest.raises(Invalid) as refused:
        bringing.bring(application_id, kind, **changes)
    assert refused.value.field == field
    assert bringing.service.mine(bringing.world.actor("lead")) == []


def test_the_last_day_may_not_lie_before_the_first(bringing: Bringing) -> None:
    world = bringing.world
    with pytest.raises(Invalid):
        bringing.bring(research(bringing), "dpia", valid_from=world.day(9), valid_until=world.day(8))


def test_an_organisations_kind_is_brought_for_an_organisation(bringing: Bringing) -> None:
    with pytest.raises(Invalid):
        bringing.of_organisation("University of Nowhere", "dpia")
    with pytest.raises(Invalid):
        bringing.of_organisation(" ")


def test_only_those_who_apply_or_operators_bring_common_evidence(bringing: Bringing) -> None:
    application_id = research(bringing)
    for who in ("stranger", "officer_a"):
        with pytest.raises((Refused, NotFound)):
            bringing.bring(application_id, "dpia", who=who)


def test_an_officer_brings_the_contract_and_a_colleague_verifies_it(bringing: Bringing) -> None:
    world = bringing.world
    application_id = research(bringing)
    piece = bringing.bring(application_id, "contract", who="officer_a", custodian_id=world.custodians["a"])
    with pytest.raises(Refused):
        bringing.verify(piece, who="officer_a")
    with pytest.raises(Refused):
        bringing.bring(application_id, "contract", who="officer_b", custodian_id=world.custodians["a"])
    world.give("stranger", "custodian", custodian_id=world.custodians["a"])
    assert bringing.verify(piece, who="stranger").state is EvidenceState.VERIFIED


def test_the_log_holds_hashes_and_dates_and_no_references(bringing: Bringing) -> None:
    bringing.bring(research(bringing), "dpia", reference="canary reference", file_sha256="AB" * 32)
    with bringing.world.record.read() as session:
        body = session.scalars(select(EntryRow.body).where(EntryRow.kind == "evidence.recorded")).one()
    assert json.loads(body)["details"]["file_sha256"] == "ab" * 32
    assert "canary" not in body


def _step(bringing: Bringing, action: str, piece: Evidence) -> Evidence:
    service, world = bringing.service, bringing.world
    if action == "verify":
        return service.verify(world.actor("operator"), piece.evidence_id)
    if action == "take back":
        return service.take_back(world.actor("lead"), piece.evidence_id)
    call = service.reject if action == "reject" else service.revoke
    return call(world.actor("operator"), piece.evidence_id, "It says something else.")


@pytest.mark.parametrize("before", [None, "verify", "reject", "take back", "revoke"])
@pytest.mark.parametrize("action", ["verify", "reject", "take back", "revoke"])
def test_every_step_from_every_state(bringing: Bringing, before: str | None, action: str) -> None:
    piece = bringing.bring(research(bringing), "dpia")
    if before == "revoke":
        piece = _step(bringing, "verify", piece)
    if before is not None:
        piece = _step(bringing, before, piece)
    if EVIDENCE_STATES.allows(piece.state, action):
        assert _step(bringing, action, piece).state is EVIDENCE_STATES.after(piece.state, action)
    else:
        with pytest.raises(NotPossible):
            _step(bringing, action, piece)


def test_what_ended_before_it_was_verified_is_not_verified(bringing: Bringing) -> None:
    piece = bringing.bring(research(bringing), "dpia", days=3)
    bringing.world.clock.now = piece.valid_until
    with pytest.raises(NotPossible):
        bringing.verify(piece)


# ---- reminders -------------------------------------------------------------------------------------------------------


def test_reminders_come_at_ninety_thirty_and_seven_days_and_at_the_end_each_once(bringing: Bringing) -> None:
    world = bringing.world
    project = world.approved()
    piece = bringing.verify(bringing.bring(project.application_id, "dpia", days=200))
    sent = []
    for days in range(201, -3, -1):
        world.clock.now = piece.valid_until - timedelta(days=days)
        if bringing.service.chase():
            sent.append(days)
    assert sent == [90, 30, 7, 0]
    for kind in ("evidence.ends-in-90-days", "evidence.ends-in-30-days", "evidence.ends-in-7-days", "evidence.ended"):
        assert bringing.told(kind) == {"lead", "member"}
    assert bringing.service.chase() == 0


def test_a_short_piece_is_reminded_of_by_what_is_left(bringing: Bringing) -> None:
    bringing.verify(bringing.bring(research(bringing), "dpia", days=20))
    assert bringing.service.chase() == 1
    assert bringing.told("evidence.ends-in-30-days") == {"lead"}
    assert bringing.told("evidence.ends-in-90-days") == set()


def test_nobody_is_reminded_of_what_was_renewed_already(bringing: Bringing) -> None:
    world = bringing.world
    application_id = research(bringing)
    bringing.verify(bringing.bring(application_id, "dpia", days=20))
    bringing.verify(bringing.bring(application_id, "dpia", days=300))
    assert bringing.service.chase() == 0
    world.clock.advance(timedelta(days=25))
    assert bringing.service.chase() == 0


def test_those_who_can_verify_are_told_again_after_ten_days(bringing: Bringing) -> None:
    world = bringing.world
    bringing.bring(research(bringing), "dpia")
    assert bringing.told("evidence.waiting") == {"operator", "operator2"}
    world.clock.advance(timedelta(days=9))
    assert bringing.service.chase() == 0
    world.clock.advance(timedelta(days=1))
    assert bringing.service.chase() == 1
    assert bringing.told("evidence.overdue") == {"operator", "operator2"}
    assert bringing.service.chase() == 0


def test_every_kind_has_an_end_and_a_title() -> None:
    assert all(timedelta(days=300) < each.longest <= timedelta(days=5 * 366) for each in EVIDENCE_KINDS.values())
    assert len({each.title for each in EVIDENCE_KINDS.values()}) == len(EVIDENCE_KINDS)


def test_on_each_database(world_everywhere: World, bringing_everywhere: Bringing) -> None:
    world = world_everywhere
    project = world.approved()
    bringing_everywhere.ask_for("a", "dpia", "dspt")
    bringing_everywhere.verify(bringing_everywhere.bring(project.application_id, "dpia"))
    own = bringing_everywhere.verify(bringing_everywhere.of_organisation("University of Nowhere"))
    bringing_everywhere.service.rely(world.actor("lead"), project.application_id, own.evidence_id)
    assert world.held(project, "lead") == {"a", "b"}


@pytest.fixture
def bringing_everywhere(world_everywhere: World, policy: Any) -> Bringing:
    return Bringing(world_everywhere, policy)
