"""Signing on through an identity provider: the attempt's cookie, the checks' answers, second factor, strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestrator.core.errors import Refused, Unavailable
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
