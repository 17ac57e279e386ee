"""Things that do not belong together: one's own in the address beside somebody else's, there or in the body."""

from __future__ import annotations

from itertools import product

import pytest

from tests.attack.trying import Trying
from tests.attack.who_may import WHO_MAY
from tests.web.world import ORIGIN

PUBLIC = {"POST /api/v1/custodians/{custodian_id}/terms/{version}/accept"}
"""Everybody accepts the terms of every custodian, for himself."""

PAIRS = sorted(name for name in WHO_MAY if name.count("{") > 1 and name not in PUBLIC)


@pytest.mark.parametrize("name", PAIRS)
def test_an_address_that_mixes_two_peoples_things_does_nothing(trying: Trying, name: str) -> None:
    address, other = trying.known[name], trying.filled.other
    own = trying.things(address)
    replaceable = [parameter for parameter in address.things if parameter in other]
    mixed = [{**own, parameter: other[parameter]} for parameter in replaceable]
    if name.count("{") == len(replaceable):
        mixed = [each for each in mixed if each != {parameter: other[parameter] for parameter in replaceable}]
    for things, seat in product(mixed, sorted(WHO_MAY[name])):
        outcome = trying.try_it(seat, address, things)
        assert outcome.status in (403, 404, 409, 422), (seat, things, outcome.status, outcome.written)
        assert not outcome.written, (seat, things, outcome.written)


FOREIGN: list[tuple[str, str, dict[str, str], dict[str, object]]] = [
    # who, where, what in the address is the rival's own, what in the body is somebody else's
    ("rival", "POST /applications/{application_id}/parts/{custodian_id}/resolve", {}, {"comment": "<comment>"}),
    ("east", "POST /applications/{application_id}/parts/{custodian_id}/resolve", {}, {"comment": "<comment>"}),
    (
        "rival",
        "POST /applications/{application_id}/evidence",
        {},
        {
            "kind": "dpia",
            "reference": "D",
            "valid_from": "<+0>",
            "valid_until": "<+90>",
            "custodian_id": "<custodian_id>",
        },
    ),
    ("rival", "POST /applications/{application_id}/rely", {}, {"evidence": "<evidence_id>"}),
    ("rival", "POST /api/v1/applications/{application_id}/evidence/relied-on", {}, {"evidence_id": "<evidence_id>"}),
    (
        "rival",
        "PUT /api/v1/applications/{application_id}/answers",
        {"application_id": "draft"},
        {"answers": {"own-north": "x"}},
    ),
    (
        "rival",
        "POST /api/v1/applications/{application_id}/parts/{custodian_id}/comments",
        {},
        {"text": "Hello.", "question_id": "own-north"},
    ),
    (
        "east",
        "POST /fees/issuers/{issuer}/waivers",
        {},
        {"application": "<submitted>", "percent": "10", "until": "<+30>", "reason": "Because."},
    ),
    (
        "east",
        "PUT /api/v1/custodians/{custodian_id}/form",
        {},
        {"items": [{"question_id": "own-north"}], "decide_within": 15, "answer_within": 5},
    ),
    ("east", "POST /custodians/{custodian_id}/panel", {}, {"person": "aaaaaaaaaaaaaaaa"}),
    (
        "operator",
        "POST /people/{person_id}/roles",
        {},
        {"role": "custodian", "custodian": "aaaaaaaaaaaaaaaa", "until": "<+90>"},
    ),
]


@pytest.mark.parametrize(("seat", "name", "at", "body"), FOREIGN, ids=[f"{each[0]} {each[1]}" for each in FOREIGN])
def test_somebody_elses_thing_in_a_body_is_refused(
    trying: Trying, seat: str, name: str, at: dict[str, str], body: dict[str, object]
) -> None:
    address = trying.known[name]
    things = {parameter: trying.filled.other[at.get(parameter, parameter)] for parameter in address.things}
    outcome = trying.try_it(seat, address, things, fields=body, document=body)
    assert outcome.status in (403, 404, 409, 422), (outcome.status, outcome.written)
    assert not outcome.written


OWN: list[tuple[str, str, dict[str, object]]] = [
    # who has the right to the address, and what in the body is not of it
    ("checker", "POST /reviews/{submission_id}/changes", {"files": ["<released file>"], "changes_comment": "Round."}),
    (
        "judge",
        "POST /reviews/{submission_id}/recall",
        {"gravity": "high", "recall_reason": "No.", "files": ["<file_id>"]},
    ),
    (
        "north",
        "POST /api/v1/submissions/{submission_id}/sign-off",
        {"yes": True, "reason": "", "custodian_id": "<south>"},
    ),
    ("operator", "POST /enquiries/{enquiry_id}/pass", {"person": "<fresh>"}),
    ("concierge", "POST /enquiries/{enquiry_id}/suggest", {"dataset": "aaaaaaaaaaaaaaaa", "reason": "Why not."}),
    ("lead", "POST /enquiries/{enquiry_id}/apply", {"datasets": ["aaaaaaaaaaaaaaaa"]}),
    ("operator", "POST /projects/{project_id}/members", {"person": "aaaaaaaaaaaaaaaa", "role": "researcher"}),
    ("fresh", "POST /account/terms", {"custodian": "aaaaaaaaaaaaaaaa", "version": "1"}),
    ("lead", "POST /api/v1/releases/collect", {"secret": "a" * 43}),
]


@pytest.mark.parametrize(("seat", "name", "body"), OWN, ids=[f"{each[0]} {each[1]}" for each in OWN])
def test_a_thing_that_is_not_of_the_address_is_refused_to_those_with_the_right(
    trying: Trying, seat: str, name: str, body: dict[str, object]
) -> None:
    address = trying.known[name]
    assert seat in WHO_MAY[name]
    outcome = trying.try_it(seat, address, fields=body, document=body)
    assert outcome.status in (403, 404, 409, 422), (outcome.status, outcome.written)
    assert set(outcome.written) <= {"link.refused"}


def test_a_release_is_collected_by_nobody_but_its_author_even_with_the_secret(trying: Trying) -> None:
    for name in ("POST /releases/{secret}", "POST /api/v1/releases/collect"):
        for seat in ("fresh", "rival", "member", "checker", "operator"):
            assert trying.try_it(seat, trying.known[name]).written == ("link.refused",), (name, seat)
        assert trying.try_it("lead", trying.known[name]).written == ("link.used",)


def test_an_officer_states_nothing_of_a_project_that_does_not_use_his_data(trying: Trying) -> None:
    own, other = trying.filled.own, trying.filled.other
    for seat, register, custodian in (
        ("north", other["register_id"], own["custodian_id"]),
        ("east", own["register_id"], own["custodian_id"]),
        ("east", own["register_id"], other["custodian_id"]),
        ("rival", own["register_id"], ""),
    ):
        here = f"/register/{register}/state?custodian={custodian}"
        trying.filled.taken()
        fields = {"csrf": trying.token(seat), "contact": "Us", "public_benefit": "Everybody gains."}
        answer = trying.browser(seat).post(here, data=fields, headers={"origin": ORIGIN})
        assert answer.status_code in (303, 403, 404, 409), (seat, answer.status_code)
        assert trying.filled.taken() == []
