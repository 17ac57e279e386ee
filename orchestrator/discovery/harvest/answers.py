"""Turns an endpoint's answer into JSON, or into a sentence that says what came instead."""

from __future__ import annotations

import codecs
import json
from collections import Counter
from email.message import Message
from typing import Any

from .faults import Fault, FaultKind
from .ports import Answer

__all__ = ["read_json"]

_OTHERS = frozenset({"iso8859-1", "cp1252", "iso8859-15"})
"""Encodings that JSON may not have, but that are taken where the header names them."""


def read_json(answer: Answer, *, what: str) -> tuple[Any, str]:
    """Return the document and a remark on its encoding, empty when there is nothing to say.

    ``what`` names what was asked for. Raises ``Fault`` for any other status than 200 and anything but JSON.
    """
    _check_status(answer, what)
    if not answer.body.strip():
        raise Fault(FaultKind.NOT_JSON, f"The endpoint answered nothing at all where {what} was asked for.")
    text, remark = _text(answer, what)
    if text.lstrip()[:1] == "<":
        kind = "a web page" if "html" in text[:2000].casefold() else "XML"
        raise Fault(
            FaultKind.NOT_JSON,
            f"The endpoint answered {kind} instead of JSON where {what} was asked for; perhaps the address leads to "
            "a sign-in page, or the path is wrong.",
            retry=False,
        )
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_once), remark
    except (ValueError, RecursionError) as error:
        raise Fault(FaultKind.NOT_JSON, _why(error, answer, what)) from None


def _check_status(answer: Answer, what: str) -> None:
    status = answer.status
    if status == 200:
        return
    if status in (401, 403):
        raise Fault(
            FaultKind.REJECTED,
            f"The endpoint rejected our key ({status}) where {what} was asked for: it is wrong, has expired, or may "
            "not read this. The custodian gives a new one to the operator, who puts it into the file that the "
            "settings name.",
        )
    if status in (404, 410):
        raise Fault(FaultKind.NOT_THERE, f"The endpoint has nothing ({status}) where {what} was asked for.")
    again = status in (408, 425, 429) or status >= 500
    raise Fault(FaultKind.STATUS, f"The endpoint answered {status} where {what} was asked for.", retry=again)


def _text(answer: Answer, what: str) -> tuple[str, str]:
    body = answer.body
    encoding = json.detect_encoding(body)
    try:
        remark = "" if encoding == "utf-8" else f"The endpoint sends {encoding}; JSON between systems is UTF-8."
        return body.decode(encoding), remark
    except UnicodeDecodeError:
        declared = _declared(answer.headers.get("content-type", ""))
        if declared in _OTHERS:
            return body.decode(declared, errors="replace"), f"The endpoint sends {declared}; JSON is UTF-8."
        raise Fault(
            FaultKind.NOT_JSON,
            f"The endpoint's answer, where {what} was asked for, is not in UTF-8 and does not say what it is in.",
            retry=False,
        ) from None


def _declared(content_type: str) -> str:
    message = Message()
    message["content-type"] = content_type
    try:
        return codecs.lookup(str(message.get_param("charset", ""))).name
    except (LookupError, ValueError):
        return ""


def _no_number(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"it names the field “{twice[:60]}” twice in one object")
    return found


def _why(error: Exception, answer: Answer, what: str) -> str:
    begin = f"The endpoint's answer, where {what} was asked for, is no whole JSON: "
    if isinstance(error, RecursionError):
        return begin + "it is nested too deeply."
    if isinstance(error, json.JSONDecodeError):
        return begin + f"it breaks off or is wrong at character {error.pos:,} of {len(answer.body):,} bytes."
    return begin + f"{error}."
