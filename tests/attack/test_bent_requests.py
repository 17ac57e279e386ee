"""Requests that are bent: without the form's token, with another method, more fields, odd names, other addresses."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from orchestrator.web.visits import local_path
from tests.attack.bodies import DOCUMENTS, FORMS
from tests.attack.intruders import NOBODY, NORTH, SEATS, SECRET
from tests.attack.trying import Trying
from tests.attack.who_may import WHO_MAY
from tests.web.world import ORIGIN

FORMS_POSTED = sorted(name for name in WHO_MAY if name.startswith("POST /") and not name.startswith("POST /api/"))
EMBEDDED = {"POST /api/v1/uses/answers"}
"""Two documents side by side, each of which takes no field that it does not name."""

DOCUMENTS_SENT = sorted(name for name in DOCUMENTS if name in WHO_MAY and name not in EMBEDDED)
PRIVATE = sorted(name for name in WHO_MAY if name.startswith("GET ") and NOBODY not in WHO_MAY[name])
EXTRA = {
    "state": "approved",
    "applicant_id": "<other person>",
    "person_id": "<other person>",
    "author_id": "<other person>",
    "approved_by": "<other person>",
    "decided_by": "<other person>",
    "custodian_id": "<other custodian>",
    "project_id": "<other project>",
    "roles": "operator",
    "is_operator": "yes",
    "second_factor": "yes",
    "verified_at": "2026-01-01",
}
"""Fields of the record that no form has where they would be of use to an intruder."""

NOTED = {"file.opened", "evidence.document-read", "search.missed"}
"""What is noted of somebody who looks at something."""

ODD = (
    "%2e%2e",
    "a" * 5000,
    "a" * 15 + "\0",
    "AAAAAAAAAAAAAAAA",
    "' or 1=1--",
    "\uff41" * 16,
    "{{7*7}}",
    " ",
)

_FIELDS_OF_THE_REGISTER = {"POST /register/{register_id}/state"}
"""A form of the register's own fields, some of which have such names."""

_READS_CUSTODIAN = {"POST /applications/{application_id}/evidence", "POST /reviews/{submission_id}/sign-off"}
"""Forms that do have such a field, without which they still work."""


_NARROW = ("lead", "north", "panel", "checker", "judge", "operator", *SEATS)


def _seat(name: str) -> str:
    """Return somebody who may use an address: who acts most narrowly, so that roles do not help."""
    return next(seat for seat in _NARROW if seat in WHO_MAY[name])


@pytest.mark.parametrize("name", [name for name in FORMS_POSTED if WHO_MAY[name] - {NOBODY}])
def test_no_form_counts_without_its_token_or_from_elsewhere(trying: Trying, name: str) -> None:
    address, seat = trying.known[name], _seat(name)
    foreign = trying.token("panel" if seat == "deputy" else "deputy")
    for bent in (
        {"token": ""},
        {"token": foreign},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ):
        outcome = trying.try_it(seat, address, **bent)
        assert (outcome.status, outcome.written) == (403, ()), (seat, bent)


def test_what_is_read_changes_nothing(trying: Trying) -> None:
    """Nor does a reading address carry out what only its posted sister may, whatever a request says of itself."""
    for name in PRIVATE:
        address = trying.known[name]
        for seat in sorted(WHO_MAY[name])[:2]:
            assert set(trying.try_it(seat, address).written) <= NOTED, (name, seat)


@pytest.mark.parametrize("name", FORMS_POSTED)
def test_another_method_does_not_reach_what_is_posted(trying: Trying, name: str) -> None:
    address = trying.known[name]
    things, browser = trying.things(address), trying.browser(_seat(name))
    path = address.path.format(**things)
    overrides = {"x-http-method-override": "POST", "x-method-override": "POST", "x-http-method": "POST"}
    trying.filled.taken()
    for method in ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"):
        answer = browser.request(method, path, headers={"origin": ORIGIN, **overrides})
        assert answer.status_code in (404, 405), method
    assert browser.get(f"{path}?_method=POST", headers=overrides).status_code < 500
    assert {event.kind for event in trying.filled.taken()} <= NOTED


@pytest.mark.parametrize("name", DOCUMENTS_SENT)
def test_a_document_takes_no_field_that_it_does_not_name(trying: Trying, name: str) -> None:
    address = trying.known[name]
    document = {**DOCUMENTS[name], "state": "approved", "applicant_id": trying.filled.other["person_id"]}
    outcome = trying.try_it(_seat(name), address, document=document)
    assert (outcome.status, outcome.written) == (422, ())


@pytest.mark.parametrize("name", sorted(set(FORMS_POSTED) & set(FORMS) - _FIELDS_OF_THE_REGISTER))
def test_a_form_takes_nothing_from_fields_that_it_does_not_have(trying: Trying, name: str) -> None:
    address, seat = trying.known[name], _seat(name)
    other = trying.filled.other
    extra = {
        field: value.replace("<other person>", other["person_id"])
        .replace("<other custodian>", other["custodian_id"])
        .replace("<other project>", other["project_id"])
        for field, value in EXTRA.items()
        if field not in FORMS[name]
    }
    if name in _READS_CUSTODIAN:
        extra.pop("custodian_id")
    plain = trying.try_it(seat, address)
    told = [(event.kind, event.actor) for event in trying.last]
    more = trying.try_it(seat, address, fields={**FORMS[name], **extra})
    assert more.status == plain.status
    assert [(event.kind, event.actor) for event in trying.last] == told
    for event in trying.last:
        said = {event.subject, *map(str, event.details.values())}
        assert not said & {f"person:{other['person_id']}", *other.values()}, (event.kind, said)


@pytest.mark.parametrize(
    "name", sorted(name for name in WHO_MAY if name.count("{") and name.startswith("GET ") and "{secret}" not in name)
)
def test_an_odd_word_in_place_of_an_identifier_is_no_page(trying: Trying, name: str) -> None:
    address = trying.known[name]
    things = trying.things(address)
    for parameter, odd in ((parameter, odd) for parameter in address.things[:1] for odd in ODD):
        path = address.path.format(**{**things, parameter: odd if odd.startswith("%") else quote(odd, safe="")})
        client = trying.terminal if address.api else trying.browser("operator")
        headers = trying.bearer("operator") if address.api else {}
        answer = client.get(path, headers=headers)
        assert answer.status_code in (307, 403, 404, 405, 422), (parameter, odd, answer.status_code)
        assert SECRET not in answer.text


@pytest.mark.parametrize(
    "bent",
    [
        "//{path}",
        "/./{path}",
        "/x/../{path}",
        "/%2e/{path}",
        "/{path}/",
        "/{path};x=1",
        "/{path}%00",
        "/{path}%2f",
        "/{upper}",
    ],
)
def test_no_other_spelling_of_an_address_opens_it(trying: Trying, bent: str) -> None:
    for name in ("GET /projects/{project_id}", "GET /people", "GET /audit", "GET /quotes/{quote_id}"):
        path = trying.known[name].path.format(**trying.things(trying.known[name])).strip("/")
        spelled = bent.format(path=path, upper=path.upper())
        for seat in (NOBODY, "rival"):
            answer = trying.browser(seat).get(f"{ORIGIN}{spelled}")
            assert answer.status_code in (303, 307, 403, 404), (seat, spelled, answer.status_code)
            location = answer.headers.get("location", "")
            assert not location.startswith(("//", "/\\")), location
            assert SECRET not in answer.text
            assert NORTH not in answer.text


def test_what_is_for_some_is_kept_by_no_cache(trying: Trying) -> None:
    for name in PRIVATE:
        address = trying.known[name]
        for seat in sorted(WHO_MAY[name])[:1]:
            headers = trying.try_it(seat, address).headers
            assert headers["cache-control"] == "no-store", (name, headers["cache-control"])
            assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "https:evil.example",
        "/%0d%0aset-cookie:x=1",
        "/\t/evil.example",
        " //evil.example",
        "/ /evil.example",
        "/\u2028/evil.example",
        "/" + "a" * 600,
        "@evil.example",
        "/..//evil.example",
    ],
)
def test_nobody_is_led_away_after_signing_in(trying: Trying, onward: str) -> None:
    kept = local_path(onward)
    assert kept.startswith("/")
    assert not kept.startswith(("//", "/\\"))
    assert "\n" not in kept
    page = trying.browser(NOBODY).get("/sign-in", params={"next": onward[:500]})
    assert "evil.example" not in page.text or kept != "/"
    answer = trying.browser(NOBODY).get(f"/projects/aaaaaaaaaaaaaaaa?next={quote(onward)}")
    assert answer.headers["location"].startswith("/sign-in?next=/projects/")


def test_no_name_of_a_thing_becomes_a_header(trying: Trying) -> None:
    """Names of files in headers are made of identifiers and fixed words alone."""
    named = 0
    for name in sorted(name for name in WHO_MAY if name.startswith("GET ")):
        for seat in sorted(WHO_MAY[name])[:1]:
            said = trying.try_it(seat, trying.known[name]).headers.get("content-disposition", "")
            if said:
                named += 1
                assert said.startswith("attachment; filename="), (name, said)
                assert set(said) <= set('abcdefghijklmnopqrstuvwxyz0123456789-_.;= "'), (name, said)
    assert named >= 5
