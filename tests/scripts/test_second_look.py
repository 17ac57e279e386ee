"""What failed beside others is looked at once more, and only where that says something."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "second-look"
ONCE = """
from pathlib import Path

def test_it():
    mark = Path(__file__).with_suffix(".mark")
    first = not mark.exists()
    mark.touch()
    assert not first, "the first time it fails"
"""
ALWAYS = "def test_it():\n    assert False\n"
NO_GROUND = """
import pytest

@pytest.fixture
def ground():
    raise OSError("no ground")

def test_it(ground):
    pass
"""
BROKEN = "import a_module_that_is_not_there\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project with the script and one test that passes."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    write(tmp_path, "tests/test_fine.py", "def test_fine():\n    pass\n")
    return tmp_path


def write(checkout: Path, name: str, text: str) -> None:
    (checkout / name).parent.mkdir(exist_ok=True, parents=True)
    (checkout / name).write_text(text)


def looked_twice(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run all tests of the project, which fail, and then the script."""
    assert run(checkout, "-m", "pytest", "-q", "-n0", "tests").returncode in (1, 2)
    return run(checkout, "scripts/second-look")


def run(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    few = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, env=os.environ | few, check=False)


def test_what_passes_alone_is_called_unsteady_and_lets_the_run_pass(checkout: Path) -> None:
    write(checkout, "tests/journeys/test_once.py", ONCE)
    done = looked_twice(checkout)
    assert done.returncode == 0
    assert "UNSTEADY" in done.stdout
    assert done.stdout.rstrip().endswith("tests/journeys/test_once.py::test_it")
    assert "test_fine" not in done.stdout


@pytest.mark.parametrize("what", [ALWAYS, NO_GROUND], ids=["the test", "what it stands on"])
def test_what_fails_again_fails_the_run(checkout: Path, what: str) -> None:
    write(checkout, "tests/journeys/test_once.py", ONCE)
    write(checkout, "tests/journeys/test_always.py", what)
    done = looked_twice(checkout)
    assert done.returncode == 1
    assert "UNSTEADY" not in done.stdout


@pytest.mark.parametrize(
    "files",
    [
        {"tests/attack/test_once.py": ONCE},
        {"tests/policy/test_once.py": ONCE, "tests/test_also.py": ONCE},
        {"tests/test_broken.py": BROKEN},
        {f"tests/test_{number}.py": ONCE for number in range(4)},
    ],
    ids=["who may do what", "rules beside others", "cannot be read", "too many"],
)
def test_where_a_second_look_proves_nothing_there_is_none(checkout: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        write(checkout, name, text)
    done = looked_twice(checkout)
    assert done.returncode == 1
    assert done.stdout == ""


def test_without_a_failure_on_record_it_passes_nothing(checkout: Path) -> None:
    assert run(checkout, "scripts/second-look").returncode == 1
