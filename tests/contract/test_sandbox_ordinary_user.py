"""The sandbox without root: its tests once more, under a user number that may do nothing, as on a laptop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.adapters.sandbox.confine import bubblewrap

PROJECT = Path(__file__).parents[2]
FILES = (
    "attack/test_sandbox_walls.py",
    "contract/test_sandbox_backend.py",
    "contract/test_sandbox_processes.py",
    "contract/test_sandbox_limits.py",
    "contract/test_sandbox_journey.py",
)
NOBODY = 54_321


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user already runs these tests as one")
@pytest.mark.parametrize("file", FILES)
def test_the_sandbox_does_the_same_for_an_ordinary_user(file: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.chown(home, NOBODY, NOBODY)
    view = ["--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc"]
    base = Path(sys.base_prefix)
    if base.is_relative_to("/root"):  # an interpreter that only root may reach is laid open, and nothing beside it
        folders = [folder for folder in reversed(base.parents) if folder.is_relative_to("/root")]
        view += ["--perms", "0755", "--tmpfs", "/root"]
        view += [word for folder in folders[1:] for word in ("--perms", "0755", "--dir", str(folder))]
        view += ["--ro-bind", str(base), str(base)]
    view += ["--bind", str(home), "/mnt"]
    drop = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--inh-caps", "-all", "--"]
    tests = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(PROJECT)]
    answer = subprocess.run(
        [str(bubblewrap()), *view, "--", *drop, *tests, str(PROJECT / "tests" / file)],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/mnt", "TMPDIR": "/mnt", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-8000:] + answer.stderr[-2000:]
    assert "passed" in answer.stdout
