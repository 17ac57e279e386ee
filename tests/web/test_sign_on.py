"""Signing on through an identity provider: the attempt's cookie, the checks' answers, second factor, strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestrator.core.errors import NotFound, Refused, Unavailable
from orchestrator.identity.model import SignOn
from orchestrator.identity.ports import SignOnAttempt
from orchestrator.web import make_app
from tests.web.world import Browser, make_house, words

ISSUER = "https://id.example.org"


@dataclass
class Provider:
    """A provider that vouches for one person; its checks are the adapter's and tested there."""

    second_factor: bool = True
    subject: str = "olga"
    away: bool = False
    seen: list[tuple[SignOnAttempt, Mapping[str, str], str]] = field(default_factory=list)

    def begin(self, redirect_address: str) -> SignOnAttempt:
        if self.away:
            raise Unavailable("The identity provider does not answer; try again shortly.", system="sign-on")
        address = f"{ISSUER}/authorize?redirect_uri={redirect_address}"
        return SignOnAttempt(address=address, state="s1", nonce="n1", verifier="v1")

    def complete(self, attempt: SignOnAttempt, answer: Mapping[str, str], redirect_address: str) -> SignOn:
        self.seen.append((attempt, answer, redirect_address))
        if answer.get("state") != attempt.state or "code" not in answer:
            raise Refused("This answer does not belong to the sign-in that was started here; sign in again.")
        return SignOn(issuer=ISSUER, subject=self.subject, second_factor=self.second_factor)

    def sign_out_address(self, return_address: str) -> str:
        if self.away:
            raise Unavailable("The identity provider does not answer; try again shortly.", system="sign-on")
        return f"{ISSUER}/end?post_logout_redirect_uri={return_address}"

    def signed_out(self, token: str) -> str:
        if token != "genuine":
            raise Refused("The sign-on could not be verified; start again from the sign-on page.")
        return self.subject


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def house(tmp_path: Path, provider: Provider):
    sign_on = {"kind": "oidc", "issuer": ISSUER, "client_id": "tre", "second_factor": ["mfa"]}
    made = make_house(tmp_path, sign_on=sign_on)
    made.identity.first_operator("Olga Operator", "o@example.org", ISSUER, "olga")
    yield replace(made, sign_on=provider)
    made.record.engine.dispose()


@pytest.fixture
def browser(house) -> Browser:
    return Browser(make_app(house))


def started(browser: Browser, onward: str = "/account") -> None:
    answer = browser.get(f"/sign-in/provider?next={onward}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{ISSUER}/authorize")
    assert "v1" not in answer.headers["location"]
    assert "httponly" in answer.headers["set-cookie"].lower()


def test_a_registered_person_signs_on_and_is_led_where_he_wanted_to_go(browser: Browser, provider: Provider) -> None:
    started(browser)
    answer = browser.get("/sign-in/return?code=c1&state=s1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "Olga Operator" in words(browser.get("/account").text)
    attempt, given, address = provider.seen[0]
    assert (attempt.state, attempt.nonce, attempt.verifier) == ("s1", "n1", "v1")
    assert given == {"code": "c1", "state": "s1"}
    assert address == "http://localhost:8700/sign-in/return"
    assert browser.get("/people").status_code == 200


def test_an_answer_works_once_and_only_in_the_browser_that_asked(browser: Browser, house) -> None:
    started(browser)
    other = Browser(make_app(house))
    assert other.get("/sign-in/return?code=c1&state=s1").status_code == 403
    assert browser.get("/sign-in/return?code=c1&state=s1").status_code == 303
    assert browser.get("/sign-in/return?code=c1&state=s1").status_code == 403


def test_a_changed_attempt_cookie_is_refused(browser: Browser, provider: Provider) -> None:
    started(browser)
    kept = browser.cookies["tre_attempt"]
    browser.cookies.clear()
    browser.cookies.set("tre_attempt", "x" + kept)
    assert browser.get("/sign-in/return?code=c1&state=s1").status_code == 403
    assert provider.seen == []


def test_a_refused_answer_signs_nobody_on_and_says_why(browser: Browser) -> None:
    started(browser)
    answer = browser.get("/sign-in/return?code=c1&state=other")
    assert answer.status_code == 403
    assert "does not belong" in words(answer.text)
    assert browser.get("/account").status_code == 303


def test_without_the_demanded_second_factor_nobody_is_signed_on(browser: Browser, provider: Provider) -> None:
    provider.second_factor = False
    started(browser)
    answer = browser.get("/sign-in/return?code=c1&state=s1")
    assert answer.status_code == 403
    assert "second factor" in words(answer.text)
    assert browser.get("/account").status_code == 303


def test_somebody_whom_only_the_provider_knows_is_told_to_ask_an_operator(browser: Browser, provider: Provider) -> None:
    provider.subject = "somebody else"
    started(browser)
    answer = browser.get("/sign-in/return?code=c1&state=s1")
    assert answer.status_code in (403, 404)
    assert "operator" in words(answer.text)
    assert browser.get("/account").status_code == 303


def test_a_provider_that_is_away_is_told_as_such(browser: Browser, provider: Provider) -> None:
    provider.away = True
    answer = browser.get("/sign-in/provider")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def test_nobody_is_sent_elsewhere_after_signing_on(browser: Browser) -> None:
    started(browser, onward="//evil.example")
    assert browser.get("/sign-in/return?code=c1&state=s1").headers["location"] == "/"


def signed_in(browser: Browser) -> None:
    started(browser)
    assert browser.get("/sign-in/return?code=c1&state=s1").status_code == 303


def test_signing_out_ends_the_session_and_leads_on_to_the_provider(browser: Browser, house) -> None:
    signed_in(browser)
    person = house.identity.find_by_sign_on(ISSUER, "olga").person_id
    answer = browser.submit("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert list(house.identity.signed_out([person])) == [person]
    text = browser.get("/signed-out").text
    back = "http://localhost:8700/signed-out?back=1"
    assert f'content="0; url={ISSUER}/end?post_logout_redirect_uri={back}"' in text
    assert "refresh" not in browser.get("/signed-out?back=1").text, "who comes back is not sent away again"
    assert browser.get("/account").status_code == 303


def test_a_provider_that_is_away_keeps_nobody_signed_in(browser: Browser, provider: Provider) -> None:
    signed_in(browser)
    provider.away = True
    assert browser.submit("/sign-out").status_code == 303
    answer = browser.get("/signed-out")
    assert answer.status_code == 200
    assert "refresh" not in answer.text
    assert browser.get("/account").status_code == 303


def test_the_signed_out_page_signs_nobody_out_and_does_not_send_a_signed_in_person_away(browser: Browser) -> None:
    signed_in(browser)
    answer = browser.get("/signed-out")
    assert "You are signed in" in words(answer.text)
    assert "refresh" not in answer.text
    assert browser.get("/account").status_code == 200


def test_signing_out_everywhere_ends_other_browsers_and_terminals(browser: Browser, house) -> None:
    signed_in(browser)
    other = Browser(make_app(house))
    signed_in(other)
    person = house.identity.find_by_sign_on(ISSUER, "olga").person_id
    terminal = house.identity.open_session(person, "command", second_factor=True)
    assert "A terminal" in words(browser.get("/account").text)
    assert browser.submit("/sign-out/everywhere", page="/account").status_code == 303
    assert other.get("/account").status_code == 303
    with pytest.raises(NotFound):
        house.identity.session(terminal)


def test_the_provider_ends_every_session_by_itself(browser: Browser, provider: Provider) -> None:
    signed_in(browser)
    here = "/api/v1/sign-on/ended"
    for body in ({}, {"logout_token": "forged"}, {"token": "genuine"}):
        assert browser.post(here, data=body).status_code == 400
    assert browser.post(here, content=b"\xff\xfe").status_code == 400
    assert browser.get("/account").status_code == 200
    answer = browser.post(here, data={"logout_token": "genuine"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert browser.get("/account").status_code == 303
    provider.subject = "somebody unknown here"
    assert browser.post(here, data={"logout_token": "genuine"}).status_code == 200


def test_the_roles_of_the_session_are_shown_as_they_hold_now(browser: Browser) -> None:
    signed_in(browser)
    assert "Your roles: operator" in words(browser.get("/account").text)
