"""Checks a release record offline, with public keys alone: the signature, who reviewed what, and the files in hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import rfc8785

from orchestrator.audit.verification import signature_holds

from .documents import SCHEMA, message
from .frozen import file_sha256

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
    if record["schema"] != SCHEMA:
        problems.append(f"The record follows “{record['schema']}”; this program knows “{SCHEMA}”.")
    needed = max(2, record["policy"]["checkers_needed"], *(each["checkers_needed"] for each in record["custodians"]))
    checkers = [review["checker"] for review in record["reviews"]]
    if len(set(checkers)) < needed or len(set(checkers)) != len(checkers):
        problems.append(f"{len(set(checkers))} different checkers reviewed it; {needed} were needed.")
    if record["author"] in checkers:
        problems.append("The author reviewed the submission.")
    bindings = {file["file"]: file["binding"] for file in record["files"]}
    for review in record["reviews"]:
        votes = {vote["file"]: vote for vote in review["votes"]}
        if set(votes) != set(bindings) or any(vote["choice"] != "approve" for vote in votes.values()):
            problems.append(f"Checker {review['checker']} did not approve every file.")
        elif any(vote["binding"] != bindings[file] for file, vote in votes.items()):
            problems.append(f"Checker {review['checker']} approved another version.")
    if any(file["verdict"] not in ("pass", "flag") for file in record["files"]):
        problems.append("A file was released against the checks.")
    return problems


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
