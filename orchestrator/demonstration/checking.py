"""The story of the results: checked by two others, released once, proved by anybody."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path

from orchestrator.airlock.release.verification import verify_release
from orchestrator.audit.verification import verify_proof
from orchestrator.core.errors import Refused

from .stage import Stage, await_until, see

__all__ = ["collect", "own_check_refused", "review", "verify_record"]

_RELEASED_SECONDS = 60.0


def own_check_refused(stage: Stage) -> None:
    """A checker may open the results; their author may not."""
    submission = stage.seen["submission"]
    path = f"/reviews/{submission['submission_id']}/files/{submission['files'][0]['file_id']}"
    see(stage.clients["chandra"].status_of("GET", path) == 200, "a checker cannot open the file")
    see(stage.clients["james"].status_of("GET", path) in (403, 404), "the author opened his file for review")


def review(stage: Stage) -> None:
    """Two checkers, who do not see each other, look at every file and approve."""
    submission_id = stage.seen["submission"]["submission_id"]
    for checker in ("chandra", "cleo"):
        view = stage.get(checker, f"/submissions/{submission_id}")
        see(view["reviews"] == [], "a checker sees another one's review before his own")
        for file in view["submission"]["files"]:
            path = f"/reviews/{submission_id}/files/{file['file_id']}"
            stage.get(checker, path)
            seen = [finding["key"] for finding in file["findings"] if finding["severity"] != "note"]
            words = {"choice": "approve", "comment": "Counts are large enough."}
            vote = {**words, "binding": file["binding"], "acknowledged": seen}
            stage.clients[checker].put(f"{path}/vote", vote)
        voted_on = stage.get(checker, f"/submissions/{submission_id}")["submission"]["version"]
        stage.post(checker, f"/reviews/{submission_id}/submit", {"seen": voted_on})

    def released() -> bool:
        return bool(stage.get("james", f"/submissions/{submission_id}")["submission"]["state"] == "released")

    await_until(released, _RELEASED_SECONDS, "the reviewed results were not released")


def collect(stage: Stage) -> None:
    """The reviewed bytes come out once, for their author only."""
    submission_id = stage.seen["submission"]["submission_id"]
    secret = stage.post("james", f"/submissions/{submission_id}/link")["secret"]
    stranger = stage.clients["cleo"].status_of("POST", "/releases/collect", {"secret": secret})
    see(stranger in (403, 404), "somebody else used the link")
    archive = zipfile.ZipFile(io.BytesIO(stage.clients["james"].download("/releases/collect", {"secret": secret})))
    files = {name: archive.read(name) for name in archive.namelist()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    name = next((name for name, digest in hashes.items() if digest == stage.seen["sha256"]), None)
    if name is None:
        raise Refused("The released file is not the one that was reviewed.")
    stage.released.append({"file": Path(name).name, "sha256": hashes[name]})
    stage.seen["file"] = files[name]
    again = stage.clients["james"].status_of("POST", "/releases/collect", {"secret": secret})
    see(again in (403, 404, 409), "the link worked twice")


def verify_record(stage: Stage) -> None:
    """The signed record and its proof verify offline, and not with one byte more."""
    submission_id = stage.seen["submission"]["submission_id"]
    document = stage.clients["james"].fetch(f"/submissions/{submission_id}/record")
    keys = stage.house.audit.keys()
    see(bool(keys), "no public key was published")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "results.csv"
        file.write_bytes(stage.seen["file"])
        problems = verify_release(document, keys, [file])
        see(not problems, "; ".join(problems))
        file.write_bytes(stage.seen["file"] + b" ")
        see(bool(verify_release(document, keys, [file])), "a changed file verified")
    entries = stage.house.audit.entries(subject=f"submission:{submission_id}", limit=1000)
    position = max(json.loads(entry)["position"] for entry in entries)
    await_until(lambda: stage.house.audit.heads()[-1].size > position, 20, "no head was signed")
    problems = verify_proof(stage.house.audit.prove(position), keys)
    see(not problems, "; ".join(problems))
