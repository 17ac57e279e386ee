"""Visas of trusted issuers are taken for the person they are about; every other token is refused."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import select

from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused, Unavailable
from orchestrator.identity.visas.model import VisaType
from orchestrator.identity.visas.service import VisaService
from tests.identity.visas.conftest import AUDIENCE, BROKER, KEYS, OTHER, SIGN_ON, STATUS, Issuers, Visas

TAKEN = [VisaType.RESEARCHER_STATUS, VisaType.ACCEPTED_TERMS, VisaType.AFFILIATION]


@pytest.mark.parametrize("kind", TAKEN)
def test_a_visa_about_oneself_is_taken_and_counts_until_it_expires(visas: Visas, kind: VisaType) -> None:
    token = visas.issuers.token(kind)
    (taken,) = visas.service.accept(visas.actor(visas.ann), [token])
    assert (taken.type, taken.issuer, taken.subject, taken.by) == (kind, BROKER, "ann", "so")
    assert taken.in_force(visas.clock())
    assert visas.service.visas(visas.actor(visas.ann), visas.ann) == [taken]
    assert visas.service.visas(visas.actor(visas.operator), visas.ann) == [taken]
    visas.clock.now = taken.expires_at
    assert not taken.in_force(visas.clock())


def test_a_token_counts_once(visas: Visas) -> None:
    token = visas.issuers.token()
    first = visas.service.accept(visas.actor(visas.ann), [token, f" {token}\n"])
    assert visas.service.accept(visas.actor(visas.ann), [token]) == first
    assert len(first) == 1


def test_the_record_keeps_no_token(visas: Visas) -> None:
    token = visas.issuers.token()
    (taken,) = visas.service.accept(visas.actor(visas.ann), [token])
    with visas.record.read() as session:
        log = "".join(session.scalars(select(EntryRow.body)))
    assert taken.token_sha256 in log
    assert token not in log + repr(taken)
    assert STATUS not in log


def unsigned(issuers: Issuers) -> str:
    parts = [{"alg": "none", "kid": "broker"}, issuers.claims()]
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])


def shared_secret(issuers: Issuers) -> str:
    parts = [{"alg": "HS256", "kid": "broker", "typ": "JWT"}, issuers.claims()]
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
    secret = KEYS[BROKER].as_pem(private=False)
    return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def changed(issuers: Issuers) -> str:
    head, _, signature = issuers.token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(issuers.claims(sub="ann", exp=2**31)).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


FORGED: dict[str, Callable[[Issuers], str]] = {
    "unsigned": unsigned,
    "signed with the public key as a secret": shared_secret,
    "changed after signing": changed,
    "signed by another key of the same name": lambda made: made.sign(
        made.claims(), key=RSAKey.generate_key(2048, {"kid": "broker"})
    ),
    "signed by an unknown key": lambda made: made.sign(
        made.claims(), key=RSAKey.generate_key(2048, {"kid": "new"}), kid="new"
    ),
    "signed by another issuer": lambda made: made.sign(made.claims(), issuer=OTHER),
    "by a weak algorithm": lambda made: made.sign(made.claims(), alg="RS512"),
    "without naming its key": lambda made: made.sign(made.claims(), kid=None),
    "with keys elsewhere": lambda made: made.sign(made.claims(), jku="https://evil.example.org/keys"),
    "with a key of its own": lambda made: made.sign(
        made.claims(), jwk=ECKey.generate_key("P-256").as_dict(private=False)
    ),
    "of another kind": lambda made: made.sign(made.claims(), typ="dpop+jwt"),
    "of an issuer nobody trusts": lambda made: made.token(iss="https://evil.example.org"),
    "of an issuer whose keys are known but who is not trusted": lambda made: made.token(issuer=OTHER),
    "without an issuer": lambda made: made.token(iss=""),
    "no token": lambda _: "abc",
    "three dots": lambda _: "a.b.c",
    "a list": lambda _: "eyJhbGciOiJSUzI1NiJ9.W10.AA",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_is_refused(visas: Visas, how: str) -> None:
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), [FORGED[how](visas.issuers)])
    assert visas.service.visas(visas.actor(visas.ann), visas.ann) == []


WRONG: dict[str, dict[str, Any]] = {
    "somebody else": {"sub": "bob"},
    "no subject": {"sub": ""},
    "another receiver": {"aud": "https://elsewhere.example.org"},
    "other receivers": {"aud": ["https://a.example", "https://b.example"]},
    "no end": {"exp": "never"},
    "no issue date": {"iat": None},
    "an endless end": {"exp": 10**30},
    "no type": {"type": None},
    "no value": {"value": None},
    "no source": {"source": None},
    "a value that is no address": {"value": "bona fide"},
    "a value at an insecure address": {"value": "http://doi.org/x"},
    "a source with a name in it": {"source": "https://user@university.example"},
    "an unknown asserter": {"by": "horoscope"},
    "asserters in a list": {"by": ["so"]},
    "a value that is half an address": {"value": "https://[half"},
    "asserted never": {"asserted": None},
    "asserted as a truth": {"asserted": True},
    "asserted in the stone age": {"asserted": 1000},
    "lines in its value": {"value": "https://doi.org/\nx"},
    "conditions that are none": {"conditions": "always"},
    "grants of another house": {"type": "ControlledAccessGrants"},
    "a type of its own": {"type": "https://example.org/special"},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_signed_token_that_says_something_wrong_is_refused(visas: Visas, what: str) -> None:
    with pytest.raises(Refused) as refused:
        visas.service.accept(visas.actor(visas.ann), [visas.issuers.token(**WRONG[what])])
    assert refused.value.message.endswith(".")
    assert visas.service.visas(visas.actor(visas.ann), visas.ann) == []


@pytest.mark.parametrize("visa", [None, [], "x", {}])
def test_a_token_without_a_visa_is_refused(visas: Visas, visa: Any) -> None:
    claims = {**visas.issuers.claims(), "ga4gh_visa_v1": visa}
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), [visas.issuers.sign(claims)])


def test_dates_are_judged_with_a_minute_of_grace(visas: Visas) -> None:
    now = int(visas.clock().timestamp())
    for changes in ({"exp": now - 60}, {"iat": now + 61}, {"asserted": now + 61}):
        with pytest.raises(Refused):
            visas.service.accept(visas.actor(visas.ann), [visas.issuers.token(**changes)])
    for changes in ({"exp": now - 59}, {"iat": now + 60}, {"asserted": now + 60}):
        assert visas.service.accept(visas.actor(visas.ann), [visas.issuers.token(**changes)])


def test_a_visa_for_us_among_others_is_taken(visas: Visas) -> None:
    for audience in (AUDIENCE, ["https://a.example", AUDIENCE]):
        assert visas.service.accept(visas.actor(visas.ann), [visas.issuers.token(aud=audience)])


@pytest.mark.parametrize("header", [{"jku": None}, {"typ": None}, {"typ": "JWT"}, {"typ": "at+jwt"}], ids=str)
def test_every_form_of_the_specification_is_taken(visas: Visas, header: dict[str, Any]) -> None:
    assert visas.service.accept(visas.actor(visas.ann), [visas.issuers.sign(visas.issuers.claims(), **header)])


def test_of_several_visas_all_are_taken_or_none(visas: Visas) -> None:
    good, bad = visas.issuers.token(), visas.issuers.token(sub="bob")
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), [good, bad])
    assert visas.service.visas(visas.actor(visas.ann), visas.ann) == []


def test_only_types_that_the_issuer_is_trusted_with_are_taken(visas: Visas) -> None:
    service = visas.trusting(types=frozenset({"AffiliationAndRole"}))
    with pytest.raises(Refused):
        service.accept(visas.actor(visas.ann), [visas.issuers.token()])
    assert service.accept(visas.actor(visas.ann), [visas.issuers.token(VisaType.AFFILIATION)])


@pytest.mark.parametrize("value", ["faculty", "@university.example", "faculty@", "a@b@c"])
def test_an_affiliation_is_a_role_at_an_institution(visas: Visas, value: str) -> None:
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), [visas.issuers.token(VisaType.AFFILIATION, value=value)])


# ---- whose it is -----------------------------------------------------------------------------------------------------


def pair(subject: str, issuer: str) -> str:
    return f"{quote(subject, safe='')},{quote(issuer, safe='')}"


def test_a_linked_identity_of_a_trusted_issuer_is_oneself(visas: Visas) -> None:
    token = visas.issuers.token(sub="b-17")
    bob = visas.actor(visas.bob)
    with pytest.raises(Refused, match="LinkedIdentities"):
        visas.service.accept(bob, [token])
    link = visas.issuers.linking(pair("bob", SIGN_ON), sub="b-17")
    (taken,) = visas.service.accept(bob, [token, link])
    assert (taken.person_id, taken.subject) == (visas.bob, "b-17")


def test_links_are_followed_from_one_to_the_next(visas: Visas) -> None:
    links = [
        visas.issuers.linking(pair("middle", OTHER), sub="b-17"),
        visas.issuers.linking(pair("bob", SIGN_ON), pair("middle", OTHER), sub="hub"),
    ]
    assert visas.service.accept(visas.actor(visas.bob), [visas.issuers.token(sub="b-17"), *links])


LINKS: dict[str, Callable[[Visas], str]] = {
    "to somebody else": lambda visas: visas.issuers.linking(pair("ann", SIGN_ON), sub="b-17"),
    "of the same name elsewhere": lambda visas: visas.issuers.linking(pair("bob", OTHER), sub="b-17"),
    "of another visa": lambda visas: visas.issuers.linking(pair("bob", SIGN_ON), sub="b-18"),
    "that expired": lambda visas: visas.issuers.linking(pair("bob", SIGN_ON), sub="b-17", exp=visas.later(-1)),
    "of the future": lambda visas: visas.issuers.linking(pair("bob", SIGN_ON), sub="b-17", iat=visas.later(1)),
    "with conditions": lambda visas: visas.issuers.linking(
        pair("bob", SIGN_ON), sub="b-17", conditions=[[{"type": "ResearcherStatus", "by": "const:so"}]]
    ),
    "of an untrusted issuer": lambda visas: visas.issuers.linking(
        pair("bob", SIGN_ON), pair("b-17", BROKER), issuer=OTHER
    ),
    "that cannot be read": lambda visas: visas.issuers.linking("bob", sub="b-17"),
}


@pytest.mark.parametrize("which", LINKS)
def test_a_link_that_proves_nothing_makes_nobody_somebody_else(visas: Visas, which: str) -> None:
    tokens = [visas.issuers.token(sub="b-17"), LINKS[which](visas)]
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.bob), tokens)
    assert visas.service.visas(visas.actor(visas.bob), visas.bob) == []


def test_links_alone_are_nothing_to_take(visas: Visas) -> None:
    with pytest.raises(Invalid):
        visas.service.accept(visas.actor(visas.ann), [visas.issuers.linking(pair("ann", SIGN_ON))])


def test_a_token_that_somebody_took_is_not_taken_by_another(visas: Visas) -> None:
    token = visas.issuers.token()
    visas.service.accept(visas.actor(visas.ann), [token])
    link = visas.issuers.linking(pair("bob", SIGN_ON))
    with pytest.raises(Refused, match="somebody else"):
        visas.service.accept(visas.actor(visas.bob), [token, link])


# ---- conditions ------------------------------------------------------------------------------------------------------


def conditions(*alternatives: list[dict[str, str]]) -> dict[str, Any]:
    return {"conditions": list(alternatives)}


ROLE = {"type": "AffiliationAndRole", "value": "const:faculty@university.example", "by": "const:so"}
MET = [
    [[ROLE]],
    [[{"type": "AffiliationAndRole", "value": "pattern:faculty@*"}]],
    [
        [
            {
                "type": "AffiliationAndRole",
                "value": "pattern:f?culty@*.example",
                "source": "const:https://university.example",
            }
        ]
    ],
    [[{"type": "AffiliationAndRole", "value": "split_pattern:faculty@*"}]],
    [[{"type": "Other", "value": "const:x"}], [ROLE]],
]
UNMET: list[Any] = [
    [[{**ROLE, "by": "const:dac"}]],
    [[ROLE, {"type": "AcceptedTermsAndPolicies", "value": "pattern:*"}]],
    [[{"type": "AffiliationAndRole"}]],
    [[{"type": "AffiliationAndRole", "value": "faculty@university.example"}]],
    [[{"type": "AffiliationAndRole", "value": "regex:.*"}]],
    [[{"type": "AffiliationAndRole", "value": "pattern:faculty"}]],
    [[{"type": "AffiliationAndRole", "asserted": "const:1"}]],
    [[{"type": "AffiliationAndRole", "conditions": "const:1"}]],
    [[]],
    [{}],
    ["x"],
    [[["x"]]],
    [[{"value": "pattern:*"}]],
]


@pytest.mark.parametrize("wanted", MET, ids=str)
def test_a_visa_whose_conditions_are_met_is_taken(visas: Visas, wanted: Any) -> None:
    tokens = [visas.issuers.token(conditions=wanted), visas.issuers.token(VisaType.AFFILIATION)]
    assert len(visas.service.accept(visas.actor(visas.ann), tokens)) == 2


@pytest.mark.parametrize("wanted", UNMET, ids=str)
def test_a_visa_whose_conditions_are_not_met_or_not_read_is_refused(visas: Visas, wanted: Any) -> None:
    tokens = [visas.issuers.token(conditions=wanted), visas.issuers.token(VisaType.AFFILIATION)]
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), tokens)


def test_conditions_are_not_met_by_visas_with_conditions_nor_by_other_peoples(visas: Visas) -> None:
    conditional = visas.issuers.token(
        VisaType.AFFILIATION, conditions=[[{"type": "ResearcherStatus", "by": "const:so"}]]
    )
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), [visas.issuers.token(conditions=[[ROLE]]), conditional])
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), [visas.issuers.token(conditions=[[ROLE]])])


def test_a_pattern_of_many_stars_takes_no_time_to_fail(visas: Visas) -> None:
    wanted = [[{"type": "AffiliationAndRole", "value": "pattern:" + "*a" * 400 + "b"}]]
    tokens = [visas.issuers.token(conditions=wanted), visas.issuers.token(VisaType.AFFILIATION, value="a" * 500 + "@a")]
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), tokens)


# ---- accreditation ---------------------------------------------------------------------------------------------------


def test_a_status_of_an_accrediting_issuer_is_an_accreditation_as_long_as_it_lasts(visas: Visas) -> None:
    service = visas.trusting(accredits=True)
    assert visas.identity.standing(visas.ann).accredited_until is None
    (taken,) = service.accept(visas.actor(visas.ann), [visas.issuers.token(exp=visas.later(10))])
    assert visas.identity.standing(visas.ann).accredited_until == taken.expires_at
    service.end(visas.actor(visas.operator), taken.visa_id)
    assert visas.identity.standing(visas.ann).accredited_until is None
    (again,) = service.accept(visas.actor(visas.ann), [visas.issuers.token(exp=visas.later(10))])
    assert again.ended_at is not None
    assert visas.identity.standing(visas.ann).accredited_until is None


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (VisaType.RESEARCHER_STATUS, {"by": "self"}),
        (VisaType.RESEARCHER_STATUS, {"by": None}),
        (VisaType.AFFILIATION, {}),
        (VisaType.ACCEPTED_TERMS, {}),
    ],
)
def test_what_a_person_says_of_himself_accredits_nobody(visas: Visas, kind: VisaType, changes: dict[str, Any]) -> None:
    service = visas.trusting(accredits=True)
    (taken,) = service.accept(visas.actor(visas.ann), [visas.issuers.token(kind, **changes)])
    assert taken.accreditation_id is None
    assert visas.identity.standing(visas.ann).accredited_until is None


def test_an_issuer_accredits_only_where_the_settings_say_so(visas: Visas) -> None:
    visas.service.accept(visas.actor(visas.ann), [visas.issuers.token()])
    assert visas.identity.standing(visas.ann).accredited_until is None


def test_an_accreditation_lasts_five_years_at_most(visas: Visas) -> None:
    service = visas.trusting(accredits=True)
    service.accept(visas.actor(visas.ann), [visas.issuers.token(exp=visas.later(10_000))])
    until = visas.identity.standing(visas.ann).accredited_until
    assert until is not None
    assert until <= visas.clock() + timedelta(days=5 * 366)


# ---- who may, and bad input ------------------------------------------------------------------------------------------


def test_a_visa_is_ended_by_its_person_or_an_operator_and_once(visas: Visas) -> None:
    (taken,) = visas.service.accept(visas.actor(visas.ann), [visas.issuers.token()])
    with pytest.raises(NotFound):
        visas.service.end(visas.actor(visas.bob), taken.visa_id)
    with pytest.raises(Refused):
        visas.service.visas(visas.actor(visas.bob), visas.ann)
    visas.service.end(visas.actor(visas.ann), taken.visa_id)
    with pytest.raises(NotPossible):
        visas.service.end(visas.actor(visas.operator), taken.visa_id)
    with pytest.raises(NotFound):
        visas.service.end(visas.actor(visas.operator), "aaaaaaaaaaaaaaaa")


@pytest.mark.parametrize(
    "tokens", [[], [""], ["x" * 16_385], ["é.b.c"], [str(number) for number in range(51)]], ids=len
)
def test_what_can_be_no_passport_is_refused_before_it_is_read(visas: Visas, tokens: list[str]) -> None:
    with pytest.raises(Invalid):
        visas.service.accept(visas.actor(visas.ann), tokens)
    assert visas.issuers.fetched == 0


def test_without_a_trusted_issuer_no_visa_is_taken(visas: Visas) -> None:
    service = VisaService(visas.record, visas.policy)
    with pytest.raises(NotPossible):
        service.accept(visas.actor(visas.ann), [visas.issuers.token()])


def test_a_suspended_person_takes_none(visas: Visas) -> None:
    actor = visas.actor(visas.ann)
    visas.identity.suspend(visas.actor(visas.operator), visas.ann, "Asked to.")
    with pytest.raises(Refused):
        visas.service.accept(actor, [visas.issuers.token()])


# ---- keys ------------------------------------------------------------------------------------------------------------


def test_a_new_key_of_the_issuer_is_found_but_not_fetched_for_every_forgery(visas: Visas) -> None:
    visas.service.accept(visas.actor(visas.ann), [visas.issuers.token()])
    new = RSAKey.generate_key(2048, {"kid": "new"})
    visas.issuers.published[BROKER] = [new]
    token = visas.issuers.sign(visas.issuers.claims(jti="2"), key=new, kid="new")
    with pytest.raises(Refused):
        visas.service.accept(visas.actor(visas.ann), [token])
    assert visas.issuers.fetched == 1
    visas.clock.advance(timedelta(seconds=31))
    assert visas.service.accept(visas.actor(visas.ann), [token])
    assert visas.issuers.fetched == 2


def test_keys_that_cannot_be_had_are_told_as_such(visas: Visas) -> None:
    def away() -> dict[str, Any]:
        raise Unavailable("The keys cannot be had.", system="visa issuer")

    visas.issuers.reader._issuers[BROKER]._fetch = away
    with pytest.raises(Unavailable):
        visas.service.accept(visas.actor(visas.ann), [visas.issuers.token()])
