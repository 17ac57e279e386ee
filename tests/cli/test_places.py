"""How a project stands, its profile, and the certificate of its removal: shown, kept in a file, checked offline."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from orchestrator.assembly import House, open_house
from orchestrator.audit.fakes import FakeSigner
from orchestrator.core.events import Event
from orchestrator.settings import load_settings
from orchestrator.workspaces.places import store as place_store
from orchestrator.workspaces.places.certificates import Facts, build, sign_certificates
from orchestrator.workspaces.places.conditions import ConditionKind, Conditions, ConditionState
from orchestrator.workspaces.places.model import PlacePlan, Profile
from orchestrator.workspaces.places.service import Choice, PlaceService
from orchestrator.workspaces.places.store import CertificateRow

from .conftest import Terminal

SMALL = Choice(name="small", display_name="Small", cpus=1.0, memory_mib=2048)
LARGE = Choice(name="large", display_name="With a GPU", cpus=4.0, memory_mib=8192, devices="nvidia.com/gpu: 1")


def opened(terminal: Terminal) -> House:
    return open_house(load_settings(terminal.state))


def certified(terminal: Terminal, signer: FakeSigner | None) -> None:
    """Leave a certificate as the controller makes it, and sign it as the airlock's worker does."""
    house, project = opened(terminal), terminal.ids["project"]
    now = house.record.clock()
    profile = Profile(name="small", display_name="Small", image="x")
    plan = PlacePlan(project_id=project, name="tre-x", title="", host="", profile=profile, keep_work=False)
    facts = Facts(plan=plan, left=(), closed_at=now, kept_until=now, checked_at=now)
    with house.record.change() as change:
        document = build(change.session, facts, number=1)
        row = {"project_id": project, "number": 1, "removal": 1, "final": True, "made_at": now}
        change.session.add(CertificateRow(document=document.text, **row))
        change.tell(Event(kind="certificate.made", actor="system:controller", subject=f"project:{project}"))
    if signer is not None:
        sign_certificates(house.record, signer)


def test_a_project_shows_how_it_stands_and_since_when(terminal: Terminal) -> None:
    conditions, project = Conditions(opened(terminal).record), terminal.ids["project"]
    conditions.note(project, ConditionKind.PROVISIONED, ConditionState.FALSE, "Refused", "The quota is used up.")
    (seen,) = terminal.done("project", "show", project, who="uma")["conditions"]
    assert (seen["kind"], seen["state"], seen["reason"]) == ("Provisioned", "false", "Refused")
    assert seen["since"].endswith("Z")
    table = terminal.run("project", "show", project).out
    assert "The quota is used up." in table
    assert terminal.done("project", "show", project, who="cora")["conditions"] == []


def test_a_certificate_is_kept_in_a_file_and_checked_without_an_installation(
    terminal: Terminal, tmp_path: Path
) -> None:
    signer, project = FakeSigner(), terminal.ids["project"]
    certified(terminal, signer)
    ran = terminal.run("project", "certificate", project, "-o", "json", who="ada")
    assert ran.code == 0, ran.err
    file, keys = tmp_path / "certificate.json", tmp_path / "keys.json"
    file.write_text(ran.out)
    public = base64.b64encode(signer.public_keys()[1]).decode()
    keys.write_text(json.dumps([{"version": 1, "key": public}]))
    elsewhere = Terminal(tmp_path / "nothing")
    assert elsewhere.run("project", "verify-certificate", str(file), "--keys", str(keys)).code == 0
    file.write_text(ran.out.replace('"final":true', '"final":tru3'))
    assert elsewhere.run("project", "verify-certificate", str(file), "--keys", str(keys)).code == 7
    file.write_text(ran.out.replace('"leases_left":0', '"leases_left":1'))
    refused = elsewhere.run("project", "verify-certificate", str(file), "--keys", str(keys), "-o", "json")
    assert refused.code == 7
    assert "was changed" in refused.data["problems"][0]
    assert terminal.run("project", "certificate", project, who="cora").code == 3


def test_a_certificate_that_is_not_signed_yet_is_not_handed_out(terminal: Terminal) -> None:
    certified(terminal, None)
    ran = terminal.run("project", "certificate", terminal.ids["project"], who="ada")
    assert ran.code == 5
    assert "signature" in ran.err


def test_an_operator_chooses_a_profile_of_the_settings_and_nobody_else(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlaceService, "_profiles", property(lambda _: (SMALL, LARGE), lambda *_: None), raising=False)
    project = terminal.ids["project"]
    assert [each["chosen"] for each in terminal.done("workspace", "profiles", project, who="uma")] == [True, False]
    assert terminal.run("workspace", "profiles", project, who="cora").code == 3
    assert terminal.run("workspace", "profile", project, "huge", who="ada").code == 2
    assert terminal.run("workspace", "profile", project, "large", who="uma").code == 4
    assert terminal.run("workspace", "profile", project, "large", "--dry-run", who="ada").code == 0
    assert terminal.run("workspace", "profile", project, "large").code == 0
    shown = terminal.done("workspace", "profiles", project, who="uma")
    assert shown[1] == {**vars(LARGE), "chosen": True}
    assert not shown[0]["chosen"]
    house = opened(terminal)
    with house.record.read() as session:
        assert place_store.known_place(session, project).profile == "large"
    kinds = [json.loads(body)["kind"] for body in house.audit.entries(subject=f"project:{project}", limit=1000)]
    assert kinds[-2:] == ["place.made", "workspace.profile-chosen"]
