"""Pictures: every byte belongs to what a viewer shows, or is said."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.airlock.reading.made import flagged, picture, png, png_chunk, read, rules, zipped


def frames(form: str) -> bytes:
    out = io.BytesIO()
    first, second = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "red")
    first.save(out, form, save_all=True, append_images=[second])
    return out.getvalue()


def words() -> bytes:
    said = PngInfo()
    said.add_text("Comment", "61,F;" * 200)
    return picture(pnginfo=said)


def place() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "61,F;" * 200
    return picture("JPEG", exif=exif)


def wide(pixels: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", (pixels, 9_000)).save(out, "PNG")
    return out.getvalue()


HIDDEN = {
    "words in a PNG": (words, "IMAGE_METADATA"),
    "exif in a JPEG": (place, "IMAGE_METADATA"),
    "a comment in a JPEG": (lambda: picture("JPEG", comment="61,F;" * 200), "IMAGE_METADATA"),
    "a chunk nobody knows": (lambda: png(png_chunk(b"roWs", b"61,F;" * 200)), "IMAGE_METADATA"),
    "a second frame in a PNG": (lambda: frames("PNG"), "IMAGE_METADATA"),
    "a second frame in a GIF": (lambda: frames("GIF"), "IMAGE_METADATA"),
    "a second page in a TIFF": (lambda: frames("TIFF"), "IMAGE_METADATA"),
    "a second frame in a WebP": (lambda: frames("WEBP"), "IMAGE_METADATA"),
    "bytes after a PNG": (lambda: png(after=b"61,F"), "TRAILING_BYTES"),
    "bytes after a JPEG": (lambda: picture("JPEG") + b"61,F", "TRAILING_BYTES"),
    "bytes after a GIF": (lambda: picture("GIF") + b"61,F", "TRAILING_BYTES"),
    "bytes after a WebP": (lambda: picture("WEBP") + b"61,F", "TRAILING_BYTES"),
    "a comment in a GIF": (lambda: picture("GIF", comment=b"61,F;" * 50), "IMAGE_METADATA"),
    "a zip after a PNG": (lambda: png(after=zipped({"rows.csv": b"61,F"})), "POLYGLOT"),
    "a page after a JPEG": (lambda: picture("JPEG") + b"<html><script>x()</script>", "POLYGLOT"),
    "a PNG cut short": (lambda: picture()[:-30], "INSPECTION_INCOMPLETE"),
    "a JPEG cut short": (lambda: picture("JPEG")[:-30], "INSPECTION_INCOMPLETE"),
    "a GIF cut short": (lambda: picture("GIF")[:-20], "INSPECTION_INCOMPLETE"),
    "too many pixels": (lambda: wide(9_000), "INSPECTION_INCOMPLETE"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_a_picture_carries_beside_its_pixels_is_said(case):
    make, rule = HIDDEN[case]
    assert rule in flagged(make())


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "TIFF", "WEBP"])
def test_an_ordinary_picture_has_nothing_to_flag(form):
    found = read(picture(form))
    assert found.kind == form.lower()
    assert flagged(picture(form)) == set()
    assert [(one.width, one.height) for one in found.pictures] == [(24, 16)]


def test_the_name_that_a_plotting_library_leaves_is_a_note():
    said = PngInfo()
    said.add_text("Software", "Matplotlib version 3.11")
    content = picture(pnginfo=said)
    assert "IMAGE_METADATA" in rules(content)
    assert flagged(content) == set()
