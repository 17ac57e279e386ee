"""Every rule that any part of the airlock can name is in the catalogue, with its source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import orchestrator.airlock
from orchestrator.airlock.checks.catalogue import DISCLOSURE, RULES

HOME = Path(orchestrator.airlock.__file__).parent
RULE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|POSTCODE|EMAIL|FORMULA|DOMINANCE|SCRIPT|PICKLE|FORM|MACROS")
MAKING = {"Finding", "finding", "flag", "note", "block", "yield_flag"}


def named_in(tree: ast.AST) -> set[str]:
    """Return rules given to whatever makes findings: first, or as ``rule``."""
    found = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        maker = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        values = [keyword.value for keyword in call.keywords if keyword.arg == "rule"]
        if maker.lstrip("_") in MAKING:
            values += call.args[:1]
        for value in (part for each in values for part in ast.walk(each)):
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and RULE.fullmatch(value.value):
                found.add(value.value)
    return found


def test_every_rule_that_is_emitted_is_in_the_catalogue():
    emitted = {rule: file.name for file in HOME.rglob("*.py") for rule in named_in(ast.parse(file.read_text()))}
    assert len(emitted) > 60
    assert {rule: file for rule, file in emitted.items() if rule not in RULES} == {}
    assert DISCLOSURE - set(emitted) == set()


def test_every_rule_says_what_it_is_and_where_it_comes_from():
    for name, rule in RULES.items():
        assert rule.rule == name
        assert rule.what
        assert rule.source
        assert not rule.what.endswith(".")
