"""Pictures must be whole and end where they say: no bytes after the end, no text, no metadata, no second file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack

from .findings import Places, shown
from .specimen import Specimen

__all__ = ["check"]

_DRAWING = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"gAMA",
        b"cHRM",
        b"sRGB",
        b"sBIT",
        b"bKGD",
        b"hIST",
        b"pHYs",
        b"tIME",
    }
)
_PNG_START = 8
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


_PLAIN_TEXT = 200


class _Extras:
    """Parts of a picture that no viewer shows."""

    def __init__(self) -> None:
        self.places = Places()
        self.largest = 0

    def add(self, name: str, length: int) -> None:
        """Note one such part."""
        self.places.add(f"{name} ({length} bytes)")
        self.largest = max(self.largest, length)


class _BrokenError(Exception):
    """The picture does not follow its format."""


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Walk through a PNG or JPEG to its end; report what is not picture, and what comes after it."""
    if file.kind not in ("png", "jpeg"):
        return
    extras = _Extras()
    try:
        end = (_png if file.kind == "png" else _jpeg)(file.content, extras)
    except (_BrokenError, IndexError) as error:
        yield Finding(
            rule="INSPECTION_INCOMPLETE",
            severity=Severity.FLAG,
            where="whole file",
            message=f"The picture is broken and was not read to the end ({shown(str(error) or 'cut short')}).",
            guidance="Save the picture again.",
        )
        end = file.size
    if end < file.size:
        yield Finding(
            rule="TRAILING_BYTES",
            severity=Severity.BLOCK,
            where=f"from byte {end}",
            message=f"{file.size - end} bytes follow the end of the picture, where no viewer shows them.",
            guidance="Save the picture again with a plotting library.",
        )
    if extras.places:
        yield extras.places.finding(
            "IMAGE_METADATA",
            Severity.FLAG if extras.largest > _PLAIN_TEXT or extras.places.count > 3 else Severity.NOTE,
            f"{extras.places.count} parts of the picture carry text or metadata that no viewer shows.",
            "Save the picture without metadata.",
        )


def _png(content: bytes, extras: _Extras) -> int:
    offset, seen_data, unpacked = _PNG_START, False, zlib.decompressobj()
    while True:
        length, kind = int.from_bytes(content[offset : offset + 4], "big"), content[offset + 4 : offset + 8]
        body = content[offset + 8 : offset + 8 + length]
        crc = content[offset + 8 + length : offset + 12 + length]
        if len(body) != length or zlib.crc32(kind + body).to_bytes(4, "big") != crc:
            raise _BrokenError(f"the part {shown(kind.decode('latin-1'))} at byte {offset} is damaged")
        if offset == _PNG_START and kind != b"IHDR":
            raise _BrokenError("it does not begin with its header")
        if kind not in _DRAWING:
            extras.add(shown(kind.decode("latin-1")), length)
        offset += 12 + length
        if kind == b"IDAT":
            seen_data = True
            _unpack(unpacked, body)
        if kind == b"IEND":
            if not seen_data or not unpacked.eof:
                raise _BrokenError("its picture data is incomplete")
            if unpacked.unused_data:
                extras.add("after the picture data", len(unpacked.unused_data) + _PLAIN_TEXT)
            return offset


def _unpack(unpacked: zlib._Decompress, body: bytes) -> None:
    """Read compressed picture data to its end in small pieces, so that a bomb costs time and not memory."""
    try:
        waiting = body
        while waiting and not unpacked.eof:
            unpacked.decompress(waiting, 1 << 20)
            waiting = unpacked.unconsumed_tail
        if unpacked.eof and waiting and not unpacked.unused_data:
            raise _BrokenError("its picture data does not end where it should")
    except zlib.error as error:
        raise _BrokenError("its picture data cannot be unpacked") from error


def _jpeg(content: bytes, extras: _Extras) -> int:
    offset = 2
    while True:
        if content[offset] != 0xFF:
            raise _BrokenError(f"no marker at byte {offset}")
        marker = content[offset + 1]
        if marker == 0xFF:
            offset += 1
        elif marker == 0xD9:
            return offset + 2
        elif marker in _STANDALONE:
            offset += 2
        else:
            length = int.from_bytes(content[offset + 2 : offset + 4], "big")
            if length < 2 or offset + 2 + length > len(content):
                raise _BrokenError(f"the part at byte {offset} is cut short")
            if (
                marker == 0xFE
                or (0xE1 <= marker <= 0xEF and marker not in (0xE2, 0xEE))
                or (marker == 0xE2 and length > 4096)
            ):
                extras.add(f"marker {marker:02X}", length)
            offset += 2 + length
            if marker == 0xDA:
                offset = _scan_end(content, offset)


def _is_extra(marker: int, length: int) -> bool:
    """Say whether a part is a comment or an application's own; colour profiles and Adobe's marker are ordinary."""
    if marker == 0xE2:
        return length > 4096
    return marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)


def _scan_end(content: bytes, offset: int) -> int:
    while True:
        offset = content.find(b"\xff", offset)
        if offset < 0 or offset + 1 >= len(content):
            raise _BrokenError("it has no end")
        following = content[offset + 1]
        if following == 0x00 or 0xD0 <= following <= 0xD7:
            offset += 2
        elif following == 0xFF:
            offset += 1
        else:
            return offset
