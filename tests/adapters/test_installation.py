"""A state directory is closed to other accounts of the machine, whatever the umask was."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orchestrator.assembly import Installation
from orchestrator.settings import Settings


def test_record_logs_frozen_results_and_sealed_data_are_for_their_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Installation(Settings(state=tmp_path / "s"))
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "s").iterdir()}
    assert {name for name, mode in modes.items() if mode == 0o700} >= {"record", "logs", "airlock", "sealed"}
    assert all(not mode & 0o066 for mode in modes.values())
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o711


def test_a_state_directory_that_was_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "record").mkdir(mode=0o777)
    (tmp_path / "record").chmod(0o777)
    Installation(Settings(state=tmp_path))
    assert stat.S_IMODE((tmp_path / "record").stat().st_mode) == 0o700
