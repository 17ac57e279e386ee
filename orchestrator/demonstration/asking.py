"""The story as far as the approved project: signing in, finding, asking what it costs, applying, deciding."""

from __future__ import annotations

import json
import time
from datetime import timedelta

from orchestrator.core.errors import Refused

from .gateway import see_costs
from .portal import PortalClient, run_command
from .stage import Stage, await_until, see

__all__ = ["apply", "approve", "await_sealed", "decide", "find", "price", "sign_in"]

_SEALED_SECONDS = 60.0
_LAY_SUMMARY = (
    "We want to learn how often common conditions occur together with breast cancer, and whether hormone therapy "
    "goes along with a longer time without recurrence. We compare groups of people, never single persons, and we "
    "publish only tables that two independent checkers have agreed to."
)


def sign_in(stage: Stage) -> None:
    """Everybody signs in on the portal, with a terminal by code; the operator on the command line too."""
    for key, person in stage.cast.people.items():
        client = PortalClient(stage.house.settings.portal.public_url, person.person_id)
        client.sign_in()
        stage.clients[key] = client
        client.use(_command_session(stage, client))
        see(client.get("/me")["person_id"] == person.person_id, "the session belongs to somebody else")
    run_command(stage.house.settings.state, ["sign-in", "--wait", "30"], client=stage.clients["olivia"])
    whoami = json.loads(run_command(stage.house.settings.state, ["whoami", "--output", "json"]))
    see(whoami["person_id"] == stage.person("olivia").person_id, "the terminal belongs to somebody else")


def _command_session(stage: Stage, client: PortalClient) -> str:
    code, secret = stage.house.identity.start_pairing()
    client.confirm_command(code)
    session = stage.house.identity.collect_pairing(secret)
    if session is None:
        raise Refused("A confirmed terminal was not signed in.")
    return session


def await_sealed(stage: Stage) -> None:
    """Wait until the controller has sealed every dataset."""

    def sealed() -> bool:
        return all(
            any(version["state"] == "sealed" for version in stage.get("james", f"/datasets/{dataset}")["versions"])
            for dataset in stage.cast.datasets.values()
        )

    await_until(sealed, _SEALED_SECONDS, "the datasets were not sealed in time")


def find(stage: Stage) -> None:
    """James searches, finds his study, and accepts the terms of each custodian."""
    found = {item["dataset_id"] for item in stage.get("james", "/datasets", q="breast cancer")["items"]}
    see(stage.cast.datasets["breast-cancer-trial"] in found, "the search did not find the breast cancer study")
    for custodian_id in stage.cast.custodians.values():
        terms = stage.get("james", f"/custodians/{custodian_id}/terms")
        version = terms["version"] if isinstance(terms, dict) else terms[0]["version"]
        stage.post("james", f"/custodians/{custodian_id}/terms/{version}/accept")


def price(stage: Stage) -> None:
    """James is told what each custodian and the infrastructure would charge."""
    today = stage.house.record.clock().date()
    asked = {
        "datasets": sorted(stage.cast.datasets.values()),
        "start": today.isoformat(),
        "last": (today + timedelta(days=180)).isoformat(),
        "answers": {"applicant": "sme"},
    }
    see_costs(stage.post("james", "/estimates", asked), set(stage.cast.custodians.values()))


def apply(stage: Stage) -> None:
    """James applies to three custodians with one application."""
    today = stage.house.record.clock().date()
    answers = {
        "title": "Conditions and hormone therapy in breast cancer",
        "lay_summary": _LAY_SUMMARY,
        "purpose": "Descriptive statistics for a feasibility report.",
        "organisation": "Whitfield Analytics Ltd",
        "ethics_reference": "DEMO/2026/001",
        "ethics_until": (today + timedelta(days=350)).isoformat(),
        "start": today.isoformat(),
        "end": (today + timedelta(days=180)).isoformat(),
        "members": [],
    }
    body = {
        "answers": answers,
        "datasets": sorted(stage.cast.datasets.values()),
        "justifications": dict.fromkeys(stage.cast.custodians.values(), "Needed to compare groups."),
    }
    application = stage.post("james", "/applications", body)["application_id"]
    submitted = stage.post("james", f"/applications/{application}/submit")
    see(submitted["state"] == "submitted", "the application was not submitted")
    stage.seen["application"] = application


def decide(stage: Stage) -> None:
    """Each custodian sees and decides its own part only."""
    application = stage.seen["application"]
    until = (stage.house.record.clock().date() + timedelta(days=300)).isoformat()
    for officer, custodian in (
        ("nadia", "northern-records"),
        ("bruno", "breast-registry"),
        ("tamsin", "trials-office"),
    ):
        custodian_id = stage.cast.custodians[custodian]
        seen = stage.get(officer, f"/applications/{application}")
        see(
            [part["custodian_id"] for part in seen["parts"]] == [custodian_id],
            "an officer sees another custodian's part",
        )
        stage.post(
            officer,
            f"/applications/{application}/parts/{custodian_id}/decision",
            {"approve": True, "agreement_until": until, "read": seen["parts_read"][custodian_id]},
        )


def approve(stage: Stage) -> None:
    """The operator approves on the command line; three grants are there."""
    state, application = stage.house.settings.state, stage.seen["application"]
    read = json.loads(run_command(state, ["application", "show", application, "--output", "json"]))["read"]
    words = ["project", "approve", application, "--read", read, "--yes", "--output", "json"]
    made = json.loads(run_command(state, words))
    project = stage.get("james", f"/projects/{made['project_id']}")
    see(len(project["grants"]) == 3, f"the project has {len(project['grants'])} grants instead of three")
    stage.seen |= {"project": made["project_id"], "grants": project["grants"], "approved": time.monotonic()}
