"""A notebook and a script run again in a real installation: same image, same data, an empty home, nobody inside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.access.model import Project
from tests.journeys.ground import Ground, Seat, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_BREAST, _TRIAL = "breast-cancer-trial", "pilot-trial-sdtm"
SCRIPT = f"""
import csv, os, pathlib
import psycopg
rows = list(csv.DictReader(open("/data/{_BREAST}/gbsg2.csv")))
groups = {{}}
for row in rows:
    groups.setdefault(row["horTh"], []).append(row)
with open("groups.csv", "w") as out:
    out.write("hormone therapy,patients\\n")
    for name, members in sorted(groups.items()):
        out.write(f"{{name}},{{len(members) // 10 * 10}}\\n")
with psycopg.connect(host="/run/tre/databases/{_TRIAL}", user="researcher", dbname="{_TRIAL}") as connection:
    count = connection.execute("SELECT count(*) FROM trial.dm").fetchone()[0]
pathlib.Path("subjects.csv").write_text(f"subjects\\n{{count // 10 * 10}}\\n")
pathlib.Path("where.txt").write_text(
    f"home holds {{sorted(os.listdir(os.path.expanduser('~')))}}, shared {{sorted(os.listdir('/shared'))}}\\n"
    f"hub {{os.path.exists('/run/tre/hub')}}, token {{'JUPYTERHUB_API_TOKEN' in os.environ}}\\n"
)
"""
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "a",
            "metadata": {},
            "outputs": [],
            "source": f"n = sum(1 for _ in open('/data/{_BREAST}/gbsg2.csv')) - 1\nprint('patients', n // 10 * 10)",
        }
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
EXECUTE = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "count.ipynb"],
                      cwd="/home/researcher", capture_output=True, text=True)
print(done.returncode, done.stderr[-300:])
"""


@pytest.fixture(scope="module")
def project(ground: Ground) -> Project:
    """A project of James' with files and a database."""
    ground.await_sealed()
    ground.accept_terms("james")
    return ground.project("Run again", [_BREAST, _TRIAL])


@pytest.fixture(scope="module")
def seat(ground: Ground, project: Project):
    """James at work; his session goes on while others run beside it."""
    ground.wake(project.project_id)
    with Seat(ground, project.project_id) as seat:
        yield seat


def submit(seat: Seat, *words: str) -> str:
    """Hand results in from the workspace, as its people do; returns the submission."""
    arguments = [
        "tre-airlock",
        "submit",
        *words,
        "--title",
        "Groups",
        "--context",
        "rounded to ten",
        "--output",
        "json",
    ]
    out = seat.read(
        "import subprocess\n"
        f"done = subprocess.run({arguments!r}, cwd='/home/researcher', capture_output=True, text=True)\n"
        "print(done.stdout or done.stderr)"
    )
    return str(json.loads(out)["submission"])


def findings(ground: Ground, submission: str) -> dict[str, dict[str, Any]]:
    """Wait for the checks; return what the replay says, by file."""

    def checked() -> Any:
        shown = ground.house.airlock.view(ground.actor("james"), submission).submission
        return shown if shown.state.value not in {"frozen", "scanning"} else None

    shown = eventually(checked, 240, "the submission was not checked")
    return {
        file.original_name or file.name: {each.rule: each.message for each in file.findings if "REPLAY" in each.rule}
        for file in shown.files
        if any("REPLAY" in each.rule for each in file.findings)
    }


def write(seat: Seat, name: str, text: str) -> None:
    seat.read(f"open('/home/researcher/{name}', 'w').write({text!r})")


def test_a_script_makes_the_same_files_again_in_an_empty_home(ground: Ground, project: Project, seat: Seat):
    write(seat, "make.py", SCRIPT)
    write(seat, "private.txt", "nobody else's business")
    seat.read("open('/shared/left.txt', 'w').write('x')")
    ran = (
        "import subprocess, sys; print(subprocess.run([sys.executable, 'make.py'], cwd='/home/researcher').returncode)"
    )
    assert seat.read(ran) == "0"
    submission = submit(
        seat, "groups.csv", "subjects.csv", "where.txt", "make.py", "--program", "make.py", "--supporting", "make.py"
    )
    found = findings(ground, submission)
    assert set(found["groups.csv"]) == {"REPLAY_SAME"}
    assert set(found["subjects.csv"]) == {"REPLAY_SAME"}
    # what it saw of its surroundings is another story than in James' own session
    assert set(found["where.txt"]) == {"REPLAY_DIFFERS"}
    (started,) = ground.events("replay.started", f"submission:{submission}")
    session = started["details"]["session"]
    replayed = json.loads(_frozen(ground, submission, "where.txt"))
    assert replayed == ["home holds ['replay'], shared []", "hub False, token False"]

    def gone() -> bool:
        return not ground.session_processes(project.project_id, session) and session not in {
            row.session_id for row in ground.controls.register.live(project.project_id)
        }

    eventually(gone, what="the replay's session did not end")
    assert seat.read("print(open('/home/researcher/private.txt').read())") == "nobody else's business"


def _frozen(ground: Ground, submission: str, name: str) -> str:
    """Return the lines of a replayed file, from the airlock's store."""
    from orchestrator.airlock.replay import store

    with ground.house.record.read() as session:
        replay = store.latest(session, submission)
    assert replay is not None
    made = next(each for each in replay.made if each.name == name)
    return json.dumps(ground.house.airlock_desk.frozen.path(made.sha256).read_text().splitlines())


def test_a_notebook_runs_again_cell_by_cell(ground: Ground, seat: Seat):
    write(seat, "count.ipynb", json.dumps(NOTEBOOK))
    assert seat.read(EXECUTE).startswith("0")
    submission = submit(seat, "count.ipynb", "--program", "count.ipynb")
    found = findings(ground, submission)
    assert set(found["count.ipynb"]) == {"REPLAY_SAME"}


def test_numbers_written_by_hand_are_found(ground: Ground, seat: Seat):
    write(seat, "groups.csv", "hormone therapy,patients\nno,440\nyes,999\n")
    submission = submit(seat, "groups.csv", "make.py", "--program", "make.py", "--supporting", "make.py")
    assert set(findings(ground, submission)["groups.csv"]) == {"REPLAY_DIFFERS"}


def test_a_program_that_fails_is_told_with_its_code(ground: Ground, seat: Seat):
    write(seat, "fails.py", "import sys\nsys.exit(3)\n")
    submission = submit(seat, "groups.csv", "fails.py", "--program", "fails.py", "--supporting", "fails.py")
    found = findings(ground, submission)["groups.csv"]
    assert "ended with code 3" in found["REPLAY_MISSING"]


def test_a_person_cannot_ask_for_a_replays_task(seat: Seat):
    out = seat.read(
        "import subprocess\n"
        "done = subprocess.run(['tre-airlock', 'replay'], capture_output=True, text=True)\n"
        "print(done.returncode, done.stderr)"
    )
    assert out.startswith("2")
    assert "does not know that request" in out


def test_a_replay_ends_with_the_grant_it_needs(ground: Ground, project: Project, seat: Seat):
    write(seat, "slow.py", "import time\ntime.sleep(600)\n")
    submission = submit(seat, "groups.csv", "slow.py", "--program", "slow.py", "--supporting", "slow.py")

    def runs() -> str:
        for row in ground.controls.register.live(project.project_id):
            if row.replay_of == submission and row.state.value == "running":
                return row.session_id
        return ""

    session = eventually(runs, 120, "the replay did not start")
    grant = next(each for each in ground.house.access.project_record(project.project_id).grants)
    ground.client("bruno").post(f"/grants/{grant.grant_id}/withdraw", {"reason": "A test."}) if grant.custodian_id == (
        ground.cast.custodians["breast-registry"]
    ) else ground.client("tamsin").post(f"/grants/{grant.grant_id}/withdraw", {"reason": "A test."})
    eventually(lambda: not ground.session_processes(project.project_id, session), 30, "it ran on without its data")
    assert "was ended" in str(findings(ground, submission)["groups.csv"]["REPLAY_FAILED"])
