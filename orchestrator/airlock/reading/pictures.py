"""Pictures: whole, ending where they say, without words, small copies or further frames that no viewer shows."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from . import limits
from .file import File
from .gathering import Gathering, place
from .gif import walk_gif, walk_webp
from .jpeg import walk_jpeg
from .picture_parts import BrokenError, Extras
from .png import walk_png

__all__ = ["FORMATS", "decoded", "read", "read_picture"]

FORMATS = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "tiff": "TIFF", "webp": "WEBP"}
_AGAIN = "Save the picture again with a plotting library."
_QUIET = 200
"""Bytes of words in a picture that plotting libraries leave on their own (their name and version)."""


def read(file: File, into: Gathering) -> None:
    """Read a picture file to its last byte."""
    read_picture(file.content, file.kind, into)


def read_picture(content: bytes, kind: str, into: Gathering, where: str = "") -> None:
    """Read a picture that is a file, or stands in one at ``where``."""
    extras = Extras()
    if kind in _WALKS:
        _walk(content, kind, extras, into, where)
    try:
        with decoded(content, kind) as picture:
            into.picture(where, *picture.size)
            _frames(picture, extras)
            picture.load()
    except Exception as error:  # noqa: BLE001 - decoders fail in many ways, each means that the picture was not seen
        into.picture(where)
        into.incomplete(where, f"the picture cannot be drawn ({type(error).__name__})")
    if extras.places:
        loud = extras.largest > _QUIET or extras.places.count > 3
        (into.flag if loud else into.note)(
            "IMAGE_METADATA",
            place(where, str(extras.places)),
            f"{extras.places.count} parts of the picture carry text or metadata that no viewer shows.",
            "Save the picture without metadata.",
        )


def decoded(content: bytes, kind: str) -> Image.Image:
    """Open a picture without drawing it; raises when it is of another format or has too many pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a decoder warns of is metadata, which does not leave
        picture = Image.open(io.BytesIO(content), formats=[FORMATS[kind]])
    if picture.width * picture.height > limits.PIXELS:
        raise ValueError(f"more than {limits.PIXELS:,} pixels")
    return picture


def _walk(content: bytes, kind: str, extras: Extras, into: Gathering, where: str) -> None:
    try:
        end = _WALKS[kind](content, extras)
    except (BrokenError, IndexError) as error:
        into.incomplete(where, f"the picture is broken ({error!s})" if str(error) else "the picture is cut short")
        return
    if end < len(content):
        rest = content[end:]
        into.block(
            "TRAILING_BYTES",
            place(where, f"from byte {end}"),
            f"{len(rest)} bytes follow the end of the picture, where no viewer shows them.",
            _AGAIN,
        )
        if b"PK\x03\x04" in rest or b"%PDF-" in rest or b"<html" in rest[:4096].lower():
            into.block(
                "POLYGLOT", place(where, f"from byte {end}"), "The picture is a second file at the same time.", _AGAIN
            )


_WALKS = {"png": walk_png, "jpeg": walk_jpeg, "gif": walk_gif, "webp": walk_webp}


def _frames(picture: Image.Image, extras: Extras) -> None:
    frames = int(getattr(picture, "n_frames", 1))
    if frames > 1:
        extras.add(f"{frames - 1} more frames", _QUIET + 1)
    if picture.format in ("GIF", "TIFF", "WEBP"):
        for name in ("exif", "xmp", "comment", "icc_profile", "photoshop"):
            held = picture.info.get(name)
            if held:
                extras.add(name, len(held))
