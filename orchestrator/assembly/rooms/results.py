"""The way of results: the airlock's desk, its services, the training of those who check."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.airlock.desk import Desk
from orchestrator.airlock.frozen import FrozenStore
from orchestrator.airlock.governance import LiveGovernance
from orchestrator.airlock.packs import load_packs
from orchestrator.airlock.service import AirlockService
from orchestrator.airlock.training.examples import TRAINING_CASES
from orchestrator.airlock.training.service import Training

from .ground import POLICIES, Ground
from .people import People
from .requests import Requests

__all__ = ["Results", "open_results"]


@dataclass(frozen=True, kw_only=True)
class Results:
    """The rooms of the airlock."""

    airlock: AirlockService
    airlock_desk: Desk
    training: Training


def open_results(ground: Ground, people: People, requests: Requests) -> Results:
    """Open them; raises ``Invalid`` when a rule book does not validate. Terms may name only the books found here."""
    record, policy = ground.record, ground.policy
    packs = load_packs(POLICIES / "airlock")
    people.alliance.airlock_packs = frozenset(packs)
    desk = Desk(
        record=record,
        policy=policy,
        governance=LiveGovernance(record, people.identity, people.alliance, requests.access),
        pack=packs["sdap"],
        packs=packs,
        frozen=FrozenStore(ground.settings.state / "airlock"),
    )
    return Results(
        airlock=AirlockService.of(desk),
        airlock_desk=desk,
        training=Training(record, policy, TRAINING_CASES, as_now=desk.as_now),
    )
