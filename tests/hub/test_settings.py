"""What the hub is set to: no admins, no tokens, no sharing, and nothing that ends when it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.errors import Invalid
from orchestrator.core.ids import new_id
from orchestrator.hub.configuration import configuration_from
from orchestrator.hub.settings import SERVER_SCOPES, USER_SCOPES, jupyterhub_configuration


@pytest.fixture
def content() -> dict[str, Any]:
    return {
        "project_id": new_id(),
        "title": "A study",
        "public_url": "http://p.localhost:8123",
        "portal_url": "http://127.0.0.1:8080",
        "listen": "/tmp/r/h/hub.sock",
        "routes_socket": "/tmp/r/routes.sock",
        "desk": "/tmp/r/desk.sock",
        "directory": "/tmp/r/hub",
        "hub_secret": "s" * 32,
    }


def test_no_role_holds_tokens_sharing_groups_or_admin_rights(content: dict[str, Any]) -> None:
    forbidden = ("tokens", "shares", "groups", "admin", "self", "inherit", "proxy", "services", "shutdown")
    for scope in (*USER_SCOPES, *SERVER_SCOPES):
        assert scope.endswith(("!user", "!server")), scope
        assert scope == "read:users:groups!user" or not any(word in scope for word in forbidden), scope
    roles = jupyterhub_configuration(configuration_from(content)).JupyterHub.load_roles
    assert {role["name"]: role["scopes"] for role in roles} == {"user": USER_SCOPES, "server": SERVER_SCOPES}


def test_hub_and_gate_meet_on_sockets_only_and_servers_outlive_the_hub(content: dict[str, Any]) -> None:
    settings = jupyterhub_configuration(configuration_from(content))
    hub = settings.JupyterHub
    assert hub.hub_bind_url == hub.hub_connect_url == "http+unix://%2Ftmp%2Fr%2Fh%2Fhub.sock"
    assert hub.cleanup_servers is False
    assert hub.cleanup_proxy is False
    assert hub.allow_named_servers is False
    assert settings.Authenticator.admin_users == set()
    assert settings.Spawner.disable_user_config is True
    assert settings.Spawner.hub_connect_url == "http+unix://%2Frun%2Ftre%2Fhub%2Fhub.sock"


def in_a_pod(content: dict[str, Any]) -> dict[str, Any]:
    return content | {
        "public_url": "https://p.workspaces.example.org",
        "listen": "http://0.0.0.0:8081",
        "hub_connect_url": "http://10.96.0.7:8081",
        "desk": "https://10.96.0.20:8705",
        "channel": "/etc/tre/channel",
    }


def test_in_a_pod_the_gate_finds_the_hub_beside_it_and_servers_at_its_service(content: dict[str, Any]) -> None:
    settings = jupyterhub_configuration(configuration_from(in_a_pod(content)))
    assert settings.JupyterHub.hub_bind_url == "http://0.0.0.0:8081"
    assert settings.JupyterHub.hub_connect_url == "http://127.0.0.1:8081"
    assert settings.JupyterHub.public_url == "https://p.workspaces.example.org/"
    assert settings.Spawner.hub_connect_url == "http://10.96.0.7:8081"
    assert settings.DeskSpawner.server_arguments == ["--ip=0.0.0.0", "--port=8888"]
    assert settings.DeskSpawner.service_origin == "http://0.0.0.0:8888"
    for asks in (settings.DeskSpawner, settings.GateAuthenticator):
        assert (asks.desk, asks.channel) == ("https://10.96.0.20:8705", "/etc/tre/channel")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hub_connect_url", ""),
        ("hub_connect_url", "/tmp/hub.sock"),
        ("channel", None),
        ("desk", "http://10.96.0.20:8705"),
        ("listen", "https://0.0.0.0:8081"),
        ("listen", "/tmp/r/h/hub.sock"),
    ],
)
def test_half_a_pod_is_refused(content: dict[str, Any], name: str, value: Any) -> None:
    configuration_from(in_a_pod(content))
    with pytest.raises(Invalid):
        configuration_from(in_a_pod(content) | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("hub_secret", "short"), ("project_id", "../x"), ("listen", "/" + "x" * 120), ("surplus", 1)],
)
def test_a_configuration_that_cannot_work_is_refused_with_a_sentence(
    content: dict[str, Any], name: str, value: Any
) -> None:
    assert configuration_from(content).directory == Path("/tmp/r/hub")
    with pytest.raises(Invalid) as refusal:
        configuration_from({**content, name: value})
    assert refusal.value.message.endswith(".")


def test_a_configuration_without_a_name_is_refused(content: dict[str, Any]) -> None:
    del content["desk"]
    with pytest.raises(Invalid, match="desk"):
        configuration_from(content)
