"""The register as data: CSV with the specification's columns, JSON, and feeds of what was written last."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from orchestrator.core.clock import iso
from orchestrator.core.register_fields import FIELDS

from .model import Entry, Revision

__all__ = ["as_atom", "as_csv", "as_document", "as_feed", "as_json", "without_formula"]

_ATOM = "http://www.w3.org/2005/Atom"


def as_csv(entries: Iterable[Entry]) -> str:
    """Return the 32 columns of the specification, a line per entry; no cell can be taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([field.title for field in FIELDS])
    for entry in entries:
        writer.writerow([without_formula(value) for value in entry.row()])
    return text.getvalue()


def without_formula(text: str) -> str:
    """Return a cell that no spreadsheet runs: one that begins like a formula gets an apostrophe."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def as_json(entries: Iterable[Entry]) -> dict[str, object]:
    """Return the register as plain JSON."""
    return {"projects": [as_document(entry) for entry in entries]}


def as_document(entry: Entry) -> dict[str, object]:
    """Return one entry as plain JSON: the fields by their titles, and what the record knows besides."""
    latest = entry.latest
    return {
        "project": entry.register_id,
        "origin": latest.origin.value,
        "state": latest.state,
        "revision": latest.revision,
        "sha256": latest.sha256,
        "first_recorded": iso(entry.first_recorded_at),
        "last_recorded": iso(latest.recorded_at),
        "title": entry.value("title"),
        "lay_summary": entry.value("lay_summary"),
        "organisation": entry.value("organisation_name"),
        "people": list(entry.people),
        "fields": {field.title: entry.value(field.key) for field in FIELDS},
        "told_by": {field.title: latest.told_by[field.key] for field in FIELDS if field.key in latest.told_by},
        "datasets": [
            {
                "dataset": used.dataset_id,
                "title": used.title,
                "custodian": used.custodian,
                "since": used.since,
                "until": used.until,
                "withdrawn": used.withdrawn,
            }
            for used in latest.used
        ],
        "fees_let_off": [
            {"by": each.issuer, "percent": each.percent, "reason": each.reason, "until": each.until}
            for each in latest.waived
        ],
        "releases": [{"day": each.day, "files": each.files, "recalled": each.recalled} for each in latest.releases],
    }


def as_feed(revisions: Sequence[Revision], *, title: str, home: str) -> dict[str, object]:
    """Return a JSON Feed (version 1.1) of what was written last. ``home`` is the portal's address without a path."""
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": f"{home}/register",
        "feed_url": f"{home}/register/feed.json",
        "items": [
            {
                "id": _identity(each),
                "url": f"{home}/register/{each.register_id}",
                "title": _headline(each),
                "content_text": each.fields.get("lay_summary", ""),
                "date_published": iso(each.recorded_at),
            }
            for each in revisions
        ],
    }


def as_atom(revisions: Sequence[Revision], *, title: str, home: str) -> bytes:
    """Return an Atom feed (RFC 4287) of what was written last."""
    feed = Element("feed", {"xmlns": _ATOM})
    _line(feed, "id", f"{home}/register")
    _line(feed, "title", title)
    _line(feed, "updated", iso(revisions[0].recorded_at) if revisions else "1970-01-01T00:00:00Z")
    SubElement(feed, "link", {"rel": "self", "href": f"{home}/register/feed.atom"})
    SubElement(SubElement(feed, "author"), "name").text = title
    for each in revisions:
        entry = SubElement(feed, "entry")
        _line(entry, "id", _identity(each))
        _line(entry, "title", _headline(each))
        _line(entry, "updated", iso(each.recorded_at))
        SubElement(entry, "link", {"href": f"{home}/register/{each.register_id}"})
        _line(entry, "summary", each.fields.get("lay_summary", ""))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(feed, encoding="unicode")}'.encode()


def _line(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def _identity(revision: Revision) -> str:
    return f"urn:sha256:{revision.sha256}:{revision.register_id}:{revision.revision}"


def _headline(revision: Revision) -> str:
    title = revision.fields.get("title", "")
    return title if revision.revision == 1 else f"{title} ({revision.state}, revision {revision.revision})"
