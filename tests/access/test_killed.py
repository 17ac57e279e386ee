"""kill -9 before, amid and after every commit of an application's life: the next run converges, each is told once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from orchestrator.audit.store import NoticeRow
from orchestrator.policy.service import Policy
from tests.access.conftest import World
from tests.access.life import Life, check_whole, keep_names, open_life, outcome, written

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[2]
DELIVERIES = 4
"""Deliveries of notices in which a process is killed as well; every one of them is alike."""

BEFOREHAND = ("flushed", "before")
"""Rows were written to the transaction; all of it was, and the commit was next."""


class Killer:
    """Starts children that go on with a life, and kills them; lives another one itself before, undisturbed."""

    def __init__(self, undisturbed: Path, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.access.killing", undisturbed, directory, ROOT / "policies" / "access"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, phase: str) -> str:
        """Let one child go on; return how it ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{phase}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.communicate(timeout=60)


def opened(first_world: World, policy: Policy, directory: Path) -> Life:
    """Return the life in a record of its own, with who is who beside it."""
    shutil.copytree(first_world.directory, directory)
    keep_names(first_world, directory)
    return open_life(directory, policy)


def killed_at_every_commit(life: Life, killer: Killer) -> int:
    """Kill whoever goes on before, or amid, and after each commit; return after how many commits somebody died."""
    commits = deliveries = 0
    while deliveries < DELIVERIES:
        before = written(life)
        assert killer.run(BEFOREHAND[commits % 2]) == "killed"
        assert written(life) == before, "what did not commit did not happen"
        assert killer.run("after") == "killed"
        assert written(life) > before, "what committed did"
        check_whole(life)
        commits += 1
        deliveries += life.told.exists()
    return commits


@pytest.fixture(scope="module")
def lives(
    first_world: World, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Life, Life, int]]:
    """Two lives at their end: one killed at every commit, one in which nobody was; and how many commits there were."""
    directory = tmp_path_factory.mktemp("lives")
    life, undisturbed = (opened(first_world, policy, directory / name) for name in ("killed", "undisturbed"))
    killer = Killer(undisturbed.world.directory, life.world.directory)
    try:
        commits = killed_at_every_commit(life, killer)
        assert killer.run("never") == "done"
    finally:
        killer.close()
    yield life, undisturbed, commits
    for each in (life, undisturbed):
        each.world.record.engine.dispose()


def test_killed_at_every_commit_the_life_ends_as_if_nobody_had_been(lives: tuple[Life, Life, int]) -> None:
    life, undisturbed, commits = lives
    check_whole(life)
    assert outcome(life) == outcome(undisturbed)
    assert commits == 35 + DELIVERIES, "35 commits are in the story: an act that is new is counted here"


def test_each_is_told_and_what_is_told_again_is_known_by_its_number(lives: tuple[Life, Life, int]) -> None:
    life, undisturbed, _ = lives
    told = [line.split() for line in life.told.read_text(encoding="utf-8").splitlines()]
    with life.world.record.read() as session:
        rows = list(session.scalars(select(NoticeRow)))
    assert {row.notice_id for row in rows} == {number for number, _, _ in told}
    assert all(row.sent_at is not None for row in rows)
    again = len(told) - len({number for number, _, _ in told})
    assert again == DELIVERIES, "told again only where a process died between the telling and its note"
    assert len({tuple(each) for each in told}) == len(rows), "the same number is the same notice"
    assert len(undisturbed.told.read_text(encoding="utf-8").splitlines()) == len(rows)


def test_a_run_after_the_end_changes_nothing(lives: tuple[Life, Life, int]) -> None:
    life, _, _ = lives
    before = written(life)
    life.go_on()
    assert written(life) == before
