"""Enquiries over the small world of access, with two colleagues who answer for the hub."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from orchestrator.access.enquiries.candidates import CatalogueCandidates
from orchestrator.access.enquiries.model import Enquiry
from orchestrator.access.enquiries.service import EnquiryService
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy
from tests.access.conftest import World

QUESTION = "How many simulated people leave hospital with diabetes?\nI plan clinics for the region."


@dataclass
class Desk:
    """The world with its enquiries."""

    world: World
    service: EnquiryService

    def actor(self, name: str) -> Actor:
        return self.world.actor(name)

    def asked(self, name: str = "lead", question: str = QUESTION) -> Enquiry:
        return self.service.ask(self.actor(name), question)

    def id(self, name: str) -> str:
        return self.world.people[name]


def desk_of(world: World, policy: Policy) -> Desk:
    service = EnquiryService(
        record=world.record,
        policy=policy,
        access=world.access,
        discovery=world.discovery,
        candidates=CatalogueCandidates(world.discovery),
    )
    for name in ("connie", "carol"):
        world.register(name)
        world.give(name, "concierge")
    return Desk(world, service)


@pytest.fixture
def desk(world: World, policy: Policy) -> Desk:
    return desk_of(world, policy)
