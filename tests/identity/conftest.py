"""Two operators, a researcher without anything, and the service over an empty record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.identity.model import Person, Role
from orchestrator.identity.service import IdentityService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy

ISSUER = "https://id.example"


@pytest.fixture
def identity(record: Record, policy: Policy) -> IdentityService:
    return IdentityService(record, policy)


@pytest.fixture
def acting(identity: IdentityService) -> Callable[[Person], Actor]:
    """A person as he acts now, signed on with a second factor."""
    return lambda person: identity.actor(person.person_id, second_factor=True)


@pytest.fixture
def register(identity: IdentityService, acting: Callable[[Person], Actor]) -> Callable[[Person, str], Person]:
    """Have an operator register somebody."""

    def registered(operator: Person, name: str) -> Person:
        return identity.register_person(
            acting(operator), name.title(), f"{name}@example.org", ISSUER, name, affiliation="University"
        )

    return registered


@pytest.fixture
def ann(identity: IdentityService) -> Person:
    """The first operator."""
    return identity.first_operator("Ann", "ann@example.org", ISSUER, "ann")


@pytest.fixture
def ben(
    identity: IdentityService,
    ann: Person,
    clock: FixedClock,
    acting: Callable[[Person], Actor],
    register: Callable[[Person, str], Person],
) -> Person:
    """The second operator, who confirmed his own role."""
    person = register(ann, "ben")
    until = clock() + timedelta(days=365)
    holding = identity.propose_role(acting(ann), person.person_id, Role.OPERATOR, until)
    identity.confirm_role(acting(person), holding.holding_id)
    return person


@pytest.fixture
def eve(ann: Person, register: Callable[[Person, str], Person]) -> Person:
    """A researcher."""
    return register(ann, "eve")
