"""The register on each kind of database, after a crash, and under many writers: the same entries, none twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.events import Event
from orchestrator.policy.service import Policy
from orchestrator.transparency import index
from orchestrator.transparency.service import RegisterService
from orchestrator.transparency.sheets.service import SheetService
from tests.access.conftest import World as AccessWorld
from tests.web.world import World


def test_the_register_and_a_sheet_read_alike_on_each_database(
    record_everywhere: Record, policy: Policy, clock: FixedClock, tmp_path: Path
) -> None:
    register = RegisterService(record_everywhere, policy)
    record_everywhere.follow(register.follow)
    world = AccessWorld(record_everywhere, policy, clock, tmp_path)
    project = world.approved()
    register.state(world.actor("lead"), project.project_id, {"public_benefit": "Better care."})
    register.state(world.actor("officer_a"), project.project_id, {"opt_out": "Yes"}, custodian_id=world.custodians["a"])
    world.access.withdraw_grant(world.actor("officer_b"), world.grant_id(project, "b"), "Misused")
    with record_everywhere.change() as change:
        details = {"project": project.project_id, "grants": [world.grant_id(project, "a")], "versions": ["v"]}
        change.tell(
            Event(kind="session.begun", actor=world.people["lead"], subject="session:aaaaaaaaaaaaaaab", details=details)
        )
    (entry,) = register.entries("better care")
    assert [used.withdrawn for used in entry.latest.used] == [False, True]
    assert entry.value("opt_out") == "Trust a: Yes"
    assert entry.value("access_date") == str(world.day(0))
    assert [each.revision for each in register.history(project.project_id)] == [1, 2, 3, 4, 5]
    assert register.verify() == []
    assert register.bring_up_to_date() == 0
    content = SheetService(record_everywhere, policy).view(world.actor("officer_a"), world.custodians["a"])
    assert content.holds, content.checks
    assert content.uses[0].sessions == 1


def test_the_index_is_what_the_log_says_and_is_made_anew_where_it_is_missing(world: World) -> None:
    record = world.house.record
    world.released()
    with record.change() as change:
        for name in ("a", "b"):
            details = {"project": world.project, "grants": ["g"], "versions": ["v"] if name == "a" else []}
            change.tell(Event(kind="session.begun", actor="x", subject=f"session:{name}", details=details))
    query = text("SELECT position, project_id, kind FROM register_mention ORDER BY position")

    def kept() -> list[tuple[object, ...]]:
        with record.read() as session:
            return [tuple(row) for row in session.execute(query)]

    found = kept()
    assert [kind for _, _, kind in found] == ["submission.frozen", "session.begun"]
    for position, project, kind in found:
        entry = json.loads(world.house.audit.entries(after=int(str(position)) - 1, limit=1)[0])
        assert (entry["kind"], entry["details"]["project"]) == (kind, project)
    with record.engine.begin() as connection:
        connection.execute(text("DELETE FROM register_mention"))
    assert index.make_anew(record) == 2
    assert kept() == found
    assert index.make_anew(record) == 0


def test_entries_left_out_by_a_process_that_knew_no_register_come_with_the_next_look(world: World) -> None:
    with world.house.record.engine.begin() as connection:
        connection.execute(text("DELETE FROM register_revision"))
        connection.execute(text("DELETE FROM audit_entry WHERE kind = 'register.written'"))
    assert world.house.register.entries() == []
    assert world.house.register.bring_up_to_date() == 1
    assert [entry.register_id for entry in world.house.register.entries()] == [world.project]


def test_many_writers_at_once_leave_one_row_of_revisions(world: World) -> None:
    register = world.house.register
    operator, researcher = world.actor("operator"), world.actor("researcher")

    def write(number: int) -> None:
        if number % 3 == 0:
            register.state(researcher, world.project, {"public_benefit": f"Better care, said {number}."})
        elif number % 3 == 1:
            register.state(operator, world.project, {"technical_summary": f"Said {number}."})
        else:
            register.bring_up_to_date()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(18)))
    history = register.history(world.project)
    assert [each.revision for each in history] == list(range(1, len(history) + 1))
    assert len({each.sha256 for each in history[-2:]}) == 2
    assert register.verify() == []
    assert world.house.audit.verify(keys={}).sound


_WRITER = """
import sys
from pathlib import Path
from orchestrator.assembly import open_house
from orchestrator.settings import Settings
house = open_house(Settings.model_validate({"state": sys.argv[1]}))
actor = house.identity.actor(sys.argv[2], second_factor=True)
print("ready", flush=True)
for number in range(100_000):
    house.register.state(actor, sys.argv[3], {"public_benefit": f"Said {number}."})
"""


@pytest.mark.parametrize("after", [0.05, 0.3])
def test_a_writer_that_is_killed_leaves_whole_revisions_only(world: World, after: float) -> None:
    state, person = str(world.house.settings.state), world.people["researcher"]
    command = [sys.executable, "-c", _WRITER, state, person, world.project]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        before = len(world.house.register.history(world.project))
        _wait(lambda: len(world.house.register.history(world.project)) > before + int(after * 10))
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait(90)
        if writer.stdout is not None:
            writer.stdout.close()
    assert world.house.register.verify() == []
    assert world.house.audit.verify(keys={}).sound
    assert world.house.register.bring_up_to_date() == 0
    world.house.register.state(world.actor("researcher"), world.project, {"public_benefit": "At last."})
    assert world.house.register.entry(world.project).value("public_benefit") == "At last."


def _wait(condition) -> None:
    import time

    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline, "the writer wrote nothing"
        time.sleep(0.01)
