"""Takes in a document that a known person sends: one at a time for each, few at once, within a time.

Who sends is known before a byte of the body is read, so nobody fills the memory of the portal namelessly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.requests import Request

from orchestrator.core.errors import Invalid, Unavailable

__all__ = ["Arriving", "received"]

_AT_ONCE = 12
"""Documents that arrive at the same time: with 10 MB each they stay far within the memory of a portal."""
_SECONDS = 120.0


class Arriving:
    """Who sends a document at the moment. Used from one event loop."""

    def __init__(self) -> None:
        self._people: set[str] = set()

    @contextmanager
    def of(self, person_id: str) -> Iterator[None]:
        """Hold a person's place until his document was taken; raises ``Unavailable`` where there is none."""
        if person_id in self._people:
            raise Unavailable("Another document of yours is arriving; wait until it is there.", system="portal")
        if len(self._people) >= _AT_ONCE:
            raise Unavailable("Many documents are arriving at the moment; try again in a minute.", system="portal")
        self._people.add(person_id)
        try:
            yield
        finally:
            self._people.discard(person_id)


_arriving = Arriving()


@asynccontextmanager
async def received(request: Request, person_id: str) -> AsyncIterator[bytes]:
    """Give the whole body; the person's place is held until it was dealt with."""
    with _arriving.of(person_id):
        try:
            async with asyncio.timeout(_SECONDS):
                body = await request.body()
        except TimeoutError as error:
            raise Invalid("The document took too long to arrive, so nothing was kept.", field="document") from error
        yield body
