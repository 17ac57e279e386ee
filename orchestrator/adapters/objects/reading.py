"""Reads objects as streams, and lists what lies below a prefix; nothing of them is kept on a disk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ...core.errors import Invalid
from .connection import Bucket, in_words

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["ObjectReader", "Seen"]

_MOST_OBJECTS = 100_000


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One object as the store lists it: its name below the prefix, and its size."""

    name: str
    size: int


class ObjectReader:
    """Reads the objects below one prefix of a bucket."""

    def __init__(self, bucket: Bucket, prefix: str, *, client: Any = None) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._client = client or bucket.client()

    def close(self) -> None:
        """Give back every connection."""
        self._client.close()

    def open(self, name: str) -> BinaryIO:
        """Open one object below the prefix; it is read while it arrives."""
        with in_words("give an object"):
            answer = self._client.get_object(Bucket=self._bucket.name, Key=self._prefix + name)
        return cast("BinaryIO", io.BufferedReader(_Arriving(answer["Body"]), 1 << 20))

    def list(self) -> Iterator[Seen]:
        """List what lies below the prefix, without the marks of empty folders that some programs leave."""
        count = 0
        with in_words("list a prefix"):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket.name, Prefix=self._prefix):
                for item in page.get("Contents", ()):
                    name, size = str(item["Key"]).removeprefix(self._prefix), int(item["Size"])
                    if size == 0 and (not name or name.endswith("/")):
                        continue
                    count += 1
                    if count > _MOST_OBJECTS:
                        raise Invalid(
                            f"More than {_MOST_OBJECTS:,} objects lie below the prefix: pack them into fewer.",
                            field="prefix",
                        )
                    yield Seen(name=name, size=size)


class _Arriving(io.RawIOBase):
    """The body of an answer; what goes wrong while it arrives is said in words."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer) -> int:
        view = memoryview(target).cast("B")
        with in_words("send the whole of an object"):
            block = self._body.read(len(view))
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        with suppress(OSError):
            self._body.close()
        super().close()
