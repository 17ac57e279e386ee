"""Who states which field of the register, and how statements of several custodians become one field."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core.errors import Invalid
from orchestrator.core.register_fields import BY_KEY, SENSITIVITY, Field, Source

__all__ = ["check_field", "merged"]


def check_field(key: str, *, source: Source) -> Field:
    """Return the field ``key`` if it is for ``source`` to state; raise ``Invalid`` with the ones that are."""
    found = BY_KEY.get(key)
    if found is None or found.source is not source:
        there = ", ".join(field.key for field in BY_KEY.values() if field.source is source)
        why = "the record itself fills it" if found and found.source is Source.RECORD else "it is not yours to state"
        said = f"“{key[:40]}” is no field of the register" if found is None else f"“{key}” cannot be stated: {why}"
        raise Invalid(f"{said}. You can state: {there}.", field=key[:40])
    return found


def merged(field: Field, by_custodian: Mapping[str, str]) -> str:
    """Return one value for what several custodians (by name) stated: the most sensitive, or each with its name."""
    stated = {name: value for name, value in sorted(by_custodian.items()) if value}
    values = set(stated.values())
    if field.key == "sensitivity":
        return next((level for level in SENSITIVITY if level in values), "")
    if len(values) <= 1 and len(stated) == len(by_custodian):
        return next(iter(values), "")
    return "; ".join(f"{name}: {value}" for name, value in stated.items())
