"""Reasons: the same use case as the action itself, carried out up to its commit and undone."""

from __future__ import annotations

from .conftest import Terminal


def test_what_is_allowed_and_possible_says_what_it_would_record(terminal: Terminal) -> None:
    answer = terminal.done("explain", "action", "approve-project", terminal.ids["decided"], who="ada")
    assert answer["allowed"] is answer["possible_now"] is True
    assert any(line.startswith("project.") for line in answer["would_record"])
    assert terminal.done("application", "show", terminal.ids["decided"])["state"] == "decided"


def test_what_is_allowed_but_not_possible_says_what_state_it_needs(terminal: Terminal) -> None:
    answer = terminal.done("explain", "action", "approve-project", terminal.ids["application"], who="ada")
    assert (answer["allowed"], answer["possible_now"]) == (True, False)
    assert answer["reasons"]


def test_what_is_refused_says_the_rules_reason(terminal: Terminal) -> None:
    answer = terminal.done("explain", "action", "withdraw-grant", terminal.ids["grant"], who="uma")
    assert answer["allowed"] is False
    assert "A grant is withdrawn by an officer of its custodian, or by an operator on its behalf." in answer["reasons"]
    assert len(answer["rules_sha256"]) == 64


def test_an_operator_asks_about_somebody_else_and_nobody_else_does(terminal: Terminal) -> None:
    words = ("explain", "action", "open-workspace", terminal.ids["project"], "--person", terminal.ids["rex"])
    assert terminal.done(*words, who="ada")["person"] == terminal.ids["rex"]
    refused = terminal.run(*words, who="uma")
    assert refused.code == 4
    assert terminal.run(*words[:-2], who="uma").code == 0


def test_an_action_that_does_not_exist_is_usage(terminal: Terminal) -> None:
    ran = terminal.run("explain", "action", "fly", terminal.ids["project"], who="ada")
    assert ran.code == 2
    assert "open-workspace" in ran.err


def test_a_projects_standing_names_every_failed_condition(terminal: Terminal) -> None:
    before = terminal.done("explain", "project", terminal.ids["project"], who="rex")
    own = next(each for each in before["members"] if each["person_id"] == terminal.ids["rex"])
    assert own["reasons"] == []
    training = terminal.ids["rex_training"]
    terminal.done("training", "end", training, "--yes", who="ada")
    after = terminal.done("explain", "project", terminal.ids["project"])
    own = next(each for each in after["members"] if each["person_id"] == terminal.ids["rex"])
    assert any("training" in reason for reason in own["reasons"])


def test_a_stranger_learns_nothing_of_a_project(terminal: Terminal) -> None:
    assert terminal.run("explain", "project", terminal.ids["project"], who="lee").code in (3, 4)
