"""The strictest rules of a project: the ones the airlock checks by, each with who set it, and nobody sees another's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.access.model import Project
from orchestrator.access.uses.model import EffectiveRule
from orchestrator.airlock.governance import LiveGovernance
from orchestrator.core.errors import NotFound
from tests.access.uses.conftest import Uses


def ask(uses: Uses, name: str, **terms: Any) -> None:
    world = uses.world
    values: dict[str, Any] = {"text": "Our terms.", "valid_until": world.now + timedelta(days=700)}
    world.alliance.publish_terms(world.actor(f"officer_{name}"), world.custodians[name], **(values | terms))


def rules(uses: Uses, project: Project, who: str = "lead") -> dict[str, EffectiveRule]:
    found = uses.service.effective_rules(uses.world.actor(who), project.project_id)
    assert len({each.rule for each in found.rules}) == len(found.rules)
    return {each.rule: each for each in found.rules}


def setters(rule: EffectiveRule) -> set[str]:
    return {each.custodian.removeprefix("Trust ") for each in rule.set_by}


def test_each_rule_is_the_strictest_and_names_who_set_it(uses: Uses) -> None:
    project = uses.world.approved()
    ask(uses, "a", checkers_needed=3, minimum_count=10, evidence=("dpia",))
    ask(uses, "b", checkers_needed=2, minimum_count=25, release_signoff=True, airlock_pack="nhs-hes")
    found = rules(uses, project)
    assert (found["checkers"].value, setters(found["checkers"])) == ("3", {"a"})
    assert (found["minimum-count"].value, setters(found["minimum-count"])) == ("25", {"b"})
    assert setters(found["sign-off"]) == {"b"}
    assert (found["rule-book"].value, setters(found["rule-book"])) == ("nhs-hes", {"b"})
    assert setters(found["evidence:dpia"]) == {"a"}
    assert "bring it" in found["evidence:dpia"].trouble
    assert setters(found["terms-until"]) == setters(found["agreement-until"]) == {"a", "b"}
    assert all(each.says.endswith(".") for each in found.values())


def test_equal_terms_are_set_by_both(uses: Uses) -> None:
    project = uses.world.approved()
    found = rules(uses, project)
    assert setters(found["checkers"]) == setters(found["minimum-count"]) == {"a", "b"}
    assert "sign-off" not in found


def test_uses_narrow_and_a_dataset_without_any_is_named(uses: Uses) -> None:
    project = uses.world.approved()
    uses.publish("a", "GRU", "TS=24", "NO-LINKAGE")
    found = uses.service.effective_rules(uses.world.actor("lead"), project.project_id)
    assert found.silent == ("Dataset b",)
    uses.publish("b", "HMB", "TS=12")
    narrowed = rules(uses, project)
    assert setters(narrowed["use:DUO:0000006"]) == {"b"}
    assert "use:DUO:0000042" not in narrowed
    assert (narrowed["use:DUO:0000025"].value, setters(narrowed["use:DUO:0000025"])) == ("12", {"b"})
    assert narrowed["use:DUO:0000025"].set_by[0].datasets == ("Dataset b",)
    assert setters(narrowed["use:TRE:NO-LINKAGE"]) == {"a"}


def test_uses_that_exclude_one_another_are_told_as_trouble(uses: Uses) -> None:
    project = uses.world.approved()
    uses.publish("a", "POA")
    uses.publish("b", "HMB")
    found = rules(uses, project)
    assert "No use is permitted" in found["use"].trouble
    assert setters(found["use"]) == {"a", "b"}


def test_an_officer_sees_what_comes_of_his_own_data_only(uses: Uses) -> None:
    project = uses.world.approved()
    ask(uses, "a", checkers_needed=3)
    ask(uses, "b", minimum_count=25)
    uses.publish("a", "GRU", "NCU")
    uses.publish("b", "HMB")
    for name, other in (("a", "b"), ("b", "a")):
        found = uses.service.effective_rules(uses.world.actor(f"officer_{name}"), project.project_id)
        assert {setter for rule in found.rules for setter in setters(rule)} == {name}
        assert f"Trust {other}" not in repr(found)
        assert f"Dataset {other}" not in repr(found)
    own = rules(uses, project, "officer_a")
    assert (own["checkers"].value, own["minimum-count"].value) == ("3", "10")
    assert "use:DUO:0000042" in own


@pytest.mark.parametrize("who", ["stranger"])
def test_others_are_told_of_no_such_project(uses: Uses, who: str) -> None:
    project = uses.world.approved()
    with pytest.raises(NotFound):
        uses.service.effective_rules(uses.world.actor(who), project.project_id)
    with pytest.raises(NotFound):
        uses.service.effective_rules(uses.world.actor("operator"), "aaaaaaaaaaaaaaaa")


def test_the_airlock_checks_by_the_same_numbers(uses: Uses) -> None:
    world = uses.world
    project = world.approved()
    ask(uses, "a", checkers_needed=4, minimum_count=7)
    ask(uses, "b", checkers_needed=2, minimum_count=30, release_signoff=True)
    governance = LiveGovernance(world.record, world.identity, world.alliance, world.access)
    terms = governance.terms(project.project_id)
    found = rules(uses, project)
    assert int(found["checkers"].value) == max(each.checkers_needed for each in terms)
    assert int(found["minimum-count"].value) == max(each.minimum_count for each in terms)
    signing = {each.custodian_id for each in terms if each.release_signoff}
    assert {each.custodian_id for each in found["sign-off"].set_by} == signing


def test_what_was_withdrawn_still_binds_results_but_its_agreement_does_not_count(uses: Uses) -> None:
    world = uses.world
    project = world.approved()
    ask(uses, "a", checkers_needed=4)
    world.access.withdraw_grant(world.actor("officer_a"), world.grant_id(project, "a"), "No longer wanted.")
    found = rules(uses, project)
    assert found["checkers"].value == "4"
    assert setters(found["agreement-until"]) == {"b"}


def test_terms_that_ended_are_told_as_trouble(uses: Uses) -> None:
    world = uses.world
    project = world.approved()
    ask(uses, "a", valid_until=world.now + timedelta(days=2))
    world.clock.advance(timedelta(days=3))
    found = rules(uses, project)
    assert setters(found["terms-until"]) == {"a"}
    assert "has to publish new ones" in found["terms-until"].trouble
