"""Reads posted forms: the token that binds a form to its session first, then each field by name, in words."""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import date
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends
from starlette.requests import Request

from orchestrator.core.errors import Invalid, Refused

from .arriving import received
from .multipart import parts_of
from .visits import Visit, csrf_token, signed_in

__all__ = ["Form", "Posted", "Upload", "read_form", "read_of", "read_upload"]

_MAXIMUM_FIELDS = 4_000
"""The whole bank with thirty people or organisations in each block that repeats is a form of some 2,000 fields."""


class Posted:
    """The fields of one posted form."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)

    def raw(self, name: str, default: str = "") -> str:
        """Return what was typed, unchecked: to show a form again with it."""
        return self._fields.get(name, [default])[-1]

    def values(self) -> dict[str, str]:
        """Return every field as typed, to show a form again with it."""
        return {name: values[-1] for name, values in self._fields.items()}

    def text(self, name: str, label: str = "", *, most: int = 4000, needed: bool = True) -> str:
        """Return one field as clean text; raises ``Invalid`` with the field's label in words."""
        label = label or name.replace("_", " ")
        value = self.raw(name).replace("\r\n", "\n").replace("\r", "\n").strip()
        if needed and not value:
            raise Invalid(f"Enter {label}.", field=name)
        if len(value) > most:
            raise Invalid(f"Shorten {label} to {most} characters; it has {len(value)}.", field=name)
        if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in value):
            raise Invalid(f"Remove the control characters from {label}.", field=name)
        return value

    def many(self, name: str, *, most: int = 200) -> list[str]:
        """Return every ticked value of a group, each once."""
        values = list(dict.fromkeys(value for value in self._fields.get(name, []) if value))
        if len(values) > most:
            raise Invalid(f"Choose at most {most}.", field=name)
        return values

    def day(self, name: str, label: str = "") -> date:
        """Return a calendar day written as the browser's date field sends it, year-month-day."""
        label = label or name.replace("_", " ")
        value = self.text(name, label, most=20)
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Invalid(f"Enter {label} as a date such as 2027-03-31.", field=name) from None

    def optional_day(self, name: str, label: str = "") -> date | None:
        """Return a calendar day, or nothing where the field was left empty."""
        return self.day(name, label) if self.raw(name).strip() else None

    def number(self, name: str, label: str = "", *, least: int, most: int) -> int:
        """Return a whole number between two bounds."""
        label = label or name.replace("_", " ")
        value = self.text(name, label, most=12)
        if not (value.isascii() and value.isdigit()) or not least <= int(value) <= most:
            raise Invalid(f"Enter {label} as a whole number from {least} to {most}.", field=name)
        return int(value)

    def choice(self, name: str, choices: Mapping[str, object] | Iterable[str], label: str = "") -> str:
        """Return one of the offered values."""
        value = self.raw(name)
        if value not in set(choices):
            raise Invalid(f"Choose {label or name.replace('_', ' ')}.", field=name)
        return value


async def _body(request: Request) -> bytes:
    return await request.body()


def read_form(request: Request, body: Annotated[bytes, Depends(_body)]) -> Posted:
    """Read a posted form and check its token: every page that changes something depends on this."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/x-www-form-urlencoded":
        raise Invalid("Send this as a form.", field="content-type")
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAXIMUM_FIELDS
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise Invalid("This form cannot be read; open the page again.", field="form") from error
    posted = Posted(fields)
    _check_token(request, posted.raw("csrf").encode())
    return posted


async def _arrived(request: Request, visit: Annotated[Visit, Depends(signed_in)]) -> AsyncIterator[bytes]:
    async with received(request, visit.person.person_id) as body:
        yield body


def read_upload(request: Request, body: Annotated[bytes, Depends(_arrived)]) -> dict[str, bytes]:
    """Read a posted form with a file and check its token: as ``read_form``, for pages that take a file.

    Nothing is read from who is not signed in; limits are those of ``arriving`` and ``multipart``.
    """
    parts = parts_of(request.headers.get("content-type", ""), body)
    _check_token(request, parts.get("csrf", b""))
    return parts


def _check_token(request: Request, given: bytes) -> None:
    """Raise ``Refused`` unless a form was made for the session that posts it."""
    if not hmac.compare_digest(given, csrf_token(request).encode()):
        raise Refused("This form belongs to an earlier sign-in, so nothing was changed. Open the page again.")


Form = Annotated[Posted, Depends(read_form)]
"""A posted form whose token was checked."""

Upload = Annotated[dict[str, bytes], Depends(read_upload)]
"""The parts of a posted form with a file, by name, from who is signed in; its token was checked."""


def read_of(posted: Posted) -> str:
    """Return the hash of what the form was shown with: what was changed since is not decided unread."""
    return posted.text("read", "what you read", most=64, needed=False)
