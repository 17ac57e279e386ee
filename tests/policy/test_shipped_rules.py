"""The shipped access rules: what is true of every action, whoever asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

RULES = Path(__file__).parents[2] / "policies" / "access"

HOLDING = {"role": "checker", "person": "bob", "proposedBy": "ann", "endProposedBy": "ann", "soleOperator": False}
ACCOUNT = {"person": "bob", "resumeProposedBy": "ann"}
OWN = {"person": "eve"}

OPERATOR_ON_OTHERS = [
    "changePerson",
    "suspendPerson",
    "proposeResume",
    "confirmResume",
    "recordTraining",
    "endTraining",
    "recordAccreditation",
    "endAccreditation",
]
ROLE_ACTIONS = ["proposeRole", "confirmRole", "withdrawRoleProposal", "proposeRoleEnd", "confirmRoleEnd"]


def eve(*roles: str, custodians: frozenset[str] = frozenset(), active: bool = True, factor: bool = True) -> Actor:
    return Actor(person_id="eve", roles=frozenset(roles), custodians=custodians, active=active, second_factor=factor)


def account(**changes: str) -> Thing:
    return Thing(kind="Account", id="x", attributes=ACCOUNT | changes)


def holding(**changes: str | bool) -> Thing:
    return Thing(kind="RoleHolding", id="x", attributes=HOLDING | changes)


CUSTODIAN = Thing(kind="Custodian", id="c", attributes={"custodian": "c"})
ALLOWED = [
    *[("operator", action, account()) for action in [*OPERATOR_ON_OTHERS, "showPerson"]],
    *[("operator", action, holding()) for action in ROLE_ACTIONS],
    *[("operator", action, SITE) for action in ["registerPerson", "showPeople", "registerCustodian"]],
]


@pytest.mark.parametrize(("role", "action", "thing"), ALLOWED, ids=lambda part: getattr(part, "kind", part))
def test_what_an_operator_may_do_nobody_else_may(policy: Policy, role: str, action: str, thing: Thing) -> None:
    assert policy.may(eve(role), action, thing)
    assert policy.may(eve(role, "checker"), action, thing)
    for other in (eve(), eve("checker"), eve(custodians=frozenset({"c"})), eve("Operator"), eve("custodian")):
        decision = policy.decide(other, action, thing)
        assert not decision.allowed
        assert not decision.incident


@pytest.mark.parametrize(("role", "action", "thing"), ALLOWED, ids=lambda part: getattr(part, "kind", part))
def test_a_suspended_person_may_nothing(policy: Policy, role: str, action: str, thing: Thing) -> None:
    decision = policy.decide(eve(role, active=False), action, thing)
    assert decision.policies == ("common.suspended",)
    assert decision.reasons == ("Your account is suspended; ask an operator why.",)


@pytest.mark.parametrize(("role", "action", "thing"), ALLOWED, ids=lambda part: getattr(part, "kind", part))
def test_whoever_holds_a_role_needs_a_second_factor(policy: Policy, role: str, action: str, thing: Thing) -> None:
    decision = policy.decide(eve(role, factor=False), action, thing)
    assert decision.policies == ("common.second-factor",)


@pytest.mark.parametrize("action", OPERATOR_ON_OTHERS)
def test_nobody_acts_on_his_own_account(policy: Policy, action: str) -> None:
    assert "identity.not-on-oneself" in policy.decide(eve("operator"), action, account(person="eve")).policies


@pytest.mark.parametrize("action", ROLE_ACTIONS)
@pytest.mark.parametrize("role", ["operator", "checker", "custodian"])
def test_nobody_gives_or_ends_his_own_role(policy: Policy, action: str, role: str) -> None:
    assert not policy.may(eve("operator"), action, holding(person="eve", role=role))
    assert not policy.may(eve(), action, holding(person="eve", role=role))


def test_who_proposed_does_not_confirm(policy: Policy) -> None:
    assert not policy.may(eve("operator"), "confirmRole", holding(proposedBy="eve"))
    assert not policy.may(eve("operator"), "confirmRoleEnd", holding(endProposedBy="eve"))
    assert not policy.may(eve("operator"), "confirmResume", account(resumeProposedBy="eve"))


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"soleOperator": False}, False),
        ({"role": "checker"}, False),
        ({"role": "custodian"}, False),
        ({"person": "bob"}, False),
        ({"proposedBy": "eve"}, False),
    ],
)
def test_only_the_second_operator_confirms_his_own_role(
    policy: Policy, changes: dict[str, str | bool], allowed: bool
) -> None:
    thing = holding(**({"role": "operator", "person": "eve", "soleOperator": True} | changes))
    assert policy.may(eve(), "confirmRole", thing) is allowed
    assert not policy.may(eve(), "proposeRole", thing)
    assert not policy.may(eve(), "confirmRoleEnd", thing)


def test_a_person_sees_his_own_account_and_no_other(policy: Policy) -> None:
    assert policy.may(eve(), "showPerson", account(person="eve"))
    assert not policy.may(eve(), "showPerson", account())


def test_only_its_own_officer_publishes_a_custodians_terms(policy: Policy) -> None:
    assert policy.may(eve(custodians=frozenset({"c"})), "publishTerms", CUSTODIAN)
    for other in (eve(), eve("operator"), eve("checker"), eve(custodians=frozenset({"d"}))):
        assert not policy.may(other, "publishTerms", CUSTODIAN)


def test_everybody_active_accepts_terms(policy: Policy) -> None:
    assert policy.may(eve(factor=False), "acceptTerms", CUSTODIAN)
    assert not policy.may(eve(active=False), "acceptTerms", CUSTODIAN)


def test_every_rule_has_a_name_of_its_room_and_a_sentence() -> None:
    for path in RULES.glob("*.cedar"):
        names = re.findall(r'^@id\("([^"]+)"\)', path.read_text(), re.M)
        assert names, path
        assert all(name.startswith(f"{path.stem}.") for name in names), path
        assert len(re.findall(r"^(permit|forbid)", path.read_text(), re.M)) == len(names)
