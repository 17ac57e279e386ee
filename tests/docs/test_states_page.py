"""The page of states agrees with the tables in the code."""

from __future__ import annotations

import runpy
from pathlib import Path

HERE = Path(__file__).parents[2]


def test_the_page_of_states_is_fresh() -> None:
    generator = runpy.run_path(str(HERE / "scripts" / "generate-docs"))
    written = (HERE / "docs" / "reference" / "states.md").read_text(encoding="utf-8")
    assert written == generator["page"](), "run .venv/bin/python scripts/generate-docs"


def test_every_room_with_states_is_on_the_page() -> None:
    generator = runpy.run_path(str(HERE / "scripts" / "generate-docs"))
    files = {file for file, _ in generator["tables"]()}
    assert {"orchestrator/access/states.py", "orchestrator/discovery/model.py"} <= files


def test_the_page_of_settings_is_fresh() -> None:
    generator = runpy.run_path(str(HERE / "scripts" / "generate-docs"))
    written = (HERE / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert written == generator["settings_page"](), "run .venv/bin/python scripts/generate-docs"


def test_the_page_of_airlock_checks_is_fresh_and_names_every_rule_book():
    generator = runpy.run_path(str(HERE / "scripts" / "generate-docs"))
    written = (HERE / "docs" / "reference" / "airlock-checks.md").read_text(encoding="utf-8")
    assert written == generator["checks_page"](), "run .venv/bin/python scripts/generate-docs"
    for file in (HERE / "policies" / "airlock").glob("*.yaml"):
        assert f"### {file.stem}, version" in written
