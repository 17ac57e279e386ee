"""What the configuration means in JupyterHub's own words: who may do what, where things are, what outlives the hub."""

from __future__ import annotations

from traitlets.config import Config

from .authenticator import GateAuthenticator
from .configuration import HubConfiguration
from .proxy import GateProxy
from .spawner import DeskSpawner

__all__ = ["SERVER_SCOPES", "USER_SCOPES", "jupyterhub_configuration"]

_WEEK_SECONDS = 7 * 24 * 3600

USER_SCOPES = [
    "servers!user",
    "access:servers!user",
    "read:users:name!user",
    "read:users:groups!user",
    "users:activity!user",
]
"""What a person may do at the hub: run and reach their own server. No tokens, no sharing, no groups."""

SERVER_SCOPES = ["users:activity!user", "access:servers!server"]
"""What a server's own token may do: report activity, and be asked by the hub about its kernels."""


def jupyterhub_configuration(configuration: HubConfiguration) -> Config:
    """Return the settings of JupyterHub: no admins, no tokens, no sharing, nothing ended when the hub ends."""
    settings = Config()
    hub = settings.JupyterHub
    hub.proxy_class = GateProxy
    hub.authenticator_class = GateAuthenticator
    hub.spawner_class = DeskSpawner
    _addresses(settings, configuration)
    _storage(settings, configuration)
    _rights(settings)
    _servers(settings, configuration)
    settings.GateProxy.routes_socket = str(configuration.routes_socket)
    settings.GateAuthenticator.secret = configuration.hub_secret
    for asks in (settings.GateAuthenticator, settings.DeskSpawner):
        asks.desk = str(configuration.desk)
        asks.channel = str(configuration.channel or "")
    return settings


def _addresses(settings: Config, configuration: HubConfiguration) -> None:
    hub = settings.JupyterHub
    hub.hub_bind_url = configuration.bind_url
    hub.hub_connect_url = configuration.gate_url
    hub.hub_socket_mode = 0o666
    hub.bind_url = "http://127.0.0.1:8000/"  # a proxy of JupyterHub's own would listen there; ours is told elsewhere
    hub.public_url = f"{configuration.public_url.rstrip('/')}/"


def _storage(settings: Config, configuration: HubConfiguration) -> None:
    hub = settings.JupyterHub
    hub.db_url = f"sqlite:///{configuration.directory / 'jupyterhub.sqlite'}"
    hub.cookie_secret_file = str(configuration.directory / "cookie_secret")
    hub.pid_file = ""
    hub.cleanup_servers = False
    hub.cleanup_proxy = False
    hub.cookie_max_age_days = 7
    hub.oauth_token_expires_in = _WEEK_SECONDS
    hub.token_expires_in_max_seconds = 3600


def _rights(settings: Config) -> None:
    hub = settings.JupyterHub
    hub.allow_named_servers = False
    hub.load_roles = [
        {"name": "user", "description": "Run and reach one's own server", "scopes": USER_SCOPES},
        {"name": "server", "description": "Report activity", "scopes": SERVER_SCOPES},
    ]
    settings.Authenticator.admin_users = set()
    settings.Authenticator.auto_login = True
    settings.Authenticator.auto_login_oauth2_authorize = True
    settings.Authenticator.allow_all = True
    settings.Authenticator.auth_refresh_age = 5
    settings.Authenticator.auth_refresh_strict = True
    settings.Authenticator.refresh_pre_spawn = True


def _servers(settings: Config, configuration: HubConfiguration) -> None:
    hub = settings.JupyterHub
    hub.redirect_to_server = True
    hub.implicit_spawn_seconds = 0.1
    hub.concurrent_spawn_limit = 10
    hub.last_activity_interval = 60
    spawner = settings.Spawner
    spawner.default_url = "/lab"
    spawner.disable_user_config = True
    spawner.hub_connect_url = configuration.servers_url
    settings.DeskSpawner.server_arguments = list(configuration.form.arguments)
    settings.DeskSpawner.service_origin = configuration.form.service_origin
    spawner.notebook_dir = "/home/researcher"
    spawner.start_timeout = configuration.form.start_seconds
    spawner.http_timeout = 60
    spawner.poll_interval = 5
    spawner.consecutive_failure_limit = 0
