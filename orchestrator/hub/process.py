"""Runs JupyterHub with our settings and two tasks of our own: following the gate, and reporting activity."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from jupyterhub.app import JupyterHub

from orchestrator.adapters.desk import Desk
from orchestrator.core.clock import system_clock

from .activity import Running, report
from .configuration import HubConfiguration
from .settings import jupyterhub_configuration

__all__ = ["ProjectHub"]

ACTIVITY_SECONDS = 60.0


class ProjectHub(JupyterHub):  # type: ignore[misc]
    """JupyterHub that reads no configuration file, no command line and no jupyterhub_config.py."""

    project: HubConfiguration

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Take the settings from the project's configuration, and from nowhere else."""
        self.update_config(jupyterhub_configuration(self.project))

    async def start(self) -> None:
        """Start, then keep the gate's routes and the controller's knowledge of activity fresh."""
        await super().start()
        self._own_tasks = [
            asyncio.create_task(self.proxy.follow()),
            asyncio.create_task(self._report_for_ever()),
        ]

    async def _report_for_ever(self) -> None:
        desk = Desk(self.project.desk, channel=self.project.channel)
        while True:
            await asyncio.sleep(ACTIVITY_SECONDS)
            try:
                await report(running=list(self._running()), desk=desk, clock=system_clock)
            except Exception:
                self.log.exception("Activity could not be reported; trying again in a minute.")

    def _running(self) -> Iterator[Running]:
        for user in list(self.users.values()):
            for spawner in list(user.spawners.values()):
                if spawner.ready and spawner.session_id and spawner.api_token:
                    yield Running(
                        session=spawner.session_id,
                        person=user.name,
                        address=spawner.address,
                        token=spawner.api_token,
                    )
