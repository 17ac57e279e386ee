"""Collecting a release: a link that works once, for the author alone; looking at it uses nothing up."""

from __future__ import annotations

import tempfile
from typing import IO, Annotated, cast

from fastapi import APIRouter, Path
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from orchestrator.airlock.release.bag import pack
from orchestrator.airlock.release.collecting import Collected

from .forms import Form
from .pages import page
from .visits import signed_in

__all__ = ["bundle", "router"]

router = APIRouter()

_IN_MEMORY = 8 * 1024 * 1024
_PIECE = 64 * 1024

Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{16,128}$")]


@router.get("/releases/{secret}")
def release(request: Request, secret: Secret) -> Response:
    """Show the button that collects the release."""
    signed_in(request)
    return page(request, "release.html", title="Collect a release", secret=secret)


@router.post("/releases/{secret}")
def collect(request: Request, secret: Secret, posted: Form) -> Response:  # noqa: ARG001 - its token was checked
    """Hand the released files and their signed record over, once."""
    visit = signed_in(request)
    collected = visit.house.airlock.collect(visit.actor, secret)
    return bundle(collected)


def bundle(collected: Collected) -> Response:
    """Pack exactly the released bytes, the record and their description into one archive, the same each time."""
    submission_id = collected.submission.submission_id
    packed = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed once it was sent
    files = [(file.name, path, file.sha256) for file, path in collected.files]
    pack(cast("IO[bytes]", packed), submission_id, collected.document, files)
    length = packed.tell()
    packed.seek(0)
    headers = {
        "content-disposition": f'attachment; filename="release-{submission_id}.zip"',
        "content-length": str(length),
    }
    pieces = iter(lambda: packed.read(_PIECE), b"")
    return StreamingResponse(
        pieces, media_type="application/zip", headers=headers, background=BackgroundTask(packed.close)
    )
