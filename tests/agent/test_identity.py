"""The two ways to have an identity: what each does when it is lost, refused, or when Vault does not answer."""

from __future__ import annotations

import pytest

from orchestrator.adapters.vault.token import LeaseToken, Life
from orchestrator.agent.identity import GivenIdentity, Identity, LoggedInIdentity
from orchestrator.core.errors import Conflict, NotPossible, OrchestratorError, Refused, Unavailable


class Token(LeaseToken):
    """A token whose life the test decides."""

    def __init__(self) -> None:
        self.life = Life.ALIVE
        self.near_its_end = False

    @property
    def fading(self) -> bool:
        return self.near_its_end

    def check(self) -> Life:
        return self.life


class Vault:
    def __init__(self) -> None:
        self.answer: OrchestratorError | None = None
        self.given: list[Token] = []

    def log_in(self) -> Token:
        if self.answer is not None:
            raise self.answer
        self.given.append(Token())
        return self.given[-1]


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def identity(vault: Vault) -> LoggedInIdentity:
    return LoggedInIdentity(vault.log_in)


def _later(identity: LoggedInIdentity) -> None:
    identity._next_login = 0.0


def test_it_logs_in_when_it_is_first_looked_after(identity: LoggedInIdentity) -> None:
    assert not identity.present
    assert identity.check() is Life.ALIVE
    assert (identity.present, identity.trouble) == (True, "")


def test_a_living_login_is_kept(identity: LoggedInIdentity, vault: Vault) -> None:
    for _ in range(3):
        assert identity.check() is Life.ALIVE
    assert len(vault.given) == 1


@pytest.mark.parametrize("how", ["lost", "near its end"])
def test_a_login_that_is_lost_or_near_its_end_is_taken_again(
    identity: LoggedInIdentity, vault: Vault, how: str
) -> None:
    identity.check()
    vault.given[0].life = Life.GONE if how == "lost" else Life.ALIVE
    vault.given[0].near_its_end = how != "lost"
    assert identity.check() is Life.ALIVE
    assert len(vault.given) == 2


@pytest.mark.parametrize("answer", [Refused("no role"), Unavailable("away", system="vault")])
def test_without_a_living_token_nothing_may_be_held(
    identity: LoggedInIdentity, vault: Vault, answer: OrchestratorError
) -> None:
    identity.check()
    vault.given[0].life, vault.answer = Life.GONE, answer
    assert identity.check() is Life.GONE
    assert not identity.present
    assert answer.message in identity.trouble
    vault.answer = None
    _later(identity)
    assert identity.check() is Life.ALIVE


@pytest.mark.parametrize("life", [Life.ALIVE, Life.UNKNOWN])
def test_refused_near_its_end_it_goes_on_until_then(identity: LoggedInIdentity, vault: Vault, life: Life) -> None:
    identity.check()
    vault.given[0].life, vault.given[0].near_its_end = life, True
    vault.answer = Refused("the cluster could not be asked")
    assert identity.check() is life
    assert identity.present


def test_a_refused_login_is_not_asked_for_at_every_look(identity: LoggedInIdentity, vault: Vault) -> None:
    vault.answer = Refused("no role")
    assert identity.check() is Life.GONE
    vault.answer = None
    assert identity.check() is Life.GONE
    assert vault.given == []


def test_each_way_takes_its_own_kind_only(identity: LoggedInIdentity) -> None:
    ways: list[Identity] = [GivenIdentity(), identity]
    given, taken = ways
    assert (given.comes_back, taken.comes_back) == (False, True)
    assert given.check() is Life.UNKNOWN
    given.take(Token())
    assert given.check() is Life.ALIVE
    with pytest.raises(Conflict):
        given.take(Token())
    with pytest.raises(NotPossible):
        taken.take(Token())
    given.forget()
    assert not given.present
