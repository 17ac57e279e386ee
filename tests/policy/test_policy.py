"""The access rules: fail closed, explain themselves, refuse to start broken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.errors import Invalid, NotFound, Refused
from orchestrator.policy.model import SITE, Actor, Thing
from orchestrator.policy.service import Policy

SCHEMA = """
entity Person = {
  "id": String, "roles": Set<String>, "custodians": Set<String>, "active": Bool, "secondFactor": Bool,
};
entity Site = {};
entity Report = { "author": String, "readers": Set<String>, "pages": Long, "secret": Bool };
entity Note = { "optedOut"?: Bool };
action readReport, burnReport, shredReport appliesTo { principal: Person, resource: Report };
action readNote appliesTo { principal: Person, resource: Note };
"""
RULES = """
@id("readers-read") @reason("Only a reader reads a report.")
permit (principal, action == Action::"readReport", resource)
when { resource.readers.contains(principal.id) };

@id("operators-read") @reason("Only an operator reads every report.")
permit (principal, action in [Action::"readReport", Action::"burnReport"], resource)
when { principal.roles.contains("operator") };

@id("secret") @reason("This report is secret.")
forbid (principal, action == Action::"readReport", resource)
when { resource.secret };

@id("long") @reason("This report is too long.")
forbid (principal, action == Action::"readReport", resource)
when { resource.pages > 100 };
"""

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(rules: str = RULES, schema: str = SCHEMA, **files: str) -> Path:
        (tmp_path / "schema.cedarschema").write_text(schema)
        (tmp_path / "rules.cedar").write_text(rules)
        for name, text in files.items():
            (tmp_path / f"{name}.cedar").write_text(text)
        return tmp_path

    return write


def actor(**changes: object) -> Actor:
    return Actor(**({"person_id": "ada", "active": True, "second_factor": True} | changes))  # type: ignore[arg-type]


def report(**changes: object) -> Thing:
    attributes = {"author": "bob", "readers": frozenset({"ada"}), "pages": 3, "secret": False} | changes
    return Thing(kind="Report", id="r", attributes=attributes)  # type: ignore[arg-type]


def test_who_may_not_see_a_thing_is_told_what_is_said_of_one_that_does_not_exist(written: Written) -> None:
    policy = Policy(written())
    said = {"sight": "readReport", "unknown": "There is no such report."}
    with pytest.raises(NotFound, match=r"There is no such report\."):
        policy.check_known(actor(), "burnReport", report(readers=frozenset()), **said)
    with pytest.raises(Refused, match=r"Only an operator"):
        policy.check_known(actor(), "burnReport", report(), **said)
    with pytest.raises(Refused, match=r"Only an operator"):
        policy.check_known(actor(), "burnReport", report(readers=frozenset()), shown=report(), **said)
    burner = actor(roles=frozenset({"operator"}))
    assert policy.check_known(burner, "burnReport", report(secret=True), **said).allowed


def test_a_permit_allows_and_says_which_rule_decided(written: Written) -> None:
    policy = Policy(written())
    decision = policy.check(actor(), "readReport", report())
    assert decision.allowed
    assert decision.policies == ("readers-read",)
    assert decision.reasons == ()
    assert decision.digest == policy.digest
    assert len(decision.digest) == 64


def test_a_forbid_wins_and_gives_its_sentence(written: Written) -> None:
    with pytest.raises(Refused) as raised:
        Policy(written()).check(actor(roles=frozenset({"operator"})), "readReport", report(secret=True, pages=101))
    assert set(raised.value.reasons) == {"This report is secret.", "This report is too long."}
    assert raised.value.message in raised.value.reasons


def test_without_a_permit_the_refusal_says_who_could(written: Written) -> None:
    decision = Policy(written()).decide(actor(person_id="eve"), "readReport", report())
    assert not decision.allowed
    assert not decision.incident
    assert set(decision.reasons) == {"Only a reader reads a report.", "Only an operator reads every report."}


def test_an_action_that_nobody_may_take_says_so(written: Written) -> None:
    decision = Policy(written()).decide(actor(), "shredReport", report())
    assert decision.reasons == ("No access rule permits this to anybody.",)


@pytest.mark.parametrize("missing", ["author", "readers", "pages", "secret"])
def test_a_missing_attribute_never_allows_and_is_an_incident(
    written: Written, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    policy = Policy(written())
    whole = report()
    assert policy.may(actor(), "readReport", whole)
    holed = Thing(
        kind="Report", id="r", attributes={name: value for name, value in whole.attributes.items() if name != missing}
    )
    with caplog.at_level(logging.CRITICAL, logger="orchestrator.policy.service"):
        decision = policy.decide(actor(), "readReport", holed)
    assert not decision.allowed
    assert decision.incident
    assert missing in caplog.text


@pytest.mark.parametrize(
    "thing",
    [
        report(pages="3"),
        report(pages=3.5),
        report(pages=None),
        report(secret=0),
        report(readers=frozenset({1})),
        report(readers="ada"),
        report(surprise=True),
        report(author={"__entity": {"type": "Person", "id": "ada"}}),
        Thing(kind="Report", id="r"),
        Thing(kind="Nothing", id="r"),
        Thing(kind="Report::x", id="r"),
        Thing(kind="", id=""),
        SITE,
    ],
)
def test_a_thing_that_is_not_as_the_schema_says_is_refused_as_an_incident(written: Written, thing: Thing) -> None:
    decision = Policy(written()).decide(actor(roles=frozenset({"operator"})), "readReport", thing)
    assert not decision.allowed
    assert decision.incident
    assert "tell an operator" in decision.reasons[0]


@pytest.mark.parametrize("action", ["", "nothing", "readreport", 'readReport"', "Action::readReport", "\n", "readNote"])
def test_an_unknown_action_is_refused(written: Written, action: str) -> None:
    decision = Policy(written()).decide(actor(roles=frozenset({"operator"})), action, report())
    assert not decision.allowed
    assert decision.incident


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ("permit (principal", "unexpected"),
        ('@reason("No.") forbid (principal, action, resource);', "@id"),
        ('@id("x") forbid (principal, action, resource);', "@reason"),
        ('@id("x") @reason("no sentence") forbid (principal, action, resource);', "@reason"),
        ('@id("x") @reason("All.") permit (principal, action, resource);', "must name its actions"),
        ('@id("x") @reason("No.") forbid (principal, action == Action::"reedReport", resource);', "reedReport"),
        (
            '@id("x") @reason("No.") forbid (principal, action == Action::"readReport", resource)'
            " when { resource.sekret };",
            "sekret",
        ),
        (
            '@id("x") @reason("No.") forbid (principal, action == Action::"readNote", resource)'
            " when { resource.optedOut };",
            "optedOut",
        ),
        ('@id("x") @reason("No.") forbid (principal == ?principal, action, resource);', "templates"),
    ],
)
def test_broken_rules_stop_the_start_with_file_and_fault(written: Written, rules: str, fault: str) -> None:
    with pytest.raises(Invalid) as raised:
        Policy(written(extra=rules))
    assert raised.value.field == "extra.cedar"
    assert "extra.cedar" in raised.value.message
    assert fault in raised.value.message


def test_two_rules_of_one_name_stop_the_start(written: Written) -> None:
    twin = '@id("secret") @reason("No.") forbid (principal, action == Action::"readNote", resource);'
    with pytest.raises(Invalid, match=r"already exists in rules\.cedar"):
        Policy(written(twin=twin))


def test_a_broken_schema_stops_the_start(written: Written) -> None:
    with pytest.raises(Invalid, match=r"schema\.cedarschema"):
        Policy(written(schema="entity Person = {"))


@pytest.mark.parametrize("name", ["schema.cedarschema", "rules.cedar"])
def test_missing_files_stop_the_start(written: Written, name: str) -> None:
    directory = written()
    (directory / name).unlink()
    with pytest.raises(Invalid, match="point the settings"):
        Policy(directory)


def test_unreadable_text_stops_the_start(written: Written) -> None:
    directory = written()
    (directory / "rules.cedar").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="cannot be read"):
        Policy(directory)


def test_the_digest_changes_with_every_byte_of_schema_and_rules(written: Written) -> None:
    digests = {
        Policy(written()).digest,
        Policy(written(rules=RULES + "\n")).digest,
        Policy(written(schema=SCHEMA + "\n")).digest,
    }
    assert len(digests) == 3


def test_the_explanation_names_answer_reasons_rules_and_digest(written: Written) -> None:
    policy = Policy(written())
    text = policy.explain(actor(), "readReport", report(secret=True))
    assert "readReport on Report r: refused" in text
    assert "because: This report is secret." in text
    assert "decided by: secret (rules.cedar)" in text
    assert "permit readers-read: Only a reader reads a report." in text
    assert policy.digest in text
    assert "allowed" in policy.explain(actor(), "readReport", report())


_BOTH = 'Action::"readReport", Action::"burnReport"'
_CONDITIONS = [
    "resource.secret",
    "resource.pages > 1",
    "resource.author == principal.id",
    "!resource.readers.contains(principal.id)",
    'principal.roles.contains("operator")',
    "!principal.active",
    "true",
]


@settings(max_examples=60, deadline=None)
@given(
    roles=st.frozensets(st.sampled_from(["operator", "checker"])),
    active=st.booleans(),
    author=st.sampled_from(["ada", "bob"]),
    readers=st.frozensets(st.sampled_from(["ada", "bob"])),
    pages=st.integers(min_value=-(2**63), max_value=2**63 - 1),
    secret=st.booleans(),
    action=st.sampled_from(["readReport", "burnReport", "shredReport", "unknown"]),
    added=st.lists(st.sampled_from(_CONDITIONS), min_size=1, max_size=3, unique=True),
)
def test_adding_a_forbid_never_turns_a_no_into_a_yes(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    roles: frozenset[str],
    active: bool,
    author: str,
    readers: frozenset[str],
    pages: int,
    secret: bool,
    action: str,
    added: list[str],
) -> None:
    directory = tmp_path_factory.mktemp("rules")
    (directory / "schema.cedarschema").write_text(SCHEMA)
    (directory / "rules.cedar").write_text(RULES)
    before = Policy(directory)
    (directory / "added.cedar").write_text(
        "".join(
            f'@id("added-{n}") @reason("No.") forbid (principal, action in [{_BOTH}], resource) '
            f"when {{ {condition} }};\n"
            for n, condition in enumerate(added)
        )
    )
    after = Policy(directory)
    who = actor(roles=roles, active=active)
    what = report(author=author, readers=readers, pages=pages, secret=secret)
    assert after.may(who, action, what) <= before.may(who, action, what)


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=40),
    kind=st.text(max_size=20),
    value=st.one_of(st.text(max_size=40), st.integers(), st.booleans(), st.frozensets(st.text(max_size=5), max_size=3)),
)
def test_hostile_text_is_refused_and_never_breaks_the_question(
    policy: Policy, text: str, kind: str, value: object
) -> None:
    nobody = Actor(person_id=text, roles=frozenset({text}), active=True, second_factor=True)
    thing = Thing(kind=kind, id=text, attributes={text: value})  # type: ignore[dict-item]
    assert not policy.decide(nobody, text, thing).allowed
    assert not policy.decide(nobody, "registerPerson", SITE).allowed or text == "operator"
