"""Finds every address of the application, and tries it as anybody with anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.routing import Mount

from orchestrator.core.events import Event
from tests.attack.bodies import AT, DOCUMENTS, FORMS, LETTERS, QUERIES
from tests.attack.intruders import NOBODY, SEATS, Filled
from tests.cli.conftest import LETTER
from tests.web.world import ORIGIN, Browser

API = "/api/v1"
_PARAMETER = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"<([^<>]+)>")

VARIANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "POST /alliance/cases/{case_id}/{step}": {
        "step": ("submit", "withdraw", "recommend", "confirm", "return", "refuse", "suspend", "end")
    },
    "POST /alliance/conditions/{version}/{step}": {"step": ("accept", "publish", "withdraw")},
    "POST /alliance/departures/{departure_id}/{step}": {"step": ("confirm", "withdraw")},
    "POST /evidence/{evidence_id}/{step}": {"step": ("verify", "reject", "revoke", "take-back")},
}
"""Parameters that name an act: each act is a line of the table."""

WORDS = {
    "form": "schema-org",
    "key": "public_benefit",
    "kind": "catalogue",
    "month": "2026-11",
    "position": "0",
    "subject": "custodian",
    "version": "1",
}
"""Parameters that name no thing of anybody."""


REFUSALS = {"link.refused"}
"""Kinds of entries that say that somebody was refused."""


@dataclass(frozen=True)
class Address:
    """One way to ask the application for something, as the table names it."""

    method: str
    path: str
    template: str
    route: APIRoute

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def general(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def api(self) -> bool:
        return self.path.startswith(API)

    @property
    def parameters(self) -> list[str]:
        return _PARAMETER.findall(self.path)

    @property
    def things(self) -> list[str]:
        """The parameters that name somebody's thing."""
        return [name for name in self.parameters if name not in WORDS]


def addresses(app: FastAPI) -> list[Address]:
    """Return every address, asked of the application itself, pages and API."""
    mounted = next(route.app for route in app.routes if isinstance(route, Mount) and route.path == API)
    assert isinstance(mounted, FastAPI)
    found = [*_addresses(app, ""), *_addresses(mounted, API)]
    assert len({each.name for each in found}) == len(found)
    return found


def _addresses(app: FastAPI, prefix: str) -> Iterator[Address]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        for method in sorted(route.methods):
            template = f"{prefix}{route.path}"
            acts = VARIANTS.get(f"{method} {template}", {})
            paths = [template]
            for name, words in acts.items():
                paths = [path.replace(f"{{{name}}}", word) for path in paths for word in words]
            for path in paths:
                yield Address(method, path, template, route)


@dataclass(frozen=True)
class Outcome:
    """What came of one try."""

    status: int
    written: tuple[str, ...]
    text: str
    location: str
    headers: Mapping[str, str]

    @property
    def refused(self) -> bool:
        """Whether whoever tried was turned away, and nothing would have been written."""
        if self.written:
            return set(self.written) <= REFUSALS
        return self.status in (401, 403, 404) or (self.status == 303 and self.location.startswith("/sign-in"))


class Trying:
    """Browsers and terminals of everybody, at one filled house."""

    def __init__(self, filled: Filled) -> None:
        self.filled = filled
        self.known = {each.name: each for each in addresses(filled.world.app)}
        self.now = datetime.now(UTC).date()
        self.last: list[Event] = []
        """What the last try would have written."""
        self._browsers: dict[str, Browser] = {}
        self._tokens: dict[str, str] = {}
        self._bearers: dict[str, dict[str, str]] = {NOBODY: {}}

    def sign_in(self) -> None:
        """Sign everybody in, in a browser and in a terminal; before nothing is committed any more."""
        world = self.filled.world
        for seat in (NOBODY, *SEATS):
            person = SEATS.get(seat)
            self._browsers[seat] = world.browser(person)
            self._tokens[seat] = self._browsers[seat].token("/sign-in" if person is None else "/")
            if person is not None:
                self._bearers[seat] = world.bearer(person)
        self.terminal = TestClient(world.app, base_url=ORIGIN, follow_redirects=False)

    def browser(self, seat: str) -> Browser:
        """Return the browser in which somebody is signed in."""
        return self._browsers[seat]

    def token(self, seat: str) -> str:
        """Return what the forms of this browser carry."""
        return self._tokens[seat]

    def bearer(self, seat: str) -> dict[str, str]:
        """Return what the terminal of somebody sends."""
        return self._bearers[seat]

    def close(self) -> None:
        """Close every client."""
        for client in (*self._browsers.values(), self.terminal):
            client.close()

    def things(self, address: Address) -> dict[str, str]:
        """Return the things of the project's people that an address is tried with."""
        chosen = AT.get(address.name) or AT.get(address.general, {})
        own = self.filled.own
        return {name: WORDS.get(name) or own[chosen.get(name, name)] for name in address.parameters}

    def try_it(self, seat: str, address: Address, things: Mapping[str, str] | None = None, **more: Any) -> Outcome:
        """Ask for an address as somebody, with what a person with the right would send."""
        things = self.things(address) if things is None else things
        path = _PARAMETER.sub(lambda found: things[found[1]], address.path)
        path += self.said(QUERIES.get(address.name, ""))
        self.filled.taken()
        answer = self._send(seat, address, path, **more)
        self.last = self.filled.taken()
        return Outcome(
            status=answer.status_code,
            written=tuple(event.kind for event in self.last),
            text=answer.text,
            location=answer.headers.get("location", ""),
            headers=answer.headers,
        )

    def _send(self, seat: str, address: Address, path: str, **more: Any) -> Response:
        if address.api:
            document = self.said(more.get("document", DOCUMENTS.get(address.name)))
            headers = self._bearers[seat]
            if address.name in LETTERS:
                headers = {**headers, "content-type": "application/octet-stream"}
                return self.terminal.request(address.method, path, headers=headers, content=LETTER)
            if address.method in ("GET", "DELETE"):
                return self.terminal.request(address.method, path, headers=headers)
            return self.terminal.request(address.method, path, headers=headers, json=document)
        browser = self._browsers[seat]
        if address.method == "GET":
            return browser.get(path)
        fields = self.said(more.get("fields", FORMS.get(address.name) or FORMS.get(address.general, {})))
        token = more.get("token", self._tokens[seat])
        headers = {"origin": more.get("origin", ORIGIN)}
        if address.name in LETTERS:
            files = {"document": ("letter.jpg", LETTER, "image/jpeg")}
            return browser.post(path, data={"csrf": token}, files=files, headers=headers)
        return browser.post(path, data={"csrf": token, **fields}, headers=headers)

    def said(self, value: Any) -> Any:
        """Return a body with the house's things in the places that name them."""
        if isinstance(value, str):
            return _WORD.sub(lambda found: self._word(found[1]), value)
        if isinstance(value, dict):
            return {name: self.said(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.said(one) for one in value]
        return value

    def _word(self, name: str) -> str:
        if name.startswith("+"):
            return (self.now + timedelta(days=int(name))).isoformat()
        return self.filled.own[name]
