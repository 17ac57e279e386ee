"""What a reader needs of the file it reads, whatever holds its bytes."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["File"]


class File(Protocol):
    """A file that is read to its end."""

    @property
    def kind(self) -> str:
        """What the content is, as one of the words of a pack."""

    @property
    def content(self) -> bytes:
        """Every byte."""

    @property
    def encoding(self) -> str | None:
        """The encoding of a text."""

    @property
    def text(self) -> str | None:
        """The content as text."""

    @property
    def json(self) -> Any:
        """What the text says as JSON."""
