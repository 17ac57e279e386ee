"""Fills in the policies and the server's configuration from the repository's ``policies/vault/*.hcl``."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from ...core.errors import Invalid
from ...core.ids import check_id

__all__ = ["POLICIES", "initialize_stanzas", "policy_text", "version_policy"]

POLICIES = Path(__file__).parents[3] / "policies" / "vault"
"""Where the policies lie when the project runs from its own directory."""

_FIXED = {"controller": "controller", "airlock": "airlock", "tre-self": "self"}


def policy_text(name: str, values: dict[str, str] | None = None, *, policies: Path = POLICIES) -> str:
    """Return ``NAME.hcl`` with ``${…}`` filled in; a missing file or value is an error, never an empty policy."""
    file = policies / f"{name}.hcl"
    if not file.is_file():
        raise Invalid(f"The policy {file} is missing: install the project with its “policies” directory.", field="name")
    return Template(file.read_text()).substitute(values or {})


def version_policy(name: str, version_id: str, *, policies: Path = POLICIES) -> str:
    """Return the policy ``version`` or ``database`` for one dataset version."""
    return policy_text(name, {"version_id": check_id(version_id, field="version_id")}, policies=policies)


def initialize_stanzas(identities: dict[str, tuple[str, str]], *, policies: Path = POLICIES) -> str:
    """Return what the server does to itself at its first start, so that no root token has to exist afterwards.

    ``identities`` gives each process its AppRole's role identifier and secret identifier.
    """
    requests: list[tuple[str, str, dict[str, object]]] = [
        ("approle", "sys/auth/approle", {"type": "approle"}),
        ("versions", "sys/mounts/versions", {"type": "transit"}),
        ("record", "sys/mounts/record", {"type": "transit"}),
        ("sketches", "sys/mounts/sketches", {"type": "transit"}),
        ("database", "sys/mounts/database", {"type": "database"}),
        ("tune", "sys/auth/token/tune", {"default_lease_ttl": "5m", "max_lease_ttl": "8760h"}),
        ("recordkey", "record/keys/record", {"type": "ed25519", "exportable": False}),
    ]
    for name, file in _FIXED.items():
        policy: dict[str, object] = {"policy": policy_text(file, policies=policies)}
        requests.append((f"policy-{name}", f"sys/policies/acl/{name}", policy))
    for name, (role_id, secret_id) in identities.items():
        role = f"auth/approle/role/{name}"
        settings: dict[str, object] = {
            "token_policies": name,
            "token_no_default_policy": True,
            "token_ttl": "10m",
            "token_max_ttl": "1h",
            "token_bound_cidrs": "127.0.0.1/32",
        }
        requests.append((f"role-{name}", role, settings))
        requests.append((f"role-id-{name}", f"{role}/role-id", {"role_id": role_id}))
        requests.append((f"secret-id-{name}", f"{role}/custom-secret-id", {"secret_id": secret_id}))
    return "\n".join(_stanza(name, path, data) for name, path, data in requests)


def _stanza(name: str, path: str, data: dict[str, object]) -> str:
    # A JSON string is an HCL string, except that HCL would fill in “${”.
    lines = "\n".join(f"      {key} = {json.dumps(value)}" for key, value in data.items())
    if "${" in lines:
        raise Invalid(f"A value of “{path}” holds an unfilled “${{…}}”.", field=path)
    return (
        f'initialize "{name}" {{\n  request "{name}" {{\n    operation = "update"\n    path = "{path}"\n'
        f"    data = {{\n{lines}\n    }}\n  }}\n}}\n"
    )
