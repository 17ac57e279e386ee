"""Code and schema agree on the actions: none is asked for that does not exist, none exists that nobody asks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHAPE = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+")
ASKING = re.compile(r"_?(check|may|decide|explain|ask|allow)\w*")


def declared() -> set[str]:
    """Every action of the schema."""
    text = "\n".join(path.read_text() for path in (ROOT / "policies" / "access").glob("*.cedarschema"))
    text = re.sub(r"//[^\n]*", "", text)
    names: set[str] = set()
    for group in re.findall(r"\baction\s+(.*?)\s+appliesTo\b", text, re.S):
        names |= {name.strip().strip('"') for name in group.split(",")}
    return names


def literals(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SHAPE.fullmatch(node.value):
            yield node.value


@cache
def asked() -> tuple[set[str], set[str]]:
    """The action names in calls that ask policy, and every word of that shape in the code."""
    called: set[str] = set()
    everywhere: set[str] = set()
    for path in (ROOT / "orchestrator").rglob("*.py"):
        tree = ast.parse(path.read_text())
        everywhere |= set(literals(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and "adapters" not in path.parts:  # these ask other systems, not the rules
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if ASKING.fullmatch(name):
                    called |= {word for argument in node.args for word in literals(argument)}
    return called, everywhere


def test_every_action_that_is_asked_for_exists() -> None:
    called, _ = asked()
    assert len(called) > 15
    assert called <= declared()


def test_every_action_that_exists_is_asked_for() -> None:
    _, everywhere = asked()
    assert declared() <= everywhere
