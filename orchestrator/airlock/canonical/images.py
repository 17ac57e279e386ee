"""Pictures drawn anew: what a viewer shows, on white, and nothing else."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps

from orchestrator.airlock.reading.pictures import decoded
from orchestrator.airlock.reading.specimen import Specimen

from .naming import Naming
from .parts import Canonical, Derived

__all__ = ["canonical_picture", "clean_png"]

_DEPTH = {"I;16", "I;16B", "I;16L", "I"}


def canonical_picture(file: Specimen) -> Canonical | None:
    """Return a PNG with the picture's pixels; of several frames the first, which viewers show."""
    drawn = clean_png(file.content, file.kind)
    if drawn is None:
        return None
    name = file.name if file.kind == "png" else Naming(file.name).name("png")
    note = "" if drawn == file.content else "Drawn anew from its pixels, without metadata."
    return Canonical(files=(Derived(name=name, content=drawn, note=note),), removed=("IMAGE_METADATA",))


def clean_png(content: bytes, kind: str) -> bytes | None:
    """Return a picture as a PNG of plain colours, or nothing when it cannot be drawn.

    JPEG becomes PNG too: packed with loss a second time, the same pixels would not come out again. What lies under
    full transparency would leave unseen, so everything is laid on white.
    """
    try:
        with warnings.catch_warnings(), decoded(content, kind) as picture:
            warnings.simplefilter("ignore")
            return png_of(picture)
    except Exception:  # noqa: BLE001 - a decoder failed: there is no picture to hand on
        return None


def png_of(picture: Image.Image) -> bytes:
    """Return one picture as PNG; the same pixels give the same bytes."""
    turned = ImageOps.exif_transpose(picture) or picture
    plain = _on_white(turned)
    fresh = Image.frombytes(plain.mode, plain.size, plain.tobytes())
    out = io.BytesIO()
    fresh.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in _DEPTH:
        return picture.point(lambda value: value / 256).convert("L")
    if picture.mode in ("1", "L") and "transparency" not in picture.info:
        return picture.convert("L")
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    seen = picture.convert("RGBA")
    white = Image.new("RGBA", seen.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, seen).convert("RGB")
