"""Tells people what waits for them: by e-mail and by a webhook, with identifiers and states, never their words."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

import httpx

from orchestrator.audit.outbox import WaitingNotice
from orchestrator.core.clock import iso
from orchestrator.core.errors import Unavailable

__all__ = ["Courier", "MailCourier", "WebhookCourier"]

_DEADLINE = 10.0

Courier = Callable[[WaitingNotice], None]
"""Delivers one notice or raises ``Unavailable``; delivering the same notice again does no harm to its receiver."""


@dataclass(frozen=True, kw_only=True)
class MailCourier:
    """Sends a notice as plain text by SMTP. ``address_of`` finds the person's e-mail address, or nothing."""

    host: str
    port: int
    sender: str
    portal_url: str
    address_of: Callable[[str], str | None]

    def __call__(self, notice: WaitingNotice) -> None:
        """Deliver one notice; a person without an address is passed over."""
        address = self.address_of(notice.person_id)
        if not address:
            return
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = address
        message["Subject"] = f"Something waits for you: {notice.kind}"
        message["Message-ID"] = f"<{notice.notice_id}@tre>"
        message.set_content(f"Event: {notice.kind}\nAbout: {notice.subject}\n\nSign in to see it: {self.portal_url}\n")
        try:
            with smtplib.SMTP(self.host, self.port, timeout=_DEADLINE) as server:
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"The mail server did not take a notice: {error}.", system="mail") from error


@dataclass(frozen=True, kw_only=True)
class WebhookCourier:
    """Posts a notice as JSON. Its identifier stays the same over attempts; with a key it carries an HMAC-SHA-256."""

    address: str
    key: bytes = b""

    def __call__(self, notice: WaitingNotice) -> None:
        """Deliver one notice."""
        body = json.dumps(
            {
                "notice": notice.notice_id,
                "person": notice.person_id,
                "kind": notice.kind,
                "subject": notice.subject,
                "at": iso(notice.made_at),
            },
            sort_keys=True,
        ).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.notice_id}
        if self.key:
            headers["X-Signature-SHA256"] = hmac.new(self.key, body, hashlib.sha256).hexdigest()
        try:
            answer = httpx.post(
                self.address, content=body, headers=headers, timeout=_DEADLINE, follow_redirects=False, trust_env=False
            )
        except httpx.HTTPError as error:
            raise Unavailable(f"The webhook did not answer: {error}.", system="webhook") from error
        if not answer.is_success:
            raise Unavailable(f"The webhook answered {answer.status_code}.", system="webhook")
