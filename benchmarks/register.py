"""The public register and a custodian's sheet as projects grow: composing an entry, the page, the checks.

Rows and log entries of projects are written directly, without the register; then the register takes over. Run:
    .venv/bin/python -m benchmarks.register [--projects 200 1000] [--write]
"""

import argparse
import platform
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from orchestrator.access.store import ApplicationRow, GrantRow, MembershipRow, ProjectRow
from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import Base, make_engine
from orchestrator.core.events import Event
from orchestrator.core.ids import new_id
from orchestrator.policy.service import Policy
from orchestrator.transparency.service import RegisterService
from orchestrator.transparency.sheets.service import SheetService
from orchestrator.transparency.writing import as_csv
from tests.access.conftest import World

RESULT = Path(__file__).parent / "results" / "register.md"
SESSIONS, SUBMISSIONS, REVIEWS = 20, 3, 2
SUMMARY = "We compare how long people live with a condition under two treatments. " * 12


def project(world: World, number: int) -> tuple[list[object], list[Event]]:
    """Return one project over both custodians with what the log would say of a year of work in it."""
    now, ids = world.now, {name: new_id() for name in ("application", "project", "a", "b")}
    application = ApplicationRow(
        application_id=ids["application"],
        applicant_id=world.people["lead"],
        title=f"Question {number}",
        lay_summary=SUMMARY,
        purpose="To learn.",
        organisation="University",
        ethics_reference="26/1",
        ethics_until=world.day(300),
        start=world.day(0),
        end=world.day(200),
        members=[],
        state="approved",
        state_since=now,
        made_at=now,
        reason="",
    )
    row = ProjectRow(
        project_id=ids["project"],
        application_id=ids["application"],
        applicant_id=world.people["lead"],
        title=f"Question {number}",
        lay_summary=SUMMARY,
        organisation="University",
        ethics_reference="26/1",
        ethics_until=now + timedelta(days=300),
        start=now,
        end=now + timedelta(days=200),
        state="active",
        state_since=now,
        approved_by=world.people["operator"],
        approved_at=now,
        reason="",
    )
    member = MembershipRow(
        membership_id=new_id(), project_id=ids["project"], person_id=world.people["lead"], role="lead", since=now
    )
    grants = [
        GrantRow(
            grant_id=ids[name],
            project_id=ids["project"],
            dataset_id=world.datasets[name],
            version_id=world.versions[name],
            custodian_id=world.custodians[name],
            agreement_until=now + timedelta(days=150),
            state="active",
            granted_at=now,
            reason="",
        )
        for name in ("a", "b")
    ]
    return [application, row, member, *grants], events(world, ids)


def events(world: World, ids: dict[str, str]) -> list[Event]:
    told = [
        Event(
            kind="application.part-approved",
            actor=world.people[f"officer_{name}"],
            subject=f"application:{ids['application']}",
            details={"custodian": world.custodians[name], "datasets": [world.datasets[name]], "terms": 1},
        )
        for name in ("a", "b")
    ]
    for _ in range(SESSIONS):
        details = {"project": ids["project"], "grants": [ids["a"], ids["b"]], "versions": ["x"]}
        session = f"session:{new_id()}"
        told.append(Event(kind="session.begun", actor=world.people["lead"], subject=session, details=details))
    for _ in range(SUBMISSIONS):
        subject = f"submission:{new_id()}"
        details = {"project": ids["project"], "session": "s", "files": ["h"]}
        told.append(Event(kind="submission.frozen", actor=world.people["lead"], subject=subject, details=details))
        for number in range(REVIEWS):
            told.append(Event(kind="review.submitted", actor=f"checker{number}", subject=subject, details={"round": 1}))
        details = {"record": "0" * 64, "files": 2}
        told.append(Event(kind="submission.released", actor="system:airlock", subject=subject, details=details))
    return told


def seconds(work: object, times: int = 5) -> str:
    taken = []
    for _ in range(times):
        started = time.process_time()
        work()  # type: ignore[operator]
        taken.append(time.process_time() - started)
    return f"{statistics.median(taken):.3f} ({min(taken):.3f}–{max(taken):.3f})"


def measured(directory: Path, projects: int, policy: Policy) -> list[str]:
    engine = make_engine(f"sqlite:///{directory}/record.db")
    Base.metadata.create_all(engine)
    record = Record(engine, FixedClock())
    world = World(record, policy, FixedClock(), directory)
    for person in ("lead",):
        for name in ("a", "b"):
            world.accept(person, name)
    for start in range(0, projects, 100):
        with record.change() as change:
            for number in range(start, min(start + 100, projects)):
                rows, told = project(world, number)
                for row in rows:
                    change.session.add(row)
                    change.session.flush()
                for event in told:
                    change.tell(event)
    register = RegisterService(record, policy)
    started = time.process_time()
    written = register.bring_up_to_date()
    first = time.process_time() - started
    assert written == projects, written
    record.follow(register.follow)
    ids = [entry.register_id for entry in register.entries()]
    operator, officer = world.actor("operator"), world.actor("officer_a")
    bare = Record(engine, FixedClock())
    plain = World(bare, policy, FixedClock(), directory, like=world).access
    pairs = iter(ids)
    sheets = SheetService(record, policy)
    row = [
        f"{projects:,}",
        f"{first:.1f}",
        seconds(lambda: plain.suspend_project(operator, next(pairs), "Measured."), 15),
        seconds(lambda: world.access.suspend_project(operator, next(pairs), "Measured."), 15),
        seconds(register.bring_up_to_date, 3),
        seconds(register.entries, 3),
        seconds(lambda: as_csv(register.entries()), 3),
        seconds(register.verify, 3),
        seconds(lambda: sheets.view(officer, world.custodians["a"]), 3),
    ]
    engine.dispose()
    return row


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    policy = Policy(Path(__file__).parents[1] / "policies" / "access")
    lines = []
    for number in chosen.projects:
        with tempfile.TemporaryDirectory() as directory:
            lines.append("| " + " | ".join(measured(Path(directory), number, policy)) + " |")
            print(lines[-1], flush=True)
    heads = (
        "projects", "first writing, all", "a suspension without the register", "with it", "a catch-up",
        "reading all", "CSV of all", "verifying all", "a sheet over all",
    )  # fmt: skip
    entries = SESSIONS + SUBMISSIONS * (2 + REVIEWS) + 2
    text = f"""# The public register as projects grow

`python -m benchmarks.register --write`: SQLite, {entries} entries of the log and two grants for each project;
seconds of processor time, median (least–most); the disk's time is not in them. {platform.machine()}, Python
{platform.python_version()}.

| {" | ".join(heads)} |
|{"---|" * len(heads)}
{chr(10).join(lines)}

“A catch-up” is what the controller does every minute: it looks at what the log has said since. The sheet is of a
custodian whose data every project holds; it verifies the whole log, and tries seven rules on every session and
release. A project's rows and entries were read in about fifteen statements of its own before (1.30 s at 200 projects);
now all projects' are read together.
"""
    if chosen.write:
        RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
