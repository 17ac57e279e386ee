"""Files that never leave as they are: archives, pickles, models, databases. Says what is inside where that is safe."""

from __future__ import annotations

import bz2
import io
import lzma
import pickletools
import re
import tarfile
import zipfile
import zlib

from . import kinds, limits
from .archive import Archive, UnreadableError, open_archive
from .file import File
from .gathering import Gathering
from .places import shown

__all__ = ["nested", "read"]

_PEEK = 65_536
_NAMED = 12
_MODELS = frozenset({"model", "hdf5"})
_DATA = frozenset({"stata", "spss", "r-data", "arrow", "feather", "avro", "orc", "sqlite", "numpy"})
_MODULE = re.compile(r"[A-Za-z_][\w.]*")


def read(file: File, into: Gathering) -> None:
    """Report what kind of container this is and what its listing names; nothing of it is run or loaded."""
    kind = file.kind
    if kind in ("zip", "word-document", "presentation", "model", "numpy") and file.content.startswith(b"PK"):
        _zip(file, into)
    elif kind == "tar":
        _tar(file.content, into)
    elif kind in ("gzip", "bzip2", "xz"):
        _squeezed(file.content, kind, into)
    elif kind == "pickle":
        _pickle(file.content, into)
    elif kind in _MODELS or kind in _DATA:
        _said(kind, into)
    elif kind == "unknown-binary":
        into.incomplete("", "what it is cannot be told from its content")
    elif kind == "unknown-text":
        into.incomplete("", "its characters could not be read")
    else:
        into.incomplete("", f"no reader knows {kind} files")


def nested(content: bytes) -> str | None:
    """Return what kind of packed or active file begins here, or nothing for an ordinary part."""
    kind = kinds.binary_kind(content[:_PEEK])
    return kind if kind in kinds.PACKED | {"pickle", "program", "ole", "hdf5", "sqlite", "parquet", "pdf"} else None


def _said(kind: str, into: Gathering) -> None:
    rule = "MODEL_FILE" if kind in _MODELS else "DATA_FILE"
    what = (
        "holds a model or arrays, which can carry the data it was fitted on" if rule == "MODEL_FILE" else "holds data"
    )
    into.block(rule, "whole file", f"A file of the kind {kind} {what}.", "Hand in tables of results as CSV.")


def _zip(file: File, into: Gathering) -> None:
    archive = open_archive(file.content, into)
    if archive is None:
        return
    names = archive.names()
    if file.kind in ("model", "numpy"):
        _said(file.kind, into)
    listed = ", ".join(shown(entry.filename, 40) for entry in archive.entries[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    into.note("ARCHIVE_CONTENT", "archive", f"It holds {len(names)} parts: {listed}{more}.")
    _inside(archive, into)


def _inside(archive: Archive, into: Gathering) -> None:
    for entry in archive.entries[: limits.ARCHIVE_ENTRIES]:
        try:
            with archive.file.open(entry) as part:
                kind = nested(part.read(_PEEK)) if archive.sound else None
        except (UnreadableError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError):
            into.incomplete(shown(entry.filename), "this part of the archive cannot be unpacked")
            continue
        if kind == "pickle":
            into.block("PICKLE", shown(entry.filename), "A pickle runs code when it is opened, and can hold anything.")
        elif kind is not None:
            into.block(
                "NESTED_ARCHIVE", shown(entry.filename), f"A {kind} file is packed inside.", "Hand it in unpacked."
            )


def _tar(content: bytes, into: Gathering) -> None:
    names: list[str] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                names.append(member.name)
                parts = member.name.split("/")
                if member.name.startswith("/") or ".." in parts or member.issym() or member.islnk() or member.isdev():
                    into.block("ARCHIVE_PATHS", shown(member.name), "This part leads out of its folder, or is a link.")
                if len(names) >= limits.ARCHIVE_ENTRIES:
                    into.incomplete("archive", f"it has more than {limits.ARCHIVE_ENTRIES} parts")
                    break
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        into.incomplete("archive", f"its listing is damaged ({type(error).__name__})")
    listed = ", ".join(shown(name, 40) for name in names[:_NAMED])
    into.note("ARCHIVE_CONTENT", "archive", f"It holds {len(names)} parts: {listed}.")


def _squeezed(content: bytes, kind: str, into: Gathering) -> None:
    """Unpack the beginning only, to say what was packed."""
    try:
        if kind == "gzip":
            head = zlib.decompressobj(wbits=31).decompress(content, _PEEK)
        elif kind == "bzip2":
            head = bz2.BZ2Decompressor().decompress(content, _PEEK)
        else:
            head = lzma.LZMADecompressor(memlimit=128 << 20).decompress(content, _PEEK)
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
        into.incomplete("archive", f"it cannot be unpacked ({type(error).__name__})")
        return
    inner = kinds.binary_kind(head) or ("text" if b"\x00" not in head else "unknown data")
    if inner in _MODELS | _DATA:
        _said(inner, into)
    elif inner == "pickle":
        _pickle(head, into)
    elif inner in kinds.PACKED:
        into.block(
            "NESTED_ARCHIVE", "inside", f"A {inner} file is packed inside a {kind} file.", "Hand it in unpacked."
        )
    into.note("ARCHIVE_CONTENT", "archive", f"It holds one packed file of the kind {inner}.")


def _pickle(content: bytes, into: Gathering) -> None:
    """Name what a pickle would call, by walking its operations without running one."""
    called: dict[str, None] = {}
    words: list[str] = []
    try:
        for step, (operation, argument, _) in enumerate(pickletools.genops(content)):
            if operation.name in ("GLOBAL", "INST") and isinstance(argument, str):
                called[argument.replace(" ", ".")] = None
            elif operation.name == "STACK_GLOBAL" and len(words) >= 2:
                called[".".join(words[-2:])] = None
            elif isinstance(argument, str) and _MODULE.fullmatch(argument):
                words = [*words[-3:], argument]
            if step > 200_000:
                break
    except Exception:  # noqa: BLE001 - a broken pickle stays inside all the same
        called.setdefault("…", None)
    listed = ", ".join(shown(name, 60) for name in list(called)[:_NAMED]) or "plain values"
    into.block(
        "PICKLE",
        "whole file",
        f"A pickle runs code when it is opened and can hold every row of the data; this one names: {listed}.",
        "Hand in tables of results as CSV.",
    )
