"""Collecting a release: a link that works once, for the author alone; looking at it uses nothing up."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from typing import IO, Annotated

from fastapi import APIRouter, Path
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from orchestrator.airlock.releases import Collected
from orchestrator.core.errors import Unavailable

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
    """Pack exactly the released bytes and the record into one archive, the same each time."""
    packed = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed once it was sent
    with zipfile.ZipFile(packed, "w") as archive:
        for file, path in collected.files:
            with path.open("rb") as source, archive.open(_entry(f"files/{file.name}"), "w") as target:
                _copy(source, target, file.sha256)
        archive.writestr(_entry("record.json"), collected.document)
    length = packed.tell()
    packed.seek(0)
    headers = {
        "content-disposition": f'attachment; filename="release-{collected.submission.submission_id}.zip"',
        "content-length": str(length),
    }
    pieces = iter(lambda: packed.read(_PIECE), b"")
    return StreamingResponse(
        pieces, media_type="application/zip", headers=headers, background=BackgroundTask(packed.close)
    )


def _copy(source: IO[bytes], target: IO[bytes], sha256: str) -> None:
    digest = hashlib.sha256()
    while piece := source.read(_PIECE):
        digest.update(piece)
        target.write(piece)
    if digest.hexdigest() != sha256:
        raise Unavailable(
            "A released file was found altered, so nothing is handed out. Tell an operator.",
            system="airlock store",
            retry=False,
        )


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
