"""Decides whether a person may do something; anything but an error-free Allow is a refusal that explains itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cedarpy

from orchestrator.core.errors import NotFound, Refused

from .model import Actor, Attribute, Decision, Effect, Thing
from .store import load

__all__ = ["Policy"]

_log = logging.getLogger(__name__)

_BROKEN = (
    "The access rules could not be evaluated, so nothing was allowed. This is a fault of the installation, not yours: "
    "tell an operator."
)
_UNNAMED = "No access rule permits this to anybody."


class Policy:
    """The access rules of one installation, read and validated once."""

    def __init__(self, directory: Path) -> None:
        """Read the rules; raises ``Invalid`` with the file and the reason when they do not validate."""
        self._set = load(directory)

    @property
    def digest(self) -> str:
        """The SHA-256 of schema and rules together: which rules decided."""
        return self._set.digest

    def decide(self, actor: Actor, action: str, thing: Thing) -> Decision:
        """Answer whether ``actor`` may do ``action`` to ``thing``, with reasons and the rules that decided."""
        try:
            result = self._ask(actor, action, thing)
        except (TypeError, ValueError, KeyError) as error:
            return self._incident(action, thing, [str(error)])
        errors = list(result.diagnostics.errors)
        if errors or result.decision is cedarpy.Decision.NoDecision:
            return self._incident(action, thing, errors)
        names = result.diagnostics.id_annotations_by_reason
        policies = tuple(sorted(names[reason] for reason in result.diagnostics.reasons))
        if result.decision is cedarpy.Decision.Allow and policies:
            return Decision(allowed=True, reasons=(), policies=policies, digest=self.digest)
        return Decision(allowed=False, reasons=self._reasons(action, policies), policies=policies, digest=self.digest)

    def may(self, actor: Actor, action: str, thing: Thing) -> bool:
        """Say whether it is allowed: for pages that show only what a person can do."""
        return self.decide(actor, action, thing).allowed

    def check(self, actor: Actor, action: str, thing: Thing) -> Decision:
        """Return the decision when allowed; raise ``Refused`` with its reasons otherwise."""
        decision = self.decide(actor, action, thing)
        if not decision.allowed:
            raise Refused(decision.reasons[0], reasons=decision.reasons)
        return decision

    def check_known(
        self, actor: Actor, action: str, thing: Thing, *, sight: str, unknown: str, shown: Thing | None = None
    ) -> Decision:
        """As ``check``; but whoever may not even ``sight`` the thing must not learn from a refusal that it exists.

        He is told ``unknown`` as ``NotFound``: the very words that are said of what does not exist. ``shown`` is the
        thing that the question of sight is asked of, where it is another one.
        """
        decision = self.decide(actor, action, thing)
        if decision.allowed:
            return decision
        if not self.may(actor, sight, shown or thing):
            raise NotFound(unknown)
        raise Refused(decision.reasons[0], reasons=decision.reasons)

    def explain(self, actor: Actor, action: str, thing: Thing) -> str:
        """Return the answer in words: the decision, its reasons, every rule that was asked, and their digest."""
        decision = self.decide(actor, action, thing)
        lines = [f"{action} on {thing.kind} {thing.id}: {'allowed' if decision.allowed else 'refused'}"]
        lines += [f"  because: {reason}" for reason in decision.reasons]
        lines += [f"  decided by: {name} ({self._set.rules[name].file})" for name in decision.policies]
        lines.append("  rules about this action:")
        for rule in self._set.about(action):
            lines.append(f"    {rule.effect.value} {rule.id}: {rule.reason}")
        lines.append(f"  rule set: sha256 {decision.digest}")
        return "\n".join(lines)

    def _ask(self, actor: Actor, action: str, thing: Thing) -> cedarpy.AuthzResult:
        person = {"type": "Person", "id": actor.person_id}
        resource = {"type": thing.kind, "id": thing.id}
        return cedarpy.is_authorized(
            {"principal": person, "action": {"type": "Action", "id": action}, "resource": resource, "context": {}},
            self._set.policies,
            [
                {"uid": person, "attrs": _person(actor), "parents": []},
                {"uid": resource, "attrs": _plain(thing.attributes), "parents": []},
            ],
            self._set.schema,
        )

    def _reasons(self, action: str, policies: tuple[str, ...]) -> tuple[str, ...]:
        """Return the sentences of the forbids that decided, or else what the permits for this action ask for."""
        if policies:
            return tuple(self._set.rules[name].reason for name in policies)
        permits = [rule for rule in self._set.about(action) if rule.effect is Effect.PERMIT]
        return tuple(dict.fromkeys(rule.reason for rule in permits)) or (_UNNAMED,)

    def _incident(self, action: str, thing: Thing, errors: list[str]) -> Decision:
        """A rule that cannot be evaluated is an alarm: it is logged as one and nothing is allowed."""
        _log.critical(
            "access rules failed: action=%s kind=%s id=%s: %s", action, thing.kind, thing.id, "; ".join(errors)
        )
        return Decision(allowed=False, reasons=(_BROKEN,), policies=(), digest=self.digest, incident=True)


def _person(actor: Actor) -> dict[str, Any]:
    return _plain(
        {
            "id": actor.person_id,
            "roles": actor.roles,
            "custodians": actor.custodians,
            "active": actor.active,
            "secondFactor": actor.second_factor,
        }
    )


def _plain(attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, (frozenset, set)) else value for name, value in attributes.items()}
