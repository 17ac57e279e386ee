"""Sign-on against a real OpenID provider, a program of its own on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from orchestrator.adapters.oidc import OpenIdProvider
from orchestrator.core.clock import FixedClock, system_clock
from orchestrator.core.errors import Refused
from orchestrator.identity.ports import SignOnAttempt
from tests.contract.oidc_world import running_provider

BACK = "http://localhost:8700/sign-on/return"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    person = {"sub": "ada", "name": "Ada", "email": "ada@example.org", "amr": ["pwd", "otp"]}
    with running_provider([person]) as address:
        yield address


def browser(attempt: SignOnAttempt, subject: str) -> dict[str, str]:
    """Sign on at the provider's page and return what it sends the browser back with."""
    answer = httpx.post(attempt.address, data={"sub": subject}, timeout=90, trust_env=False)
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_a_person_signs_on(issuer: str) -> None:
    provider = OpenIdProvider(issuer=issuer, client_id="tre", client_secret="s")
    attempt = provider.begin(BACK)
    person = provider.complete(attempt, browser(attempt, "ada"), BACK)
    assert (person.issuer, person.subject, person.name) == (issuer, "ada", "Ada")


def test_a_code_used_twice_is_refused(issuer: str) -> None:
    provider = OpenIdProvider(issuer=issuer, client_id="tre", client_secret="s")
    attempt = provider.begin(BACK)
    answer = browser(attempt, "ada")
    assert provider.complete(attempt, answer, BACK).subject == "ada"
    again = provider.begin(BACK)
    with pytest.raises(Refused):
        provider.complete(again, answer | {"state": again.state}, BACK)


def test_another_attempts_code_is_refused_by_its_nonce(issuer: str) -> None:
    provider = OpenIdProvider(issuer=issuer, client_id="tre", client_secret="s")
    theirs, ours = provider.begin(BACK), provider.begin(BACK)
    with pytest.raises(Refused):
        provider.complete(ours, browser(theirs, "ada") | {"state": ours.state}, BACK)


def test_a_token_for_another_client_is_refused(issuer: str) -> None:
    theirs = OpenIdProvider(issuer=issuer, client_id="another", client_secret="s")
    ours = OpenIdProvider(issuer=issuer, client_id="tre", client_secret="s")
    attempt = theirs.begin(BACK)
    with pytest.raises(Refused):
        ours.complete(attempt, browser(attempt, "ada"), BACK)


def test_a_token_is_refused_when_its_time_is_over(issuer: str) -> None:
    late = FixedClock(system_clock() + timedelta(hours=2))
    provider = OpenIdProvider(issuer=issuer, client_id="tre", client_secret="s", clock=late)
    attempt = provider.begin(BACK)
    with pytest.raises(Refused):
        provider.complete(attempt, browser(attempt, "ada"), BACK)


def test_a_person_who_declines_is_refused(issuer: str) -> None:
    provider = OpenIdProvider(issuer=issuer, client_id="tre", client_secret="s")
    attempt = provider.begin(BACK)
    declined = httpx.post(attempt.address, data={"action": "deny"}, timeout=90, trust_env=False)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(declined.headers["location"]).query).items()}
    assert answer["error"] == "access_denied"
    with pytest.raises(Refused):
        provider.complete(attempt, answer | {"state": attempt.state}, BACK)
