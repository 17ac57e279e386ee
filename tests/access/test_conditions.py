"""The grant rule over the real services: each condition fails alone, is told in a sentence, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import deciding

World = Any
Fail = Callable[[Any, Any], None]


def _training_ends(world: World, _project: Any) -> None:
    training = world.identity.profile(world.actor("operator"), world.people["member"]).trainings[0]
    world.identity.end_training(world.actor("operator"), training.training_id)


def _accreditation_ends(world: World, _project: Any) -> None:
    accreditation = world.identity.profile(world.actor("operator"), world.people["member"]).accreditations[0]
    world.identity.end_accreditation(world.actor("operator"), accreditation.accreditation_id)


def _member_suspended(world: World, _project: Any) -> None:
    world.identity.suspend(world.actor("operator"), world.people["member"], "A worry")


def _membership_ends(world: World, project: Any) -> None:
    world.access.end_member(world.actor("operator"), project.project_id, world.people["member"])


def _terms_change(world: World, _project: Any) -> None:
    world.publish_terms("a")
    world.accept("lead", "a")


def _grant_withdrawn(world: World, project: Any) -> None:
    world.access.withdraw_grant(world.actor("officer_a"), world.grant_id(project, "a"), "Misused")


def _version_withdrawn(world: World, _project: Any) -> None:
    world.discovery.withdraw_version(world.actor("officer_a"), world.versions["a"], "Wrong rows")


def _dataset_withdrawn(world: World, _project: Any) -> None:
    world.discovery.withdraw_dataset(world.actor("officer_a"), world.datasets["a"], "Wrong data")


def _project_suspended(world: World, project: Any) -> None:
    world.access.suspend_project(world.actor("operator"), project.project_id, "A worry")


def _project_closed(world: World, project: Any) -> None:
    world.access.close_project(world.actor("operator"), project.project_id)


WHOLE: dict[tuple[str, str], bool] = {(person, name): True for person in ("lead", "member") for name in ("a", "b")}


@pytest.mark.parametrize(
    ("fail", "lost"),
    [
        (_training_ends, {("member", "a"), ("member", "b")}),
        (_accreditation_ends, {("member", "a"), ("member", "b")}),
        (_member_suspended, {("member", "a"), ("member", "b")}),
        (_membership_ends, {("member", "a"), ("member", "b")}),
        (_terms_change, {("member", "a")}),
        (_grant_withdrawn, {("member", "a"), ("lead", "a")}),
        (_version_withdrawn, {("member", "a"), ("lead", "a")}),
        (_dataset_withdrawn, {("member", "a"), ("lead", "a")}),
        (_project_suspended, set(WHOLE)),
        (_project_closed, set(WHOLE)),
    ],
)
def test_a_condition_that_fails_takes_exactly_what_hangs_on_it(
    world: World, fail: Fail, lost: set[tuple[str, str]]
) -> None:
    project = world.approved()
    held = {(person, name) for person in ("lead", "member") for name in world.held(project, person)}
    assert held == set(WHOLE)
    fail(world, project)
    left = {(person, name) for person in ("lead", "member") for name in world.held(project, person)}
    assert held - left == lost
    assert left == held - lost


@pytest.mark.parametrize(
    ("days", "lost"),
    [
        (-1, set()),
        (301, set(WHOLE)),  # the project's last day
    ],
)
def test_dates_end_access_by_themselves(world: World, days: int, lost: set[tuple[str, str]]) -> None:
    project = world.approved()
    world.clock.advance(timedelta(days=max(days, 0)))
    left = {(person, name) for person in ("lead", "member") for name in world.held(project, person)}
    assert left == set(WHOLE) - lost


def test_a_new_version_of_terms_is_asked_for_in_a_sentence_and_accepting_it_brings_the_data_back(world: World) -> None:
    project = world.approved()
    version = world.publish_terms("a")
    grant = next(
        each for each in world.access.standing(project.project_id).grants if each.custodian_id == world.custodians["a"]
    )
    assert grant.people == {}
    assert grant.people_reasons[world.people["lead"]] == (
        f"Version {version} of the terms of Trust a is not accepted yet; read and accept it.",
    )
    world.accept("lead", "a")
    assert world.held(project, "lead") == {"a", "b"}
    assert world.held(project, "member") == {"b"}


def test_renewed_training_brings_access_back(world: World) -> None:
    project = world.approved()
    _training_ends(world, project)
    member = next(
        each for each in world.access.standing(project.project_id).members if each.person_id == world.people["member"]
    )
    assert member.reasons == (
        "No valid training is recorded for this person; pass the course and have an operator record it.",
    )
    until = world.now + timedelta(days=100)
    world.identity.record_training(world.actor("operator"), world.people["member"], "Safe researcher", until)
    assert world.held(project, "member") == {"a", "b"}
    assert world.access.admitted(project.project_id)[world.people["member"]] == until


def test_what_is_granted_says_how_it_is_delivered_and_until_when(world: World) -> None:
    database = world.discovery.add_database_version(
        world.actor("officer_b"), world.datasets["b"], connection="demo", schema="omop", views=["person", "visit"]
    )
    world.discovery.mark_sealed(database.version_id)
    project = world.approved()
    by_name = {each.name: each for each in world.access.granted(project.project_id, world.people["lead"])}
    assert by_name["set-a"].delivery == "files"
    assert (by_name["set-b"].delivery, by_name["set-b"].connection, by_name["set-b"].views) == (
        "database",
        "demo",
        ("person", "visit"),
    )
    assert {each.until for each in by_name.values()} == {project.end}


def test_what_is_granted_names_the_prefix_or_the_volume_it_lies_in(world: World) -> None:
    objects = world.discovery.add_object_version(
        world.actor("officer_a"), world.datasets["a"], store_name="lake", prefix="cohort/1/"
    )
    volume = world.discovery.add_volume_version(world.actor("officer_b"), world.datasets["b"], volume="scans")
    for version in (objects, volume):
        world.discovery.mark_sealed(version.version_id)
    project = world.approved()
    by_name = {each.name: each for each in world.access.granted(project.project_id, world.people["lead"])}
    first, second = by_name["set-a"], by_name["set-b"]
    assert (first.delivery, first.store, first.prefix, first.volume) == ("object", "lake", "cohort/1/", "")
    assert (second.delivery, second.store, second.prefix, second.volume) == ("volume", "", "", "scans")


def test_a_person_who_is_no_member_is_granted_nothing(world: World) -> None:
    project = world.approved()
    world.qualify("stranger")
    world.accept("stranger", "a")
    assert world.access.granted(project.project_id, world.people["stranger"]) == []
    assert world.people["stranger"] not in world.access.admitted(project.project_id)


def test_before_the_first_day_nobody_enters(world: World) -> None:
    application = world.submitted(start=world.day(5))
    for name in ("a", "b"):
        world.decide(application.application_id, name)
    project = deciding.approve_project(world.access, world.actor("operator"), application.application_id)
    assert world.access.admitted(project.project_id) == {}
    assert world.access.standing(project.project_id).until == project.start
    world.clock.advance(timedelta(days=6))
    assert len(world.access.admitted(project.project_id)) == 2
