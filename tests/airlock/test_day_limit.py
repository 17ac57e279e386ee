"""Submitting and withdrawing in a loop does not fill the airlock's disk."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.core.errors import NotPossible


def test_bytes_of_a_day_are_limited_withdrawn_ones_included(world):
    limits = replace(world.desk.pack.limits, project_bytes_per_day=3000)
    object.__setattr__(world.desk, "pack", replace(world.desk.pack, limits=limits))
    submissions = world.service.submissions
    for number in range(2):
        submissions.check_may_submit(world.project, world.author)
        made = world.submit({"table.csv": b"n\n" + str(number).encode() * 1600})
        world.service.withdraw(world.actor(world.author), made.submission_id)
    with pytest.raises(NotPossible, match="tomorrow"):
        submissions.check_may_submit(world.project, world.author)
    world.clock.advance(timedelta(days=1, seconds=1))
    submissions.check_may_submit(world.project, world.author)
