"""James' story, walked over real HTTP with a real kernel and real reviews; each step is ok only if it was observed."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from orchestrator.airlock.release.verification import verify_release
from orchestrator.assembly import House
from orchestrator.audit.verification import verify_proof
from orchestrator.core.errors import OrchestratorError, Refused, Unavailable
from orchestrator.identity.model import Person

from .browser import WorkspaceBrowser
from .cells import ANALYSIS, PROBE, READ_BREAST_CANCER, SUBMIT
from .gateway import see_costs, see_sheet
from .people import OFFICERS, Cast
from .portal import PortalClient, run_command

__all__ = ["Story", "StoryStep"]

_SEALED_SECONDS = 60.0
_CHECKED_SECONDS = 60.0
_GONE_SECONDS = 10.0
_LAY_SUMMARY = (
    "We want to learn how often common conditions occur together with breast cancer, and whether hormone therapy "
    "goes along with a longer time without recurrence. We compare groups of people, never single persons, and we "
    "publish only tables that two independent checkers have agreed to."
)


@dataclass(frozen=True, kw_only=True)
class StoryStep:
    """One step: what was done, whether it was seen to work, how long it took."""

    name: str
    ok: bool
    seconds: float
    reason: str = ""


@dataclass
class Story:
    """Walks the story once; ``tell`` is called after each step."""

    house: House
    cast: Cast
    tell: Callable[[StoryStep], None]
    awake_seconds: float = 60.0
    """How long a workspace may take to wake, the first time with all that is made for it."""
    steps: list[StoryStep] = field(default_factory=list)
    released: list[dict[str, str]] = field(default_factory=list)
    _clients: dict[str, PortalClient] = field(default_factory=dict)
    _seen: dict[str, Any] = field(default_factory=dict)

    def walk(self) -> bool:
        """Walk every step in order; stop at the first that fails. Returns whether all were ok."""
        steps: list[tuple[str, Callable[[], None]]] = [
            ("everybody signs in, terminals by code", self._sign_in),
            ("the datasets are sealed", self._await_sealed),
            ("James finds three datasets and accepts their terms", self._find),
            ("James is told what it costs before he asks", self._price),
            ("James applies to three custodians", self._apply),
            ("each custodian decides on its own part only", self._decide),
            ("the operator approves on the command line", self._approve),
            ("the workspace wakes", self._wake),
            ("a notebook reads exactly what was granted", self._analyse),
            ("the results go to the airlock and are checked", self._submit),
            ("James cannot check his own results", self._own_check_refused),
            ("two checkers review, blinded, and approve", self._review),
            ("only the reviewed bytes come out, once", self._collect),
            ("the released record and its proof verify", self._verify_record),
            ("a withdrawn dataset is gone within ten seconds", self._withdraw),
            ("the audit log verifies as a whole", self._verify_log),
            ("the public register shows the project", self._register),
            ("each owner sees on one sheet that it complied", self._sheets),
        ]
        try:
            return all(self._step(name, step) for name, step in steps)
        finally:
            for client in self._clients.values():
                client.close()

    def _step(self, name: str, step: Callable[[], None]) -> bool:
        started, reason = time.monotonic(), ""
        try:
            step()
        except OrchestratorError as error:
            reason = "; ".join(getattr(error, "reasons", (error.message,)))
        except Exception as error:  # noqa: BLE001 - whatever keeps a step from being seen to work is its reason
            reason = f"{type(error).__name__}: {error}"
        done = StoryStep(name=name, ok=not reason, seconds=round(time.monotonic() - started, 2), reason=reason)
        self.steps.append(done)
        self.tell(done)
        return done.ok

    # ---- the steps --------------------------------------------------------------------------------------------------

    def _sign_in(self) -> None:
        for key, person in self.cast.people.items():
            client = PortalClient(self.house.settings.portal.public_url, person.person_id)
            client.sign_in()
            self._clients[key] = client
            client.use(self._command_session(client))
            _see(client.get("/me")["person_id"] == person.person_id, "the session belongs to somebody else")
        run_command(self.house.settings.state, ["sign-in", "--wait", "30"], client=self._clients["olivia"])
        whoami = json.loads(run_command(self.house.settings.state, ["whoami", "--output", "json"]))
        _see(whoami["person_id"] == self._person("olivia").person_id, "the terminal belongs to somebody else")

    def _command_session(self, client: PortalClient) -> str:
        code, secret = self.house.identity.start_pairing()
        client.confirm_command(code)
        session = self.house.identity.collect_pairing(secret)
        if session is None:
            raise Refused("A confirmed terminal was not signed in.")
        return session

    def _await_sealed(self) -> None:
        def sealed() -> bool:
            return all(
                any(version["state"] == "sealed" for version in self._get("james", f"/datasets/{dataset}")["versions"])
                for dataset in self.cast.datasets.values()
            )

        _await(sealed, _SEALED_SECONDS, "the datasets were not sealed in time")

    def _find(self) -> None:
        found = {item["dataset_id"] for item in self._get("james", "/datasets", q="breast cancer")["items"]}
        _see(self.cast.datasets["breast-cancer-trial"] in found, "the search did not find the breast cancer study")
        for custodian_id in self.cast.custodians.values():
            terms = self._get("james", f"/custodians/{custodian_id}/terms")
            version = terms["version"] if isinstance(terms, dict) else terms[0]["version"]
            self._post("james", f"/custodians/{custodian_id}/terms/{version}/accept")

    def _price(self) -> None:
        today = self.house.record.clock().date()
        asked = {
            "datasets": sorted(self.cast.datasets.values()),
            "start": today.isoformat(),
            "last": (today + timedelta(days=180)).isoformat(),
            "answers": {"applicant": "sme"},
        }
        see_costs(self._post("james", "/estimates", asked), set(self.cast.custodians.values()))

    def _apply(self) -> None:
        today = self.house.record.clock().date()
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
            "datasets": sorted(self.cast.datasets.values()),
            "justifications": dict.fromkeys(self.cast.custodians.values(), "Needed to compare groups."),
        }
        application = self._post("james", "/applications", body)["application_id"]
        submitted = self._post("james", f"/applications/{application}/submit")
        _see(submitted["state"] == "submitted", "the application was not submitted")
        self._seen["application"] = application

    def _decide(self) -> None:
        application = self._seen["application"]
        until = (self.house.record.clock().date() + timedelta(days=300)).isoformat()
        for officer, custodian in (
            ("nadia", "northern-records"),
            ("bruno", "breast-registry"),
            ("tamsin", "trials-office"),
        ):
            custodian_id = self.cast.custodians[custodian]
            parts = self._get(officer, f"/applications/{application}")["parts"]
            _see([part["custodian_id"] for part in parts] == [custodian_id], "an officer sees another custodian's part")
            self._post(
                officer,
                f"/applications/{application}/parts/{custodian_id}/decision",
                {"approve": True, "reason": "", "agreement_until": until},
            )

    def _approve(self) -> None:
        state, application = self.house.settings.state, self._seen["application"]
        made = json.loads(run_command(state, ["project", "approve", application, "--yes", "--output", "json"]))
        project = self._get("james", f"/projects/{made['project_id']}")
        _see(len(project["grants"]) == 3, f"the project has {len(project['grants'])} grants instead of three")
        self._seen |= {"project": made["project_id"], "grants": project["grants"], "approved": time.monotonic()}

    def _wake(self) -> None:
        self._post("james", f"/projects/{self._seen['project']}/workspace/open")
        self._await_awake()

    def _analyse(self) -> None:
        printed = asyncio.run(self._work())
        seen = json.loads(printed.splitlines()[-1])
        _see(seen["datasets"] == ["breast-cancer-trial", "shared-care-omop"], f"/data holds {seen['datasets']}")
        _see(seen["people"] == 2694 and seen["women"] == 686 and seen["subjects"] == 306, f"counts differ: {seen}")
        _see(seen["write"] == "refused" and seen["network"] == "refused", f"a wall stands open: {seen}")
        self._seen["sha256"] = seen["sha256"]
        self._seen["first_cell_seconds"] = round(time.monotonic() - self._seen["approved"], 2)

    async def _work(self) -> str:
        async with self._browser() as browser:
            await browser.enter()
            await browser.start_kernel()
            for cell in (PROBE, ANALYSIS):
                output = await browser.run(cell)
                if output.error:
                    raise Refused(f"A cell failed: {output.error}")
            return output.text

    def _submit(self) -> None:
        async def hand_in() -> str:
            async with self._browser() as browser:
                await browser.enter()
                await browser.start_kernel()
                output = await browser.run(SUBMIT)
                if output.error:
                    raise Refused(f"The submission failed: {output.error} {output.text[-300:]}")
                return output.text

        text = asyncio.run(hand_in())

        def in_review() -> bool:
            items = self._get("james", "/submissions")["items"]
            self._seen["submission"] = items[0] if items else None
            state = items[0]["state"] if items else ""
            if state == "blocked":
                findings = [f["message"] for file in items[0]["files"] for f in file["findings"]]
                raise Refused("The checks blocked the results.", reasons=findings)
            return state == "in-review"

        _await(in_review, _CHECKED_SECONDS, f"the submission did not reach review: {text[-200:]}")
        hashes = [file["sha256"] for file in self._seen["submission"]["files"]]
        _see(hashes == [self._seen["sha256"]], "what was frozen is not what the notebook wrote")

    def _own_check_refused(self) -> None:
        submission = self._seen["submission"]
        path = f"/reviews/{submission['submission_id']}/files/{submission['files'][0]['file_id']}"
        _see(self._clients["chandra"].status_of("GET", path) == 200, "a checker cannot open the file")
        _see(self._clients["james"].status_of("GET", path) in (403, 404), "the author opened his file for review")

    def _review(self) -> None:
        submission_id = self._seen["submission"]["submission_id"]
        for checker in ("chandra", "cleo"):
            view = self._get(checker, f"/submissions/{submission_id}")
            _see(view["reviews"] == [], "a checker sees another one's review before his own")
            for file in view["submission"]["files"]:
                path = f"/reviews/{submission_id}/files/{file['file_id']}"
                self._get(checker, path)
                seen = [finding["key"] for finding in file["findings"] if finding["severity"] != "note"]
                words = {"choice": "approve", "comment": "Counts are large enough."}
                vote = {**words, "binding": file["binding"], "acknowledged": seen}
                self._clients[checker].put(f"{path}/vote", vote)
            self._post(checker, f"/reviews/{submission_id}/submit")

        def released() -> bool:
            return bool(self._get("james", f"/submissions/{submission_id}")["submission"]["state"] == "released")

        _await(released, _CHECKED_SECONDS, "the reviewed results were not released")

    def _collect(self) -> None:
        submission_id = self._seen["submission"]["submission_id"]
        secret = self._post("james", f"/submissions/{submission_id}/link")["secret"]
        stranger = self._clients["cleo"].status_of("POST", "/releases/collect", {"secret": secret})
        _see(stranger in (403, 404), "somebody else used the link")
        archive = zipfile.ZipFile(io.BytesIO(self._clients["james"].download("/releases/collect", {"secret": secret})))
        files = {name: archive.read(name) for name in archive.namelist()}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        name = next((name for name, digest in hashes.items() if digest == self._seen["sha256"]), None)
        if name is None:
            raise Refused("The released file is not the one that was reviewed.")
        self.released.append({"file": Path(name).name, "sha256": hashes[name]})
        self._seen["file"] = files[name]
        again = self._clients["james"].status_of("POST", "/releases/collect", {"secret": secret})
        _see(again in (403, 404, 409), "the link worked twice")

    def _verify_record(self) -> None:
        submission_id = self._seen["submission"]["submission_id"]
        document = self._clients["james"].fetch(f"/submissions/{submission_id}/record")
        keys = self.house.audit.keys()
        _see(bool(keys), "no public key was published")
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "results.csv"
            file.write_bytes(self._seen["file"])
            problems = verify_release(document, keys, [file])
            _see(not problems, "; ".join(problems))
            file.write_bytes(self._seen["file"] + b" ")
            _see(bool(verify_release(document, keys, [file])), "a changed file verified")
        entries = self.house.audit.entries(subject=f"submission:{submission_id}", limit=1000)
        position = max(json.loads(entry)["position"] for entry in entries)
        _await(lambda: self.house.audit.heads()[-1].size > position, 20, "no head was signed")
        problems = verify_proof(self.house.audit.prove(position), keys)
        _see(not problems, "; ".join(problems))

    def _withdraw(self) -> None:
        breast = self.cast.datasets["breast-cancer-trial"]
        grant = next(grant for grant in self._seen["grants"] if grant["dataset_id"] == breast)

        async def lose() -> float:
            async with self._browser() as browser:
                await browser.enter()
                await browser.start_kernel()
                before = await browser.run(READ_BREAST_CANCER)
                _see(not before.error, f"the dataset could not be read while it was granted: {before.error}")
                started = time.monotonic()
                await asyncio.to_thread(
                    self._post, "bruno", f"/grants/{grant['grant_id']}/withdraw", {"reason": "The agreement ended."}
                )
                while time.monotonic() - started < _GONE_SECONDS + 5:
                    try:
                        after = await browser.run(READ_BREAST_CANCER)
                    except Unavailable:
                        break
                    if after.error:
                        break
                    await asyncio.sleep(0.2)
                return time.monotonic() - started

        seconds = asyncio.run(lose())
        self._seen["withdrawal_seconds"] = round(seconds, 2)
        _see(seconds <= _GONE_SECONDS, f"the data could be read for {seconds:.1f} s after the withdrawal")
        error, kept = self._look_again()
        _see("FileNotFoundError" in error, f"the withdrawn dataset is still there: {error or 'readable'}")
        _see(kept == "True", "the researcher's own work was lost")
        self._post("james", f"/projects/{self._seen['project']}/workspace/sleep")

    def _look_again(self) -> tuple[str, str]:
        """Return what reading the withdrawn dataset says in a new kernel, and whether the own work is still there.

        The session that held the dataset is being ended, so that the first look may fall into its end.
        """

        async def look() -> tuple[str, str]:
            async with self._browser() as browser:
                await browser.enter()
                await browser.start_kernel()
                gone = await browser.run(READ_BREAST_CANCER)
                kept = await browser.run("import os; print(os.path.exists('/home/researcher/outbox/results.csv'))")
                return gone.error, kept.text.strip()

        deadline = time.monotonic() + self.awake_seconds
        while True:
            self._await_awake()
            try:
                return asyncio.run(look())
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)

    def _verify_log(self) -> None:
        seen = self._get("olivia", "/audit/verification")
        _see(seen["sound"] and seen["heads"] > 0, f"the log is not sound: {seen['findings']}")
        text = run_command(self.house.settings.state, ["audit", "verify", "--output", "json"])
        _see(json.loads(text).get("sound", True) is True, "tre audit verify found something")

    def _register(self) -> None:
        entries = self._get("james", "/register")["items"]
        entry = next((entry for entry in entries if entry["project"] == self._seen["project"]), None)
        _see(entry is not None and entry["people"] == [], "the register does not show the project, or names people")

    def _sheets(self) -> None:
        for key, person in OFFICERS.items():
            officer = self.house.identity.actor(self._person(person).person_id, second_factor=True)
            see_sheet(self.house, officer, self.cast.custodians[key], self._seen["project"])

    # ---- what steps share -------------------------------------------------------------------------------------------

    def figures(self) -> dict[str, float]:
        """Return seconds that were measured on the way."""
        return {name: self._seen[name] for name in ("first_cell_seconds", "withdrawal_seconds") if name in self._seen}

    def _await_awake(self) -> None:
        def awake() -> bool:
            seen = self._get("james", f"/projects/{self._seen['project']}/workspace")
            self._seen["trouble"] = seen["trouble"]
            return bool(seen["state"] == "awake")

        _await(awake, self.awake_seconds, "the workspace did not wake", why=lambda: str(self._seen.get("trouble", "")))

    def _browser(self) -> WorkspaceBrowser:
        ticket = self._post("james", f"/projects/{self._seen['project']}/workspace/ticket")
        return WorkspaceBrowser(ticket["url"])

    def _person(self, key: str) -> Person:
        return self.cast.people[key]

    def _get(self, key: str, path: str, **query: str) -> Any:
        return self._clients[key].get(path, **query)

    def _post(self, key: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._clients[key].post(path, body)


def _see(observed: bool, otherwise: str) -> None:
    if not observed:
        raise Refused(otherwise)


def _await(
    condition: Callable[[], bool], seconds: float, otherwise: str, *, why: Callable[[], str] = lambda: ""
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Unavailable(f"{otherwise} {why()}".strip(), system="story")
        time.sleep(0.2)
