"""A notebook and a script run again in a real installation: same image, same data, an empty home, nobody inside."""

from __future__ import annotations

import json

import pytest

from orchestrator.access.model import Project
from tests.journeys.ground import Ground, Seat, eventually
from tests.journeys.replays import BREAST, NOTEBOOK, SCRIPT, TRIAL, findings, made_again, submit, write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

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
    return ground.project("Run again", [BREAST, TRIAL])


@pytest.fixture(scope="module")
def seat(ground: Ground, project: Project):
    """James at work; his session goes on while others run beside it."""
    ground.wake(project.project_id)
    with Seat(ground, project.project_id) as seat:
        yield seat


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
    assert made_again(ground, submission, "where.txt") == ["home holds ['replay'], shared []", "hub False, token False"]

    def gone() -> bool:
        return not ground.session_processes(project.project_id, session) and session not in {
            row.session_id for row in ground.controls.register.live(project.project_id)
        }

    eventually(gone, what="the replay's session did not end")
    assert seat.read("print(open('/home/researcher/private.txt').read())") == "nobody else's business"


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
    breast = ground.cast.custodians["breast-registry"]
    grants = ground.house.access.project_record(project.project_id).grants
    grant = next(each for each in grants if each.custodian_id == breast)
    ground.client("bruno").post(f"/grants/{grant.grant_id}/withdraw", {"reason": "A test."})
    eventually(lambda: not ground.session_processes(project.project_id, session), 30, "it ran on without its data")
    assert "was ended" in str(findings(ground, submission)["groups.csv"]["REPLAY_FAILED"])
