"""Notices reach a real mail server and a real web server, with identifiers only."""

import email
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from orchestrator.adapters.notices import MailCourier, WebhookCourier
from orchestrator.audit.outbox import WaitingNotice
from orchestrator.core.errors import Unavailable
from tests.ports import free_port

NOTICE = WaitingNotice(
    notice_id="aaaaaaaaaaaaaaaa",
    person_id="bbbbbbbbbbbbbbbb",
    kind="application.submitted",
    subject="application:cccccccccccccccc",
    made_at=datetime(2026, 1, 1, tzinfo=UTC),
    attempts=0,
)


class Postbox:
    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        self.letters.append(envelope.content or b"")
        return "250 OK"


@contextmanager
def mail_server(postbox: Postbox) -> Iterator[int]:
    port = free_port()
    server = Controller(postbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield port
    finally:
        server.stop()


def courier(port: int, address: str | None = "person@example.org") -> MailCourier:
    return MailCourier(
        host="127.0.0.1",
        port=port,
        sender="tre@example.org",
        portal_url="http://localhost:8700",
        address_of=lambda _person: address,
    )


def test_a_notice_arrives_by_mail_with_a_stable_identifier() -> None:
    postbox = Postbox()
    with mail_server(postbox) as port:
        courier(port)(NOTICE)
    letter = email.message_from_bytes(postbox.letters[0])
    assert letter["Message-ID"] == "<aaaaaaaaaaaaaaaa@tre>"
    assert "application.submitted" in letter.get_payload()


def test_a_person_without_an_address_is_passed_over() -> None:
    postbox = Postbox()
    with mail_server(postbox) as port:
        courier(port, address=None)(NOTICE)
    assert postbox.letters == []


def test_a_mail_server_that_is_away_is_unavailable_and_can_be_tried_again() -> None:
    with pytest.raises(Unavailable, match="mail server") as caught:
        courier(1)(NOTICE)
    assert caught.value.retry


class _Hook(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[dict[str, str], dict[str, str]]]
    status = 200

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((dict(self.headers), body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def hook() -> Iterator[tuple[str, type[_Hook]]]:
    handler = type("Hook", (_Hook,), {"seen": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", handler
        server.shutdown()
        thread.join()


def test_a_notice_arrives_at_a_webhook_signed_and_with_nothing_but_identifiers(hook: tuple[str, type[_Hook]]) -> None:
    address, handler = hook
    WebhookCourier(address=address, key=b"secret")(NOTICE)
    headers, body = handler.seen[0]
    assert set(body) == {"notice", "person", "kind", "subject", "at"}
    assert headers["Idempotency-Key"] == "aaaaaaaaaaaaaaaa"
    assert len(headers["X-Signature-SHA256"]) == 64


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_does_not_take_the_notice_is_unavailable(hook: tuple[str, type[_Hook]], status: int) -> None:
    address, handler = hook
    handler.status = status
    with pytest.raises(Unavailable, match=str(status)):
        WebhookCourier(address=address)(NOTICE)
