"""Reads a directory of Cedar files into one rule set; refuses what could fail open or could not explain itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cedarpy

from orchestrator.core.errors import Invalid

from .model import Effect, Rule

__all__ = ["RuleSet", "load"]


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """Parsed once, asked many times."""

    schema: Any
    policies: Any
    rules: dict[str, Rule]
    digest: str

    def about(self, action: str) -> list[Rule]:
        """Return the rules that can apply to ``action``, permits first, in a fixed order."""
        named = [rule for rule in self.rules.values() if not rule.actions or action in rule.actions]
        return sorted(named, key=lambda rule: (rule.effect is Effect.FORBID, rule.id))


def load(directory: Path) -> RuleSet:
    """Read every ``*.cedarschema`` and ``*.cedar`` file of ``directory`` as one schema and one rule set.

    Raises ``Invalid`` naming the file and the fault: the orchestrator does not start on rules that do not validate.
    """
    schemas = _texts(directory, "*.cedarschema")
    policies = _texts(directory, "*.cedar")
    schema = _schema(schemas)
    rules: dict[str, Rule] = {}
    for name, text in policies.items():
        for rule in _rules(name, text):
            if rule.id in rules:
                raise _invalid(
                    name, f"the rule “{rule.id}” already exists in {rules[rule.id].file}; rename one of them"
                )
            rules[rule.id] = rule
        _validate(name, text, schema)
    return RuleSet(
        schema=schema,
        policies=cedarpy.PolicySet.from_str("\n".join(policies.values())),
        rules=rules,
        digest=_digest(schemas | policies),
    )


def _texts(directory: Path, pattern: str) -> dict[str, str]:
    paths = sorted(directory.glob(pattern))
    if not paths:
        raise Invalid(
            f"There is no {pattern} in {directory}; point the settings at the access rules.", field="policies"
        )
    try:
        return {path.name: path.read_text(encoding="utf-8") for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The access rules in {directory} cannot be read: {error}.", field="policies") from error


def _schema(texts: dict[str, str]) -> Any:
    try:
        return cedarpy.Schema.from_str("\n".join(texts.values()))
    except ValueError as error:
        raise _invalid(", ".join(texts), str(error)) from error


def _rules(name: str, text: str) -> list[Rule]:
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise _invalid(name, str(error)) from error
    if parsed["templates"] or parsed["templateLinks"]:
        raise _invalid(name, "templates are not used here; write whole rules")
    return [_rule(name, body) for body in parsed["staticPolicies"].values()]


def _rule(name: str, body: dict[str, Any]) -> Rule:
    notes = body.get("annotations", {})
    identifier, reason = notes.get("id") or "", notes.get("reason") or ""
    if not identifier:
        raise _invalid(name, "every rule needs an @id")
    if not reason.endswith("."):
        raise _invalid(name, f"the rule “{identifier}” needs a @reason: a whole sentence for the person it stops")
    effect = Effect(body["effect"])
    actions = _actions(body["action"])
    if effect is Effect.PERMIT and not actions:
        raise _invalid(name, f"the permit “{identifier}” must name its actions; a permit for everything fails open")
    return Rule(id=identifier, effect=effect, reason=reason, actions=actions, file=name)


def _actions(scope: dict[str, Any]) -> frozenset[str]:
    entities = scope.get("entities") or ([scope["entity"]] if "entity" in scope else [])
    return frozenset(entity["id"] for entity in entities)


def _validate(name: str, text: str, schema: Any) -> None:
    result = cedarpy.validate_policies(text, schema)
    if not result.validation_passed:
        raise _invalid(name, "; ".join(str(error) for error in result.errors) or "it does not match the schema")


def _digest(texts: dict[str, str]) -> str:
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        for part in (name.encode(), text.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _invalid(name: str, fault: str) -> Invalid:
    return Invalid(f"The access rules in {name} cannot be used: {fault.rstrip(chr(46))}.", field=name)
