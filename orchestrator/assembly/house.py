"""What portal and command line hold: the record, the rules and the rooms; no token of any Vault."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.settings import Settings

from .rooms.catalogue import Catalogue, open_catalogue
from .rooms.ground import POLICIES, Ground, open_ground
from .rooms.people import People, open_people
from .rooms.public import Public, open_public
from .rooms.requests import Requests, open_requests
from .rooms.results import Results, open_results
from .rooms.work import Work, open_work

__all__ = ["POLICIES", "House", "open_house"]


@dataclass(frozen=True, kw_only=True)
class House(Ground, People, Catalogue, Requests, Work, Results, Public):
    """Every room, opened on one record; each wing says which are its own."""


def open_house(settings: Settings) -> House:
    """Open the rooms; raises ``Invalid`` when rules or packs do not validate, so that nothing starts on broken ones."""
    ground = open_ground(settings)
    people = open_people(ground)
    offered = open_catalogue(ground, people)
    requests = open_requests(ground, people, offered)
    wings = (
        ground,
        people,
        offered,
        requests,
        open_work(ground, people, requests),
        open_results(ground, people, requests),
        open_public(ground),
    )
    return House(**{name: room for wing in wings for name, room in vars(wing).items()})
