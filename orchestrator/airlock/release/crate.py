"""A release as a Five Safes RO-Crate: what left, who asked for it, who checked it, under which rules.

Source: Five Safes RO-Crate profile 0.4 (https://w3id.org/5s-crate/0.4), publishing and disclosure phases, on RO-Crate
1.2. The profile is about workflow runs; results of an interactive session have no workflow, so ``mainEntity`` is the
signed record and not a workflow crate. The metadata follows from the signed record alone, so that a verifier makes it
again and compares: nothing in it needs to be believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rfc8785

__all__ = ["RECORD", "crate_metadata"]

RECORD = "record.json"
_PROFILE = "https://w3id.org/5s-crate/0.4"
_CRATE = "https://w3id.org/ro/crate/1.2"
_CHECK = "https://w3id.org/shp#DisclosureCheck"
_DONE = "http://schema.org/CompletedActionStatus"
_AIRLOCK = {"@id": "#airlock"}
Entity = dict[str, Any]


def crate_metadata(record: Mapping[str, Any]) -> bytes:
    """Return ``ro-crate-metadata.json`` for a release record, always the same for the same record."""
    files = [_file(each) for each in record["files"]]
    actions = [_analysis(record), _scan(record), *(_review(each) for each in record["reviews"])]
    people = {record["author"], *(review["checker"] for review in record["reviews"])}
    graph: list[Entity] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": _CRATE},
        },
        _root(record, files, actions),
        *files,
        _signed_record(),
        *actions,
        *(_person(each) for each in sorted(people)),
        {"@id": _project(record), "@type": "Project", "name": f"Project {record['project']}"},
        {
            "@id": "#airlock",
            "@type": "SoftwareApplication",
            "name": "The airlock’s checks",
            "provider": {"@id": "#tre"},
        },
        {"@id": "#tre", "@type": "Organization", "name": "The trusted research environment that released this"},
        _pack(record),
    ]
    return rfc8785.dumps({"@context": f"{_CRATE}/context", "@graph": graph})


def _root(record: Mapping[str, Any], files: list[Entity], actions: list[Entity]) -> Entity:
    return {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": {"@id": _PROFILE},
        "identifier": f"urn:tre:release:{record['submission']}",
        "name": f"Release {record['submission']}",
        "description": "Results that were checked for disclosure and released to their author.",
        "datePublished": record["times"]["releasing"],
        "license": "Released to its author under the terms of the data’s custodians; see the signed record.",
        "publisher": {"@id": "#tre"},
        "sourceOrganization": {"@id": _project(record)},
        "mainEntity": {"@id": RECORD},
        "hasPart": [{"@id": each["@id"]} for each in [*files, {"@id": RECORD}]],
        "mentions": [{"@id": each["@id"]} for each in actions],
    }


def _file(file: Mapping[str, Any]) -> Entity:
    return {
        "@id": f"files/{file['name']}",
        "@type": "File",
        "name": file["name"],
        "contentSize": str(file["size"]),
        "sha256": file["sha256"],
        "additionalType": file["kind"],
    }


def _signed_record() -> Entity:
    return {
        "@id": RECORD,
        "@type": "File",
        "name": "Signed record of disclosure control",
        "encodingFormat": "application/json",
        "description": "Rules, findings, votes and hashes of this release, signed; “tre release verify” checks it.",
    }


def _analysis(record: Mapping[str, Any]) -> Entity:
    return {
        "@id": f"#session-{record['session']}",
        "@type": "CreateAction",
        "name": "Analysis in an isolated workspace",
        "agent": {"@id": _by(record["author"])},
        "endTime": record["times"]["submitted"],
        "actionStatus": _DONE,
        "result": [{"@id": f"files/{each['name']}"} for each in record["files"]],
    }


def _scan(record: Mapping[str, Any]) -> Entity:
    flagged = sum(each["verdict"] != "pass" for each in record["files"])
    return {
        "@id": f"#checks-{record['submission']}-{record['round']}",
        "@type": "AssessAction",
        "additionalType": {"@id": _CHECK},
        "name": f"Automated disclosure check: {flagged} of {len(record['files'])} files needed a person’s answer",
        "agent": _AIRLOCK,
        "instrument": {"@id": "#rules"},
        "object": {"@id": "./"},
        "actionStatus": _DONE,
    }


def _review(review: Mapping[str, Any]) -> Entity:
    return {
        "@id": f"#review-{review['checker']}",
        "@type": "AssessAction",
        "additionalType": {"@id": _CHECK},
        "name": "Disclosure check by an output checker: approved",
        "agent": {"@id": _by(review["checker"])},
        "instrument": {"@id": "#rules"},
        "object": {"@id": "./"},
        "endTime": review["submitted"],
        "actionStatus": _DONE,
    }


def _pack(record: Mapping[str, Any]) -> Entity:
    pack = record["policy"]["pack"]
    return {
        "@id": "#rules",
        "@type": "CreativeWork",
        "name": f"Rule book {pack['rules']['name']}",
        "version": pack["version"],
        "sha256": pack["sha256"],
    }


def _person(person_id: str) -> Entity:
    return {"@id": _by(person_id), "@type": "Person", "name": f"Person {person_id}"}


def _by(person_id: str) -> str:
    return f"#person-{person_id}"


def _project(record: Mapping[str, Any]) -> str:
    return f"#project-{record['project']}"
