"""A submitted program that runs again: asked, waited for, compared; refusals; what fails is a finding, never a pass."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.airlock.model import Choice, Severity, State
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.replay.comparing import same_words
from orchestrator.airlock.replay.intake import ReplayIntake
from orchestrator.airlock.replay.model import ReplayState
from orchestrator.airlock.replay.service import program_of
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.ids import new_id
from tests.airlock.world import PACK, SAFE, World

SCRIPT = b"open('table.csv', 'w').write('arm,n\\n')\n"
FILES = {"table.csv": SAFE, "make.py": SCRIPT}


def submitted(world: World, files=FILES, **changes):
    said = {"program": "make.py", "supporting": frozenset({"make.py"}), **changes}
    return world.submit(files, **said)


def running(world: World, submission):
    """Start the replay as the controller does; returns the session that runs it."""
    (replay,) = world.service.replays.waiting()
    assert replay.submission_id == submission.submission_id
    live = replace(world.live, session_id=new_id(), replay_of=submission.submission_id)
    world.service.replays.started(replay, live.session_id)
    return live


def hand_in(world: World, live, made: dict[str, bytes], trouble: str = ""):
    with world.desk.frozen.incoming() as incoming:
        for content in made.values():
            with incoming.file() as file:
                file.write(content)
        return world.service.replays.receive(live, list(made), incoming.files, trouble=trouble)


def replayed(world: World, made: dict[str, bytes], trouble: str = "", **changes):
    """A submission whose replay made this, scanned; returns the findings of the replay by file."""
    submission = submitted(world, **changes)
    hand_in(world, running(world, submission), made, trouble)
    assert world.worker.scanning.waiting() == [submission.submission_id]
    world.worker.scanning.scan(submission.submission_id)
    return world.now(submission)


def rules(submission, name="table.csv"):
    file = next(each for each in submission.files if each.name == name)
    return {each.rule: each for each in file.findings if each.rule.startswith("REPLAY")}


def replays_are(world: World, word: str) -> None:
    object.__setattr__(world.desk, "pack", replace(world.desk.pack, replay=word))


def required(world: World) -> None:
    replays_are(world, "required")


def test_the_checks_wait_for_the_replay_and_take_its_word(world):
    submission = submitted(world)
    assert world.worker.scanning.waiting() == []
    world.worker.once()
    assert world.state(submission) is State.FROZEN
    view = world.service.view(world.actor(world.author), submission.submission_id)
    assert view.runs_again == "make.py"
    live = running(world, submission)
    assert world.worker.scanning.waiting() == []
    hand_in(world, live, {"table.csv": SAFE})
    world.worker.once()
    now = world.now(submission)
    assert now.state is State.IN_REVIEW
    found = rules(now)
    assert list(found) == ["REPLAY_SAME"]
    assert found["REPLAY_SAME"].severity is Severity.NOTE
    assert "byte for byte" in found["REPLAY_SAME"].message
    assert rules(now, "make.py") == {}


def test_without_a_program_nothing_runs_again(world):
    submission = world.submit()
    assert world.service.replays.waiting() == []
    assert world.worker.scanning.waiting() == [submission.submission_id]


def test_a_task_holds_the_program_and_what_supports_it_never_the_results(world):
    submission = submitted(world, {**FILES, "codes.txt": b"C34\n"}, supporting=frozenset({"make.py", "codes.txt"}))
    job = world.service.replays.job(running(world, submission))
    assert job["program"] == "make.py"
    assert job["outputs"] == ["table.csv"]
    assert {file["name"]: base64.b64decode(file["content"]) for file in job["files"]} == {
        "make.py": SCRIPT,
        "codes.txt": b"C34\n",
    }


@pytest.mark.parametrize(
    ("made", "trouble", "rule", "words"),
    [
        ({"table.csv": SAFE.replace(b"120", b"121")}, "", "REPLAY_DIFFERS", "another file"),
        ({}, "It ended with code 1.", "REPLAY_MISSING", "It ended with code 1."),
        ({}, "", "REPLAY_MISSING", "no file of this name"),
        ({"table.csv": SAFE.replace(b"\n", b"\r\n")}, "", "REPLAY_SAME", "nine digits"),
        ({"table.csv": SAFE.replace(b"71.2", b"71.20000000001")}, "", "REPLAY_SAME", "nine digits"),
        ({"table.csv": SAFE.replace(b"71.2", b"71.2001")}, "", "REPLAY_DIFFERS", "another file"),
        ({"table.csv": b"\x89PNG\r\n\x1a\n"}, "", "REPLAY_DIFFERS", "not table"),
    ],
)
def test_what_was_made_is_compared(world, made, trouble, rule, words):
    found = rules(replayed(world, made, trouble))
    assert list(found) == [rule]
    assert words in found[rule].message
    assert found[rule].severity is (Severity.NOTE if rule == "REPLAY_SAME" else Severity.FLAG)


def test_where_it_is_required_a_difference_blocks(world):
    required(world)
    now = replayed(world, {"table.csv": SAFE.replace(b"120", b"121")})
    assert now.state is State.BLOCKED
    assert rules(now)["REPLAY_DIFFERS"].severity is Severity.BLOCK


def test_where_it_is_required_a_submission_without_a_program_is_refused_and_nothing_kept(world):
    required(world)
    with pytest.raises(Invalid, match="--program FILE"):
        world.submit()
    assert world.service.submissions.mine(world.actor(world.author)) == []


@pytest.mark.parametrize(
    ("named", "wanted", "words"),
    [
        ("gone.py", "offered", "not among the files"),
        ("table.csv", "offered", "Only a notebook"),
        ("make.py", "none", "do not run programs again"),
    ],
)
def test_a_program_that_cannot_run_is_refused(world, named, wanted, words):
    replays_are(world, wanted)
    with pytest.raises(Invalid, match=words):
        submitted(world, program=named)


def test_a_replay_that_is_given_up_is_told_and_the_submission_goes_on(world):
    submission = submitted(world)
    live = running(world, submission)
    (replay,) = world.service.replays.running()
    world.service.replays.give_up(replay, "Its session ended before it had handed anything in.")
    world.service.replays.give_up(replay, "Again.")
    with pytest.raises(NotPossible):
        hand_in(world, live, {"table.csv": SAFE})
    world.worker.once()
    found = rules(world.now(submission))
    assert "handed anything in" in found["REPLAY_FAILED"].message
    assert found["REPLAY_FAILED"].severity is Severity.FLAG


def test_nobody_waits_for_ever(world):
    submission = submitted(world)
    world.clock.advance(timedelta(days=1, minutes=1))
    world.worker.once()
    assert "was not started within a day" in rules(world.now(submission))["REPLAY_FAILED"].message


def test_what_could_not_be_started_is_tried_again(world):
    submission = submitted(world)
    running(world, submission)
    (replay,) = world.service.replays.running()
    world.service.replays.try_again(replay)
    assert [each.state for each in world.service.replays.waiting()] == [ReplayState.WAITING]
    running(world, submission)


def test_a_withdrawn_submission_ends_its_replay(world):
    submission = submitted(world)
    live = running(world, submission)
    world.service.withdraw(world.actor(world.author), submission.submission_id)
    assert world.service.replays.running() == []
    with pytest.raises(NotPossible):
        world.service.replays.job(live)


def test_a_revision_runs_again_with_the_program_it_has(world):
    required(world)
    first = replayed(world, {"table.csv": SAFE.replace(b"120", b"121")})
    assert first.state is State.BLOCKED
    with pytest.raises(Invalid, match="--program"):
        world.submit({}, revises=first.submission_id, drop=("make.py",))
    world.submit({"table.csv": SAFE + b"both,238,71.0\n"}, revises=first.submission_id)
    (again,) = world.service.replays.waiting()
    assert (again.program, again.round) == ("make.py", first.round + 1)
    hand_in(world, running(world, first), {"table.csv": SAFE + b"both,238,71.0\n"})
    world.worker.once()
    assert list(rules(world.now(first))) == ["REPLAY_SAME"]


def test_a_replay_says_nothing_of_files_it_did_not_make(world):
    first = replayed(world, {"table.csv": SAFE})
    for checker in world.checkers[:2]:
        world.review(checker, first, Choice.CHANGES)
    world.submit({"table.csv": SAFE + b"both,238,71.0\n"}, revises=first.submission_id, drop=("make.py",))
    assert world.service.replays.waiting() == []
    world.worker.once()
    assert rules(world.now(first)) == {}


def test_a_replay_stands_when_only_the_rules_changed(world):
    first = replayed(world, {"table.csv": SAFE})
    object.__setattr__(world.desk, "pack", replace(world.desk.pack, version="next"))
    world.worker.once()
    now = world.now(first)
    assert now.round == first.round + 1
    assert list(rules(now)) == ["REPLAY_SAME"]


def test_a_change_of_the_environment_is_told(world):
    submission = submitted(world)
    live = running(world, submission)
    (replay,) = world.service.replays.running()
    world.service.replays.note_environment(replay, "The environment has changed since.")
    hand_in(world, live, {"table.csv": SAFE})
    world.worker.once()
    assert set(rules(world.now(submission))) == {"REPLAY_SAME", "REPLAY_ENVIRONMENT"}


def test_only_names_of_outputs_are_taken_each_once(world):
    live = running(world, submitted(world))
    for names in (["other.csv"], ["make.py"], ["table.csv", "table.csv"]):
        with pytest.raises(Invalid):
            world.service.replays.check_names(live, names)


@pytest.mark.parametrize(
    "header",
    [
        None,
        {"protocol": 2, "action": "replay"},
        {"protocol": 1, "action": "submit"},
        {"protocol": 1, "action": "status"},
        {"protocol": 1, "action": "replayed", "files": [], "trouble": 3},
        {"protocol": 1, "action": "replayed", "files": [{"name": "../x"}], "trouble": ""},
        {"protocol": 1, "action": "replayed", "files": [], "trouble": "", "title": "x"},
    ],
)
def test_a_replaying_session_may_ask_for_nothing_else(world, header):
    live = running(world, submitted(world))
    with pytest.raises(Invalid):
        ReplayIntake(world.service.replays, world.desk.pack.limits).asked(live, header)


def test_frozen_replayed_files_survive_a_restart(world):
    submission = submitted(world)
    made = SAFE.replace(b"120", b"121")
    hand_in(world, running(world, submission), {"table.csv": made})
    world.worker.recover()
    world.worker.once()
    assert list(rules(world.now(submission))) == ["REPLAY_DIFFERS"]


def test_every_step_is_in_the_log(world):
    submission = submitted(world)
    hand_in(world, running(world, submission), {"table.csv": SAFE})
    kinds = _kinds(world)
    assert [kind for kind in kinds if kind.startswith("replay.")] == [
        "replay.asked",
        "replay.started",
        "replay.handed-in",
    ]


def _kinds(world: World) -> list[str]:
    from sqlalchemy import select

    from orchestrator.audit.store import EntryRow

    with world.record.read() as session:
        return [row.kind for row in session.scalars(select(EntryRow).order_by(EntryRow.position))]


def test_packs_say_whether_programs_run_again():
    assert load_pack(PACK).replay == "offered"
    assert load_pack(PACK.with_name("opensafely.yaml")).replay == "required"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a 1.0\n", "a 1.00000000000001", True),
        ("a 1\nb", "a 1 \nb\n", True),
        ("a 1", "a 2", False),
        ("a -1", "a 1", False),
        ("1e5", "100000", True),
        ("", "x", False),
    ],
)
def test_words_are_compared_number_by_number(one, other, same):
    assert same_words(one, other) is same


def test_a_program_of_the_last_round_is_kept_only_while_it_is_there():
    assert program_of(None, "gone.py", [], wanted="offered") == ""
