"""The pages about the command line agree with the commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.cli.failures import MEANINGS, ExitCode
from orchestrator.cli.reference import commands, reference

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
KNOWN = {" ".join(words) for words, _ in commands()}


def test_the_reference_is_fresh() -> None:
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    assert page == reference(), "run: python -m orchestrator.cli.reference > docs/reference/command-line.md"


def test_the_reference_has_every_command_and_exit_code() -> None:
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text()
    for name in KNOWN:
        assert f"### `tre {name}`" in page
    for code in ExitCode:
        assert f"| {int(code)} | {MEANINGS[code]} |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    said = re.findall(r"`(?:\.venv/bin/)?tre ([a-z][^`\n]*)`|^\s*tre ([a-z][^\n]*)", page.read_text(), re.MULTILINE)
    assert said or page.name == "checker.md"
    for line in (one or other for one, other in said):
        words = line.split()
        assert words[0] in KNOWN or " ".join(words[:2]) in KNOWN, line


def test_every_command_explains_itself_and_each_of_its_options() -> None:
    for words, command in commands():
        assert command.help, words
        for parameter in command.params:
            assert parameter.help, (words, parameter.name)
