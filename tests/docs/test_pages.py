"""What the pages point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    for named in re.findall(r"`(tests/[a-z_/]+(?:\.py)?)`", page.read_text()):
        assert (ROOT / named).exists(), named


def test_each_route_has_a_class() -> None:
    page = (ROOT / "docs" / "explanation" / "threats.md").read_text()
    routes = page.split("## Routes")[1].split("## If one part falls")[0]
    rows = [line for line in routes.splitlines() if line.startswith("| ") and not line.startswith("| route")]
    assert len(rows) > 30
    for row in rows:
        judged = row.split("|")[3].lower()
        assert any(word in judged for word in ("closed", "bounded", "policy", "detected", "not prevented")), row
