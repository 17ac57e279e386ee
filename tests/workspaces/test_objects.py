"""What the builder makes, compared with files that people can read: ``objects/*.yaml``, one for each variant.

After a change that is meant, write them anew and read the difference before it is committed::

    TRE_RENEW_OBJECTS=1 .venv/bin/python -m pytest tests/workspaces/test_objects.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.workspaces.plans import VARIANTS

OBJECTS = Path(__file__).parent / "objects"
RENEW = "TRE_RENEW_OBJECTS"


class Plain(yaml.SafeDumper):
    """Writes every value where it belongs, and texts of several lines as such."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Plain.add_representer(str, _text)


def written(variant: str) -> str:
    return yaml.dump_all(VARIANTS[variant](), Dumper=Plain, allow_unicode=True, width=120)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_builder_makes_what_the_file_shows(variant: str) -> None:
    file = OBJECTS / f"{variant}.yaml"
    if os.environ.get(RENEW):
        file.write_text(written(variant), encoding="utf-8")
    assert file.is_file(), f"{file.name} is missing: run this test once with {RENEW}=1"
    shown = file.read_text(encoding="utf-8")
    assert written(variant) == shown, f"{file.name} shows something else: if that is meant, run with {RENEW}=1"


def test_every_file_belongs_to_a_variant() -> None:
    assert {file.stem for file in OBJECTS.glob("*.yaml")} == set(VARIANTS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_objects_share_nothing_that_a_caller_could_change_for_others(variant: str) -> None:
    first = VARIANTS[variant]()
    before = yaml.safe_dump_all(first)
    for thing in VARIANTS[variant]():
        thing["metadata"]["labels"].clear()
        thing.get("spec", {}).clear()
    assert yaml.safe_dump_all(first) == before
