"""Brings people what waits for them in the outbox, by mail or to a web address, as the settings say."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from orchestrator.adapters.notices import Courier, MailCourier, WebhookCourier
from orchestrator.audit.outbox import Outbox
from orchestrator.core.errors import OrchestratorError

from ..house import House

__all__ = ["Notices", "open_notices"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Notices:
    """The outbox, and who carries what is in it."""

    outbox: Outbox
    couriers: tuple[Courier, ...]

    def deliver(self) -> None:
        """Send what waits in the outbox; what a courier does not take now is tried again later.

        Without any courier notices stay in the outbox: nothing is recorded as delivered that was not.
        """
        if not self.couriers:
            return
        for notice in self.outbox.due():
            try:
                for courier in self.couriers:
                    courier(notice)
            except OrchestratorError as error:
                _log.warning("a notice waits: %s", error.message)
                self.outbox.failed(notice.notice_id)
            else:
                self.outbox.delivered(notice.notice_id)


def open_notices(house: House) -> Notices:
    """Return them with the couriers of the settings."""
    chosen = house.settings.notices
    couriers: list[Courier] = []
    if chosen.smtp_host:
        couriers.append(
            MailCourier(
                host=chosen.smtp_host,
                port=chosen.smtp_port,
                sender=chosen.sender,
                portal_url=house.settings.portal.public_url,
                address_of=lambda person_id: house.identity.person(person_id).email,
            )
        )
    if chosen.webhook:
        couriers.append(WebhookCourier(address=chosen.webhook))
    return Notices(outbox=house.outbox, couriers=tuple(couriers))
