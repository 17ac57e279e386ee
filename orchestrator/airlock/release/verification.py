"""Checks a release record offline, with public keys alone: the signature, who reviewed what, and the files in hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import rfc8785

from orchestrator.airlock.frozen import file_sha256
from orchestrator.audit.verification import signature_holds

from .documents import SCHEMA, SCHEMAS, message

__all__ = ["verify_release"]


def verify_release(document: bytes, keys: Mapping[int, bytes], files: Iterable[Path] = ()) -> list[str]:
    """Return every reason why ``document`` does not prove that ``files`` were released; an empty list means it does."""
    try:
        whole = json.loads(document)
        record, signature = whole["record"], whole["signature"]
        covered = message(record)
        if rfc8785.dumps(whole) != document:
            raise ValueError("not canonical")
    except (ValueError, KeyError, TypeError, RecursionError, rfc8785.CanonicalizationError):
        return ["This is not a release record: canonical JSON with a record and a signature was expected."]
    if not isinstance(signature, str) or not signature_holds(covered, signature, keys):
        return ["The signature was not made by the record key: the record was changed, or is somebody else’s."]
    try:
        return [*_inside(record), *_outside(record, files)]
    except (KeyError, TypeError, AttributeError, ValueError):
        return ["The record is signed but not complete."]


def _inside(record: Any) -> list[str]:
    problems = []
    if record["schema"] not in SCHEMAS:
        problems.append(f"The record follows “{record['schema']}”; this program knows “{SCHEMA}”.")
    needed = max(2, record["policy"]["checkers_needed"], *(each["checkers_needed"] for each in record["custodians"]))
    checkers = [review["checker"] for review in record["reviews"]]
    if len(set(checkers)) < needed or len(set(checkers)) != len(checkers):
        problems.append(f"{len(set(checkers))} different checkers reviewed it; {needed} were needed.")
    if record["author"] in checkers:
        problems.append("The author reviewed the submission.")
    return [*problems, *_votes(record), *_verdicts(record), *_sign_offs(record)]


def _votes(record: Any) -> list[str]:
    """Return what is wrong with the votes: all approve, or an SDC lead settled it and each file was approved once."""
    problems = []
    bindings = {file["file"]: file["binding"] for file in record["files"]}
    settled = _settled(record, bindings)
    approved = set()
    for review in record["reviews"]:
        votes = {vote["file"]: vote for vote in review["votes"] if vote["file"] in bindings}
        approves = {name for name, vote in votes.items() if vote["choice"] == "approve"}
        if set(votes) != set(bindings) or (approves != set(bindings) and not settled):
            problems.append(f"Checker {review['checker']} did not approve every file.")
        elif any(votes[file]["binding"] != bindings[file] for file in approves):
            problems.append(f"Checker {review['checker']} approved another version.")
        approved |= approves
    if settled and approved != set(bindings):
        problems.append("A file was released that no checker approved.")
    return problems


def _settled(record: Any, bindings: Mapping[str, str]) -> bool:
    """Say whether somebody who neither wrote nor reviewed it settled a disagreement about exactly these files."""
    concerned = {record["author"], *(review["checker"] for review in record["reviews"])}
    return any(
        each["detail"] == "approve"
        and each["asked_by"] not in concerned
        and sorted(each["bindings"]) == sorted(bindings.values())
        for each in record.get("settlements", [])
    )


def _verdicts(record: Any) -> list[str]:
    """Return what left against the checks: blocked files need an override that somebody else than the author gave."""
    unlocked = {
        binding
        for each in record.get("overrides", [])
        if any(word["yes"] and word["person"] != record["author"] for word in each["decided"])
        for binding in each["bindings"]
    }
    for file in record["files"]:
        if file["verdict"] not in ("pass", "flag") and not (file["verdict"] == "block" and file["binding"] in unlocked):
            return ["A file was released against the checks."]
    return []


def _sign_offs(record: Any) -> list[str]:
    agreed = {
        each["detail"]
        for each in record.get("sign_offs", [])
        if any(word["yes"] and word["person"] != record["author"] for word in each["decided"])
    }
    missing = {each["custodian"] for each in record["custodians"] if each.get("release_signoff")} - agreed
    return [f"Custodian {each} asks to agree to each release, and did not." for each in sorted(missing)]


def _outside(record: Any, files: Iterable[Path]) -> list[str]:
    problems = []
    released = Counter((file["sha256"], file["size"]) for file in record["files"])
    for path in files:
        try:
            seen = file_sha256(path)
        except OSError as error:
            problems.append(f"{path} cannot be read: {error.strerror}.")
            continue
        if seen not in released:
            problems.append(f"{path} is not among the released files: its SHA-256 is {seen[0]}.")
    return problems
