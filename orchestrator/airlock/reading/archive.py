"""A zip looked at without trusting it: what its parts say of themselves against the bytes that are there.

Python 3.11's ``zipfile`` accepts entries that lie over each other (one kernel of data can then stand for gigabytes), so
places, gaps, names and sizes are compared here before a single part is unpacked, and unpacking counts its bytes.
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import limits
from .gathering import Gathering
from .places import Places, shown

__all__ = ["Archive", "UnreadableError", "open_archive", "zip_names"]

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_END = struct.Struct("<4sHHHHIIH")
_PIECE = 1 << 20
_MADE_AGAIN = "Save the file again with the program that made it."


class UnreadableError(Exception):
    """A part that must not or cannot be unpacked; the words say why."""


@dataclass(frozen=True)
class Archive:
    """A zip whose directory was read. ``sound`` is false when unpacking is refused."""

    file: zipfile.ZipFile
    entries: Sequence[zipfile.ZipInfo]
    sound: bool = True
    unpacked: list[int] = field(default_factory=lambda: [0])

    def names(self) -> list[str]:
        """Return the names of all parts."""
        return [entry.filename for entry in self.entries]

    def read(self, name: str) -> bytes:
        """Unpack one part, counting bytes over the whole archive; raises ``UnreadableError``."""
        if not self.sound:
            raise UnreadableError("the archive is not sound")
        pieces: list[bytes] = []
        try:
            with self.file.open(name) as part:
                while piece := part.read(_PIECE):
                    self.unpacked[0] += len(piece)
                    if self.unpacked[0] > limits.ARCHIVE_BYTES:
                        raise UnreadableError(f"its parts hold more than {limits.ARCHIVE_BYTES >> 20} MiB")
                    pieces.append(piece)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            KeyError,
            RuntimeError,
            NotImplementedError,
            OSError,
        ) as error:
            raise UnreadableError(f"{shown(name)} cannot be unpacked ({type(error).__name__})") from error
        return b"".join(pieces)


def zip_names(content: bytes) -> tuple[list[str], bytes]:
    """Return the names in a zip and what its part “mimetype” says, as far as that can be told; never raises."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            entries = file.infolist()[: limits.ARCHIVE_ENTRIES]
            first = entries[0] if entries else None
            said = b""
            if first is not None and first.filename == "mimetype" and first.file_size < 200:
                said = file.read(first)
            return [entry.filename for entry in entries], said
    except Exception:  # noqa: BLE001 - a damaged directory names nothing; the reader of archives says so
        return [], b""


def open_archive(content: bytes, into: Gathering) -> Archive | None:
    """Read the directory of a zip and report everything about it that misleads; nothing when it cannot be read."""
    try:
        file = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, struct.error) as error:
        into.incomplete("archive", f"its directory is damaged ({type(error).__name__})")
        return None
    entries = sorted(file.infolist(), key=lambda entry: entry.header_offset)
    sound = _places(content, entries, into)
    _names(entries, into)
    return Archive(file, entries, sound=_sizes(entries, into) and sound)


def _places(content: bytes, entries: Sequence[zipfile.ZipInfo], into: Gathering) -> bool:
    """Report parts that lie over each other, and bytes that belong to no part."""
    over, differing, end, gaps = Places(), Places(), 0, frozenset({0})
    for entry in entries:
        head = content[entry.header_offset : entry.header_offset + _LOCAL.size]
        if entry.header_offset < end:
            over.add(shown(entry.filename))
        elif entry.header_offset - end not in gaps:
            _between(into, end, entry.header_offset)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
            into.incomplete("archive", f"the part {shown(entry.filename)} is not where the directory says")
            return False
        name, extra = _LOCAL.unpack(head)[9:]
        start = entry.header_offset + _LOCAL.size + name + extra
        said = content[entry.header_offset + _LOCAL.size : start - extra]
        if said.decode("utf-8" if entry.flag_bits & 0x800 else "cp437", "replace") != entry.orig_filename:
            differing.add(shown(entry.filename))
        end = max(end, start + entry.compress_size)
        gaps = _descriptions(content, end) if entry.flag_bits & 0x8 else frozenset({0})
    directory = _directory(content)
    if directory is None or directory - end not in gaps:
        _between(into, end, directory)
    if over:
        into.block(
            "OVERLAPPING_ARCHIVE",
            str(over),
            f"{over.count} parts lie over others: few bytes stand for many.",
            _MADE_AGAIN,
        )
    if differing:
        into.block("ARCHIVE_PATHS", str(differing), f"{differing.count} parts have two different names.", _MADE_AGAIN)
    _after(content, into)
    return not over


def _descriptions(content: bytes, end: int) -> frozenset[int]:
    """Return how long the description after a streamed part may be: sizes of 4 or 8 bytes, with a signature or not."""
    return frozenset({16, 24}) if content[end : end + 4] == b"PK\x07\x08" else frozenset({12, 20})


def _between(into: Gathering, start: int, end: int | None) -> None:
    if start == 0:
        into.block(
            "POLYGLOT", "before the archive", f"{end} bytes stand before the archive: two files in one.", _MADE_AGAIN
        )
        return
    where = f"from byte {start}"
    into.block(
        "TRAILING_BYTES", where, "Bytes lie between the parts of the archive, where no program shows them.", _MADE_AGAIN
    )


def _directory(content: bytes) -> int | None:
    at = content.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(content):
        return None
    start = int(_END.unpack(content[at : at + _END.size])[6])
    if start == 0xFFFFFFFF:  # a large archive says it elsewhere
        large = content.rfind(b"PK\x06\x06")
        start = struct.unpack("<Q", content[large + 48 : large + 56])[0] if large >= 0 else 0
    return start


def _after(content: bytes, into: Gathering) -> None:
    at = content.rfind(b"PK\x05\x06")
    comment = int.from_bytes(content[at + 20 : at + 22], "little")
    rest = len(content) - at - _END.size - comment
    if rest > 0:
        into.block(
            "TRAILING_BYTES", f"from byte {len(content) - rest}", f"{rest} bytes follow the archive.", _MADE_AGAIN
        )
    if comment:
        into.flag(
            "DOCUMENT_METADATA", "archive comment", f"The archive carries a comment of {comment} bytes.", _MADE_AGAIN
        )


def _names(entries: Sequence[zipfile.ZipInfo], into: Gathering) -> None:
    leaving, twice, seen = Places(), Places(), set()
    for entry in entries:
        name = entry.filename
        parts = name.replace("\\", "/").split("/")
        link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\x00" in entry.orig_filename or link:
            leaving.add(shown(name))
        key = unicodedata.normalize("NFKC", name).casefold()
        if key in seen:
            twice.add(shown(name))
        seen.add(key)
    if leaving:
        words = f"{leaving.count} parts have names that lead out of the folder they are unpacked in, or are links."
        into.block("ARCHIVE_PATHS", str(leaving), words, _MADE_AGAIN)
    if twice:
        into.block("ARCHIVE_PATHS", str(twice), f"{twice.count} parts have the name of another part.", _MADE_AGAIN)


def _sizes(entries: Sequence[zipfile.ZipInfo], into: Gathering) -> bool:
    total = sum(entry.file_size for entry in entries)
    grown = [
        e for e in entries if e.file_size > _PIECE and e.file_size > limits.ARCHIVE_RATIO * max(1, e.compress_size)
    ]
    if total > limits.ARCHIVE_BYTES or grown or len(entries) > limits.ARCHIVE_ENTRIES:
        into.block(
            "ARCHIVE_BOMB",
            "archive",
            f"{len(entries)} parts would unpack to {total:,} bytes; it was not unpacked.",
            "Hand in the results themselves, not packed.",
        )
        return False
    locked = Places()
    for entry in entries:
        if entry.flag_bits & 0x1:
            locked.add(shown(entry.filename))
    if locked:
        into.block("ENCRYPTED", str(locked), f"{locked.count} parts need a password.", "Hand it in without a password.")
    return True
