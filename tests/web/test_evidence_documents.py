"""Documents of evidence on pages and by the API: a hostile file is refused or leaves as a download, never as a page."""

from __future__ import annotations

import hashlib

import pytest

from orchestrator.access.evidence.document import LARGEST
from orchestrator.core.errors import Invalid, Unavailable
from orchestrator.web import wall
from orchestrator.web.arriving import Arriving
from orchestrator.web.multipart import parts_of
from tests.web.world import ORIGIN, PNG, World, day, words

SHA256 = hashlib.sha256(PNG).hexdigest()


@pytest.fixture
def piece(world: World) -> str:
    """The address of a piece that the researcher brought for his running project."""
    return brought(world)


def brought(world: World) -> str:
    made = world.house.evidence.record(
        world.actor("researcher"),
        world.application,
        "dpia",
        reference="D-1",
        valid_from=day(-1),
        valid_until=day(100),
    )
    return f"/evidence/{made.evidence_id}"


def hand_in(world: World, piece: str, content: bytes, name: str = "letter.png", who: str = "researcher", token=None):
    browser = world.browser(who)
    return browser.post(
        f"{piece}/document",
        data={"csrf": browser.token(piece) if token is None else token},
        files={"document": (name, content, "text/html")},
        headers={"origin": ORIGIN},
    )


def test_a_document_is_handed_in_read_and_destroyed_on_its_page(world: World, piece: str) -> None:
    researcher, operator = world.browser("researcher"), world.browser("operator")
    assert "Not here: it is looked up by its reference" in words(researcher.get(piece).text)
    answer = hand_in(world, piece, PNG)
    assert answer.status_code == 303, words(answer.text)
    own = researcher.get(piece).text
    assert SHA256 in own
    assert "download it" not in own
    assert 'type="file"' not in own
    assert f'href="{piece}/document"' in operator.get(piece).text
    given = operator.get(f"{piece}/document")
    assert given.content == PNG
    assert given.headers["content-type"] == "application/octet-stream"
    evidence_id = piece.rpartition("/")[2]
    assert given.headers["content-disposition"] == f'attachment; filename="dpia-{evidence_id}.png"'
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert given.headers["cache-control"] == "no-store"
    assert operator.submit(f"{piece}/destroy", page=piece, reason="It names a patient.").status_code == 303
    assert "Destroyed" in words(researcher.get(piece).text)
    assert "It names a patient." in words(researcher.get(piece).text)
    assert operator.get(f"{piece}/document").status_code == 404


def test_a_verifier_confirms_what_he_looked_at(world: World, piece: str) -> None:
    operator = world.browser("operator")
    token = operator.token(piece)
    assert hand_in(world, piece, PNG).status_code == 303
    stale = {"csrf": token, "file_sha256": ""}
    assert operator.post(f"{piece}/verify", data=stale, headers={"origin": ORIGIN}).status_code == 409
    assert operator.submit(f"{piece}/verify", page=piece, file_sha256=SHA256).status_code == 303


NAMES = (
    '"><script>alert(1)</script>.png',
    "../../../etc/passwd",
    "letter.png\r\nSet-Cookie: a=b",
    "bomb.zip",
    "x" * 3000 + ".exe",
    "\u202egnp.exe",
)
CONTENTS = {
    "nothing": b"",
    "page": b"<!doctype html><script>alert(1)</script>",
    "drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "archive": b"PK\x03\x04" + bytes(200),
    "program": b"MZ" + bytes(200),
    "polyglot": PNG + b"<script>alert(1)</script>",
}


def test_the_name_of_a_file_is_never_heard_of_again(world: World) -> None:
    for name in NAMES:
        piece = brought(world)
        assert hand_in(world, piece, PNG, name).status_code == 303, name
        shown = world.browser("operator").get(piece)
        given = world.browser("operator").get(f"{piece}/document")
        for answer in (shown, given):
            assert "passwd" not in str(answer.headers)
            assert "set-cookie" not in answer.headers
        assert name not in shown.text
        assert given.headers["content-disposition"] == f'attachment; filename="dpia-{piece[10:]}.png"'


def test_what_is_no_letter_comes_back_with_the_form(world: World, piece: str) -> None:
    for kind, content in CONTENTS.items():
        answer = hand_in(world, piece, content)
        assert answer.status_code == 422, kind
        assert "nhsuk-error-message" in answer.text
        assert "alert(1)" not in answer.text
    assert world.browser("operator").get(f"{piece}/document").status_code == 404


def test_a_pdf_with_a_script_is_refused_in_words(world: World, piece: str) -> None:
    from tests.adapters.test_documents import pdf, script

    answer = hand_in(world, piece, pdf({"/OpenAction": script()}), "harmless.pdf")
    assert answer.status_code == 422
    assert "This PDF holds a script, so it was not kept." in words(answer.text)


def test_others_neither_hand_in_nor_read_nor_destroy(world: World, piece: str) -> None:
    assert hand_in(world, piece, PNG, token="0" * 64).status_code == 403
    assert hand_in(world, piece, PNG).status_code == 303
    for who, status in (("researcher", 403), ("colleague", 403), ("officer", 403), ("stranger", 404)):
        browser = world.browser(who)
        assert browser.get(f"{piece}/document").status_code == status, who
        assert browser.submit(f"{piece}/destroy", reason="I want so.").status_code == status, who
    assert world.browser().get(f"{piece}/document").status_code == 303
    assert world.browser("operator").get(f"{piece}/document").content == PNG


def test_a_body_is_read_from_known_people_only_and_up_to_its_limit(
    world: World, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wall.MAXIMUM_UPLOAD - LARGEST == 64 * 1024
    monkeypatch.setattr(wall, "MAXIMUM_UPLOAD", 600_000)
    nobody = world.browser()
    many = {"content": bytes(550_000), "headers": {"origin": ORIGIN, "content-type": "multipart/form-data"}}
    assert nobody.post(f"{piece}/document", **many).headers["location"].startswith("/sign-in")
    known = world.browser("researcher")
    assert known.post(f"{piece}/document", **many).status_code == 422
    more = {**many, "content": bytes(600_001)}
    assert known.post(f"{piece}/document", **more).status_code == 413
    assert known.post(f"{piece}/reject", **many).status_code == 413
    assert known.post(f"{piece}/document", content=b"x", headers={"content-type": "a/b"}).status_code == 403


def test_the_same_by_the_api(world: World, piece: str) -> None:
    api, path = world.api(), f"/api/v1{piece}"
    researcher, operator = world.bearer("researcher"), world.bearer("operator")
    assert api.put(f"{path}/document", content=PNG).status_code == 401
    assert api.put(f"{path}/document", content=b"<html>", headers=researcher).json()["field"] == "document"
    made = api.put(f"{path}/document", content=PNG, headers=researcher).json()
    assert (made["sha256"], made["kind"], made["size"]) == (SHA256, "png", len(PNG))
    assert api.put(f"{path}/document", content=PNG, headers=researcher).status_code == 409
    assert api.get(f"{path}/document", headers=researcher).status_code == 403
    given = api.get(f"{path}/document", headers=operator)
    assert given.content == PNG
    assert given.headers["content-disposition"].startswith("attachment; ")
    assert given.headers["x-content-type-options"] == "nosniff"
    assert api.post(f"{path}/verify", json={"file_sha256": "0" * 64}, headers=operator).json()["error"] == "conflict"
    assert api.post(f"{path}/verify", json={"file_sha256": SHA256}, headers=operator).json()["state"] == "verified"
    assert api.post(f"{path}/document/destroy", json={"reason": ""}, headers=operator).status_code == 422
    gone = api.post(f"{path}/document/destroy", json={"reason": "Wrong one."}, headers=operator).json()
    assert gone["destroyed_at"]
    assert api.get(f"{path}/document", headers=operator).status_code == 404


# ---- how a form with a file is read ----------------------------------------------------------------------------------

TYPE = "multipart/form-data; boundary=b"


def part(name: str, content: bytes = b"x", more: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


def test_parts_are_whole_whatever_they_hold() -> None:
    content = b"\r\n\r\n--c\r\n\x00--b" + bytes(range(256))
    body = part("csrf") + part("document", content, '; filename="a\\"b; name=c"\r\nContent-Type: text/html') + b"--b--"
    assert parts_of(TYPE, body) == {"csrf": b"x", "document": content}
    assert parts_of('multipart/form-data; boundary="b"', part("empty", b"") + b"--b--\r\n") == {"empty": b""}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", part("csrf") + b"--b--"),
        ("multipart/form-data", part("csrf") + b"--b--"),
        ("multipart/form-data; boundary=b; boundary=c", part("csrf") + b"--b--"),
        (TYPE, b""),
        (TYPE, b"--b--"[:3]),
        (TYPE, part("csrf")),
        (TYPE, b"before\r\n" + part("csrf") + b"--b--"),
        (TYPE, part("csrf") + b"--b--after"),
        (TYPE, part("csrf") + part("csrf") + b"--b--"),
        (TYPE, part("../x") + b"--b--"),
        (TYPE, b"--b\r\n\r\nno name\r\n--b--"),
        (TYPE, b'--b\r\nContent-Disposition: form-data; name="csrf"\r\n--b--'),
        (TYPE, part("csrf", more='\r\nContent-Disposition: form-data; name="document"') + b"--b--"),
        (TYPE, part("csrf", more="\r\n" + "x" * 5000) + b"--b--"),
        (TYPE, b"".join(part(f"{letter}x") for letter in "abcdefghijkl") + b"--b--"),
    ],
)
def test_what_no_browser_sends_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(Invalid):
        parts_of(kind, body)


def test_documents_arrive_one_by_one_and_few_at_once() -> None:
    arriving = Arriving()
    with arriving.of("one"):
        with pytest.raises(Unavailable, match="Another document of yours"), arriving.of("one"):
            pytest.fail("it was let in")
        places = [arriving.of(f"person {number}") for number in range(11)]
        for place in places:
            place.__enter__()
        with pytest.raises(Unavailable, match="Many documents"), arriving.of("late"):
            pytest.fail("it was let in")
        for place in places:
            place.__exit__(None, None, None)
        with arriving.of("late"):
            pass
    with arriving.of("one"):
        pass
