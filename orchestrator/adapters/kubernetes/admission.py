"""The admission policies of one installation: put into the cluster, compared with it, and proved by trying.

The texts are in ``policies/admission``; three words in them are filled in: the prefix of their names, the label of the
installation, and the controller's own account. The chart installs the same texts, and then the controller only looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator.core.errors import Invalid, Unavailable

from .cluster import Cluster
from .kinds import SELF_SUBJECT_REVIEW, kind_of

__all__ = ["PREFIX", "AdmissionPolicies", "own_account"]

PREFIX = "tre"
# What the API server writes into every policy by itself, and which changes nothing.
_DEFAULTS: Mapping[str, object] = {
    "matchPolicy": "Equivalent",
    "scope": "*",
    "namespaceSelector": {},
    "objectSelector": {},
}


def own_account(cluster: Cluster) -> str:
    """Return the user name under which the API server knows us."""
    review = {"apiVersion": SELF_SUBJECT_REVIEW.api_version, "kind": SELF_SUBJECT_REVIEW.name, "metadata": {}}
    name = str(cluster.create(review).get("status", {}).get("userInfo", {}).get("username") or "")
    if not name:
        raise Unavailable("The cluster does not say who we are: look at the controller's account.", system="kubernetes")
    return name


@dataclass(frozen=True, kw_only=True)
class AdmissionPolicies:
    """What this installation's policies have to be in the cluster."""

    directory: Path
    installation: str
    controller: str
    """User name of the only account that may write in projects' namespaces, see ``own_account``."""

    @property
    def prefix(self) -> str:
        """What the policies' names begin with: two installations share a cluster without meeting."""
        return f"{PREFIX}-{self.installation}"

    def objects(self) -> list[dict[str, Any]]:
        """Return policies and bindings with every word filled in."""
        words = {"PREFIX": self.prefix, "INSTALLATION": self.installation, "CONTROLLER": self.controller}
        if any(not value or set(value) & set("'\"\n\\ ") for value in words.values()):
            raise Invalid(f"The admission policies cannot be filled in with {words}.", field="installation")
        return [thing for text in self._texts() for thing in yaml.safe_load_all(_filled(text, words)) if thing]

    def install(self, cluster: Cluster) -> None:
        """Make the cluster's policies these; they are in force about a second later."""
        for thing in self.objects():
            cluster.apply(thing)

    def differences(self, cluster: Cluster) -> list[str]:
        """Say which policies are missing from the cluster, or are other than these."""
        found = []
        for wanted in self.objects():
            name = f"{wanted['kind']}/{wanted['metadata']['name']}"
            held = cluster.get(kind_of(wanted), wanted["metadata"]["name"])
            if held is None or "deletionTimestamp" in held["metadata"]:
                found.append(f"{name} is missing")
            elif where := next(_differences(wanted["spec"], held["spec"], "spec"), ""):
                found.append(f"{name} differs in {where}")
        return found

    def _texts(self) -> list[str]:
        files = sorted(self.directory.glob("*.yaml"))
        if not files:
            raise Invalid(f"There are no admission policies in {self.directory}.", field="policies")
        return [file.read_text(encoding="utf-8") for file in files]


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"__{word}__", value)
    return text


def _differences(wanted: Any, held: Any, where: str) -> Iterator[str]:
    """Say where the two differ. What is there beyond what we wrote may exempt somebody, so it counts."""
    if isinstance(wanted, dict) and isinstance(held, dict):
        for key in wanted.keys() | held.keys():
            yield from _differences(wanted.get(key, _DEFAULTS.get(key)), held.get(key), f"{where}.{key}")
    elif isinstance(wanted, list) and isinstance(held, list) and len(wanted) == len(held):
        for position, (one, other) in enumerate(zip(wanted, held, strict=True)):
            yield from _differences(one, other, f"{where}[{position}]")
    elif wanted != held:
        yield where
