"""What replays need in any installation: a program to hand in, and what the checks then say of its files."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.airlock.replay import store
from tests.journeys.ground import Ground, Seat, eventually

BREAST, TRIAL = "breast-cancer-trial", "pilot-trial-sdtm"
SCRIPT = f"""
import csv, os, pathlib
import psycopg
rows = list(csv.DictReader(open("/data/{BREAST}/gbsg2.csv")))
groups = {{}}
for row in rows:
    groups.setdefault(row["horTh"], []).append(row)
with open("groups.csv", "w") as out:
    out.write("hormone therapy,patients\\n")
    for name, members in sorted(groups.items()):
        out.write(f"{{name}},{{len(members) // 10 * 10}}\\n")
with psycopg.connect(host="/run/tre/databases/{TRIAL}", user="researcher", dbname="{TRIAL}") as connection:
    count = connection.execute("SELECT count(*) FROM trial.dm").fetchone()[0]
pathlib.Path("subjects.csv").write_text(f"subjects\\n{{count // 10 * 10}}\\n")
shared = sorted(os.listdir("/shared")) if os.path.isdir("/shared") else []
pathlib.Path("where.txt").write_text(
    f"home holds {{sorted(os.listdir(os.path.expanduser('~')))}}, shared {{shared}}\\n"
    f"hub {{os.path.exists('/run/tre/hub')}}, token {{'JUPYTERHUB_API_TOKEN' in os.environ}}\\n"
)
"""  # noqa: S608 - a program of the test's own
RUN = """
import subprocess, sys
print(subprocess.run([sys.executable, "make.py"], cwd="/home/researcher").returncode)
"""
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "a",
            "metadata": {},
            "outputs": [],
            "source": f"n = sum(1 for _ in open('/data/{BREAST}/gbsg2.csv')) - 1\nprint('patients', n // 10 * 10)",
        }
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


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


def made_again(ground: Ground, submission: str, name: str) -> list[str]:
    """Return the lines of a replayed file, from the airlock's store."""
    with ground.house.record.read() as session:
        replay = store.latest(session, submission)
    assert replay is not None
    made = next(each for each in replay.made if each.name == name)
    return ground.house.airlock_desk.frozen.path(made.sha256).read_text().splitlines()
