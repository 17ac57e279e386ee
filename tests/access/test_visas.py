"""Visas of this installation: one for each grant that holds now, signed so that strangers can check them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, KeySet, RSAKey
from sqlalchemy import select

from orchestrator.access.visas import LIFETIME, GrantVisas
from orchestrator.adapters.visas import (
    FileSigner,
    IssuerKeys,
    TrustedReader,
    keys_from_address,
    keys_from_file,
    make_key,
)
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Invalid, NotPossible, Refused, Unavailable
from orchestrator.policy.service import Policy
from tests.access.conftest import World
from tests.ports import free_port

ADDRESS = "https://portal.example.org"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "visas.pem"
    make_key(file)
    return file


@pytest.fixture
def visas(world: World, policy: Policy, key: Path) -> GrantVisas:
    return GrantVisas(
        world.record, policy, access=world.access, signer=FileSigner(key, address=ADDRESS), address=f"{ADDRESS}/"
    )


def test_each_grant_that_holds_is_signed_and_verifies_with_the_published_keys(world: World, visas: GrantVisas) -> None:
    world.approved()
    signed = visas.issue(world.actor("lead"))
    keys = KeySet.import_key_set(visas.keys)
    assert {each.dataset_id for each in signed} == set(world.datasets.values())
    for each in signed:
        token = jwt.decode(each.token, keys, algorithms=["ES256"])
        assert token.header["typ"] == "vnd.ga4gh.visa+jwt"
        assert token.header["jku"] == f"{ADDRESS}/visas/keys"
        assert token.claims == each.claims
        assert (token.claims["iss"], token.claims["sub"]) == (ADDRESS, world.people["lead"])
        visa = token.claims["ga4gh_visa_v1"]
        assert visa["type"] == "ControlledAccessGrants"
        assert visa["value"] == f"{ADDRESS}/datasets/{each.dataset_id}"
        assert (visa["by"], visa["source"].rpartition("/")[0]) == ("dac", f"{ADDRESS}/custodians")
        assert token.claims["exp"] == int((world.now + LIFETIME).timestamp())


def test_no_other_key_signed_it_and_no_private_half_is_published(world: World, visas: GrantVisas) -> None:
    world.approved()
    (token, *_) = [each.token for each in visas.issue(world.actor("lead"))]
    stranger = ECKey.generate_key("P-256", {"kid": visas.keys["keys"][0]["kid"]})
    with pytest.raises(BadSignatureError):
        jwt.decode(token, KeySet([stranger]), algorithms=["ES256"])
    assert not {"d", "p", "q"} & visas.keys["keys"][0].keys()


def test_what_does_not_hold_now_gets_no_visa(world: World, visas: GrantVisas) -> None:
    project = world.approved(accepted=False)
    assert visas.issue(world.actor("lead")) == []
    world.accept("lead", "a")
    assert [each.dataset_id for each in visas.issue(world.actor("lead"))] == [world.datasets["a"]]
    assert visas.issue(world.actor("member")) == []
    for who in ("stranger", "officer_a", "operator"):
        assert visas.issue(world.actor(who)) == []
    world.access.withdraw_grant(world.actor("officer_a"), world.grant_id(project, "a"), "No longer wanted.")
    assert visas.issue(world.actor("lead")) == []


def test_a_visa_ends_with_the_grant_and_never_after_it(world: World, visas: GrantVisas) -> None:
    project = world.approved()
    standing = world.access.standing(project.project_id)
    world.clock.now = standing.until - timedelta(minutes=20)
    world.accept("lead", "a")
    signed = visas.issue(world.actor("lead"))
    assert signed
    assert {each.expires_at for each in signed} == {standing.until}


def test_issuing_is_recorded_without_the_token(world: World, visas: GrantVisas) -> None:
    world.approved(a=True)
    (signed,) = visas.issue(world.actor("lead"))
    with world.record.read() as session:
        body = session.scalars(select(EntryRow.body).where(EntryRow.kind == "visa.issued")).one()
    assert json.loads(body)["details"]["jti"] == signed.claims["jti"]
    assert signed.token not in body


def test_a_suspended_person_gets_none(world: World, visas: GrantVisas) -> None:
    world.approved()
    actor = world.actor("lead")
    world.identity.suspend(world.actor("operator"), world.people["lead"], "Asked to.")
    with pytest.raises(Refused):
        visas.issue(actor)


def test_without_a_key_nothing_is_issued(world: World, policy: Policy) -> None:
    visas = GrantVisas(world.record, policy, access=world.access, signer=None, address=ADDRESS)
    assert visas.keys == {"keys": []}
    with pytest.raises(NotPossible):
        visas.issue(world.actor("lead"))


# ---- the key file ----------------------------------------------------------------------------------------------------


def test_a_key_is_made_once_and_for_its_owner_only(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Invalid):
        make_key(key)
    with pytest.raises(Invalid):
        make_key(key.parent / "nowhere" / "visas.pem")
    assert FileSigner(key, address=ADDRESS).public_keys() == FileSigner(key, address=ADDRESS).public_keys()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        RSAKey.generate_key(2048).as_pem(private=True),
        ECKey.generate_key("P-384").as_pem(private=True),
        ECKey.generate_key("P-256").as_pem(private=False),
    ],
    ids=["empty", "words", "rsa", "another curve", "public half"],
)
def test_what_is_no_such_key_is_refused_at_the_start(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.pem"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(Invalid):
        FileSigner(file, address=ADDRESS)
    with pytest.raises(Invalid):
        FileSigner(tmp_path / "none.pem", address=ADDRESS)


def test_a_key_that_others_can_read_is_refused(key: Path) -> None:
    key.chmod(0o640)
    with pytest.raises(Invalid, match="600"):
        FileSigner(key, address=ADDRESS)


# ---- somebody else checks them over the wire -------------------------------------------------------------------------


class Served:
    """A server on loopback whose answer a test can bend."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes, dict[str, str]] = (200, b"{}", {})
        self.asked = 0
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.asked += 1
                status, body, headers = served.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/visas/keys"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def served() -> Iterator[Served]:
    server = Served()
    yield server
    server.close()


def test_another_installation_reads_them_with_keys_from_the_address(
    world: World, policy: Policy, key: Path, served: Served
) -> None:
    address = served.address.removesuffix("/visas/keys")
    visas = GrantVisas(
        world.record, policy, access=world.access, signer=FileSigner(key, address=address), address=address
    )
    world.approved(a=True)
    (signed,) = visas.issue(world.actor("lead"))
    served.answer = (200, json.dumps(visas.keys).encode(), {})
    reader = TrustedReader({address: IssuerKeys(keys_from_address(served.address), address=served.address)})
    assert reader.read(signed.token) == signed.claims
    assert reader.read(signed.token) == signed.claims
    assert served.asked == 1
    assert jws.extract_compact(signed.token.encode()).headers()["kid"] == visas.keys["keys"][0]["kid"]


ANSWERS = {
    "not found": (404, b"{}", {}),
    "html": (200, b"<html></html>", {}),
    "a list": (200, b"[]", {}),
    "elsewhere": (302, b"", {"location": "https://example.org/keys"}),
    "too long": (200, b" " * 1_000_001, {}),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_keys_that_are_none_are_told_as_unavailable(served: Served, answer: str) -> None:
    served.answer = ANSWERS[answer]
    with pytest.raises(Unavailable):
        keys_from_address(served.address)()


def test_nobody_there_and_no_file_are_told_as_unavailable(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(Unavailable):
        keys_from_address(f"http://127.0.0.1:{port}/keys")()
    with pytest.raises(Unavailable):
        keys_from_file(tmp_path / "none.json")()


@pytest.mark.parametrize("address", ["http://example.org/keys", "ftp://example.org/keys", "keys.json"])
def test_keys_come_over_https_or_from_this_machine(address: str) -> None:
    with pytest.raises(Invalid):
        keys_from_address(address)
