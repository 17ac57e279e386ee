"""Renders pages: one Jinja environment that escapes everything and knows no undefined name."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from orchestrator.core.clock import day_in_words, last_day_in_words, moment_in_words
from orchestrator.core.errors import Invalid, NotFound
from orchestrator.core.plain_language import read_lay_summary

from .forms import Posted
from .visits import csrf_token, development, house_of, keep_anonymous, visitor
from .wall import content_policy

__all__ = ["STATIC", "day", "last_day", "moment", "page", "see", "visible"]

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"

_COMPONENTS = {
    "button": "button",
    "checkboxes": "checkboxes",
    "details": "details",
    "error_summary": "error-summary:errorSummary",
    "file_upload": "file-upload:fileUpload",
    "inset": "inset-text:insetText",
    "radios": "radios",
    "select_box": "select:select",
    "tag": "tag",
    "textarea": "textarea",
    "text_input": "input:input",
    "warning": "warning-callout:warningCallout",
}

SAID = {
    "accepted": "You accepted the terms.",
    "added": "Added.",
    "approved": "Approved.",
    "changes-asked": "The applicant was asked. Your days stop counting until the answer.",
    "asked": "Your question was put to the hub.",
    "asleep": "The workspace was asked to sleep.",
    "brought": "It is on record; somebody else verifies it.",
    "changed": "Your change was recorded.",
    "closed": "Closed.",
    "commented": "Your comment was sent.",
    "confirmed": "Confirmed.",
    "conflict-declared": "Your conflict of interest is on record; others judge it.",
    "answered": "Your answer was recorded.",
    "appealed": "Your appeal was handed to a panel of others.",
    "decided": "Your decision was recorded.",
    "described": "Saved. The description before it stays among the versions of this entry.",
    "destroyed": "The document was destroyed. The piece of evidence and its hash stay.",
    "drafted": "An application was drafted in your words. Complete it, then submit it.",
    "ended": "Ended.",
    "handed-in": "The document is here. Those who decide on it can read it.",
    "ordered": "You ordered at this price.",
    "proposed": "Proposed. Another person has to confirm it.",
    "pull-asked": "The controller asks the endpoint now; look again in a moment.",
    "form-published": "The form is published; new applications are asked by it.",
    "published": "The new terms are in force.",
    "recall-asked": "Nothing of it is handed out from now; a second person confirms.",
    "refused": "Refused.",
    "returned": "It was sent back to its author.",
    "purpose": "Your purpose is declared.",
    "taken": "The visas count from now on.",
    "terms-of-use": "The new terms of use answer from now on.",
    "override-asked": "An SDC lead was asked to let people look at it.",
    "registered": "Registered.",
    "resumed": "Resumed.",
    "reviewed": "Your review was handed in.",
    "saved": "Saved.",
    "submitted": "Submitted.",
    "suspended": "Suspended at once.",
    "voted": "Your vote was recorded.",
    "withdrawn": "Withdrawn.",
}
"""What a page says after a change; the address carries only the key."""

_COLOURS = {
    "green": {"active", "approve", "approved", "awake", "held", "listed", "passed", "pass", "released", "sealed"},
    "red": {"block", "blocked", "quarantined", "refused", "rejected", "reject", "suspended", "unavailable"},
    "orange": {"changes", "flag", "returned", "ending", "resuming"},
    "blue": {"submitted", "waiting", "in-review", "decided", "proposed", "waking", "arriving", "frozen", "scanning"},
    "yellow": {"releasing", "draft"},
}


def visible(value: object) -> object:
    """Make control and direction characters visible, so that a name cannot pretend to be another."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if value.isprintable():
        return value
    return "".join(_seen(character) for character in value)


def _seen(character: str) -> str:
    if character in "\n\t":
        return character
    kind = unicodedata.category(character)
    return f"⟨U+{ord(character):04X}⟩" if kind in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else character


def day(value: date | datetime | None) -> str:
    """Write a day as people do."""
    if value is None:
        return "—"
    return day_in_words(value)


def written(value: str) -> str:
    """Write a day that a record keeps in ISO 8601 as people do; other words stay as they are."""
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return value


def instant(value: str) -> datetime:
    """Read a moment as records keep it, in ISO 8601."""
    return datetime.fromisoformat(value)


def last_day(value: datetime | None) -> str:
    """Write the last day before ``value``, the first moment that no longer counts."""
    return last_day_in_words(value) if value else "—"


def moment(value: datetime | None) -> str:
    """Write a moment to the minute, in UTC."""
    if value is None:
        return "—"
    return moment_in_words(value)


def _colour(state: object) -> str:
    return next((colour for colour, states in _COLOURS.items() if str(state) in states), "grey")


def _ago(value: datetime | None, now: datetime) -> str:
    if value is None:
        return "—"
    seconds = (now - value).total_seconds()
    size = abs(seconds)
    words = next(
        (f"{int(size // unit)} {name}{'s' if size // unit != 1 else ''}" for unit, name in _UNITS if size >= unit),
        "less than a minute",
    )
    return f"{words} ago" if seconds >= 0 else f"in {words}"


_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def _size(value: int) -> str:
    if value < 1024:
        return f"{value} bytes"
    return f"{value / 1024:.1f} KiB" if value < 1024 * 1024 else f"{value / 1024 / 1024:.1f} MiB"


def _component(source: Environment, place: str) -> Callable[..., Any]:
    file, _, macro = place.partition(":")
    module = source.get_template(f"nhsuk/components/{file}/macro.jinja").make_module()
    called: Callable[..., Any] = getattr(module, macro or file)
    return called


@cache
def _environment() -> Environment:
    components = Environment(
        loader=PackageLoader("nhsuk_frontend_jinja"), autoescape=True, undefined=ChainableUndefined, finalize=visible
    )
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update({name: _component(components, place) for name, place in _COMPONENTS.items()})
    environment.globals.update(colour=_colour, asset=_asset)
    environment.filters["readability"] = read_lay_summary
    environment.filters.update(
        day=day, last_day=last_day, moment=moment, written=written, instant=instant, ago=_ago, filesize=_size
    )
    return environment


@cache
def _asset(name: str) -> str:
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    problem: Invalid | None = None,
    posted: Posted | None = None,
    headers: Mapping[str, str] | None = None,
    forms_to: str = "",
    frames: bool = False,
    **values: Any,
) -> Response:
    """Return a page; with a ``problem`` it shows again what was ``posted``, and what is wrong with it.

    ``forms_to`` names one more origin that a form of this page may lead to. With ``frames``, frames of this portal
    may be in it.
    """
    house = house_of(request)
    defaults = {
        "csrf": csrf_token(request),
        "development": development(request),
        "now": house.record.clock(),
        "path": request.url.path,
        "said": SAID.get(request.query_params.get("said", "")),
        "site": house.settings.portal.name,
        "title": "",
        "visit": visitor(request),
        "problem": problem,
        "values": posted.values() if posted else {},
        "person_name": _names(request),
        "custodian_name": _custodians(request),
    }
    content = _environment().get_template(template).render(**(defaults | values))
    response = HTMLResponse(content, 422 if problem else status, dict(headers or {}))
    if forms_to or frames:
        response.headers["content-security-policy"] = content_policy(forms_to=forms_to, frames=frames)
    keep_anonymous(request, response)
    return response


def see(path: str, said: str = "") -> Response:
    """Send the browser on to ``path`` after a post, so that a reload repeats nothing."""
    joint = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{joint}said={said}" if said else path, 303)


def _names(request: Request) -> Callable[[str], str]:
    house = house_of(request)

    @cache
    def name(person_id: str) -> str:
        if person_id.startswith("system:"):
            return "the system"
        try:
            return house.identity.person(person_id).name
        except NotFound:
            return "somebody unknown"

    return name


def _custodians(request: Request) -> Callable[[str], str]:
    house = house_of(request)

    @cache
    def name(custodian_id: str) -> str:
        try:
            return house.alliance.custodian(custodian_id).name
        except NotFound:
            return "an unknown custodian"

    return name
