"""What no page and no client may get past: Host, origin, form token, size, headers, cookies, errors."""

from __future__ import annotations

import inspect
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from orchestrator.core.errors import Unavailable
from orchestrator.web import application, wall
from orchestrator.web.api import make_api
from orchestrator.web.forms import read_form, read_upload
from orchestrator.web.visits import local_path
from tests.ports import free_port
from tests.web.world import ORIGIN, Browser, World, make_house, words


def test_every_page_that_changes_something_reads_its_form_through_the_token_check() -> None:
    changing = 0
    for route in _pages():
        if "POST" not in route.methods:
            assert route.methods <= {"GET", "HEAD"}, route.path
            continue
        changing += 1
        assert {read_form, read_upload} & _calls(route.dependant), route.path
        assert not inspect.iscoroutinefunction(route.endpoint), route.path
    assert changing > 30


def test_more_than_a_form_may_be_sent_to_an_upload_and_nowhere_else(shared: World) -> None:
    uploads = {route.path for route in _pages() if read_upload in _calls(route.dependant)}
    assert uploads
    large = {path for path in {route.path for route in _pages()} if _taken(path) > wall.MAXIMUM_BODY}
    assert large == uploads
    by_api = {path for path in make_api(shared.house).openapi()["paths"] if _taken(wall.API + path) > wall.MAXIMUM_BODY}
    assert by_api == uploads


def _pages() -> list[APIRoute]:
    return [route for module in application._PAGES for route in module.router.routes]


def _calls(dependant: Dependant) -> set[object]:
    """Whatever a page depends on, directly or not."""
    return {each.call for each in dependant.dependencies}.union(*map(_calls, dependant.dependencies))


def _taken(path: str) -> int:
    """How many bytes may be sent to a path."""
    return wall._most({"type": "http", "path": re.sub(r"\{[^}]*\}", "a" * 16, path)})


def test_a_form_without_its_token_or_with_another_sessions_token_changes_nothing(world: World) -> None:
    browser, other = world.browser("operator"), world.browser("second operator")
    path = f"/projects/{world.project}/suspend"
    for token in ("", "0" * 64, other.token()):
        answer = browser.post(path, data={"csrf": token, "reason": "because"}, headers={"origin": ORIGIN})
        assert answer.status_code == 403
        assert "nothing was changed" in answer.text
    assert world.house.access.project_record(world.project).state == "active"
    assert browser.submit(path, reason="because").status_code == 303
    assert world.house.access.project_record(world.project).state == "suspended"


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://localhost:8711", "https://localhost:8700"]
)
def test_a_form_from_another_origin_is_refused_even_with_the_right_token(world: World, origin: str | None) -> None:
    browser = world.browser("operator")
    answer = browser.submit(f"/projects/{world.project}/suspend", origin=origin, reason="because")
    assert answer.status_code == 403
    assert world.house.access.project_record(world.project).state == "active"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost", "localhost:8701", f"{'a' * 16}.localhost:8700", "localhost:8700.evil.example", ""],
)
def test_another_host_name_gets_no_page(shared: World, host: str) -> None:
    answer = shared.browser().get("/", headers={"host": host})
    assert answer.status_code == 421
    assert shared.browser().get("/").status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x"])
def test_a_body_of_another_kind_is_refused(shared: World, kind: str) -> None:
    answer = shared.browser("operator").post(
        "/custodians", content=b"{}", headers={"origin": ORIGIN, "content-type": kind}
    )
    assert answer.status_code == 422


def test_a_body_that_is_too_large_is_refused_told_or_not(shared: World) -> None:
    browser = shared.browser("operator")
    headers = {"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/custodians", content=b"a" * 600_000, headers=headers).status_code == 413
    pieces = iter([b"a" * 100_000] * 7)
    assert browser.post("/custodians", content=pieces, headers=headers).status_code == 413


def test_every_answer_carries_the_security_headers(shared: World) -> None:
    browser = shared.browser("operator")
    for path in ("/", "/nothing", "/people", "/api/v1/datasets", "/api/v1/me", "/static/portal.css", "/register.json"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
    assert browser.get("/people").headers["cache-control"] == "no-store"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(shared: World) -> None:
    browser = shared.browser()
    answer = browser.submit("/sign-in/development", page="/sign-in", person=shared.people["operator"])
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("tre_session=")
    for wanted in ("httponly", "samesite=lax", "path=/"):
        assert wanted in cookie
    assert "domain" not in cookie


def test_on_https_cookies_carry_the_host_prefix_and_stay_on_https(tmp_path) -> None:
    portal = {"url": "https://tre.example.org", "host": "127.0.0.1"}
    sign_on = {"kind": "oidc", "issuer": "https://id.example.org", "client_id": "tre"}
    house = make_house(tmp_path, portal=portal, sign_on=sign_on)
    client = TestClient(application.make_app(house), base_url="https://tre.example.org", follow_redirects=False)
    answer = client.get("/sign-in")
    assert answer.status_code == 200
    assert answer.headers["set-cookie"].startswith("__Host-tre_visit=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "Development sign-in" not in answer.text
    token = answer.text.split('name="csrf" value="')
    assert len(token) == 1, "without a form there is no token"
    house.record.engine.dispose()


def test_the_development_sign_in_says_so_on_every_page(shared: World) -> None:
    for path in ("/", "/datasets", "/nothing", "/register", "/sign-in"):
        assert "Development sign-in: anyone on this machine can be anyone" in words(shared.browser().get(path).text)


@pytest.mark.parametrize("client", ["10.0.0.7", "192.168.1.5", "::ffff:10.0.0.7", "testclient"])
def test_the_development_sign_in_does_not_exist_for_other_machines(shared: World, client: str) -> None:
    browser = shared.browser(address=client)
    page = browser.get("/sign-in")
    assert "Rosa Researcher" not in page.text
    answer = browser.post(
        "/sign-in/development", data={"csrf": "", "person": shared.people["operator"]}, headers={"origin": ORIGIN}
    )
    assert answer.status_code in (403, 404)
    assert "tre_session" not in answer.headers.get("set-cookie", "")


def test_the_development_sign_in_does_not_exist_where_a_provider_is_set(tmp_path) -> None:
    sign_on = {"kind": "oidc", "issuer": "https://id.example.org", "client_id": "tre"}
    house = make_house(tmp_path, sign_on=sign_on)
    person = house.identity.first_operator("Olga", "o@example.org", "https://id.example.org", "olga")
    browser = Browser(application.make_app(house))
    assert "Olga" not in browser.get("/sign-in").text
    answer = browser.post("/sign-in/development", data={"person": person.person_id}, headers={"origin": ORIGIN})
    assert answer.status_code in (403, 404)
    house.record.engine.dispose()


def test_signing_out_ends_the_session_in_the_record_too(world: World) -> None:
    browser = world.browser("researcher")
    kept = browser.cookies["tre_session"]
    assert browser.get("/account").status_code == 200
    assert browser.submit("/sign-out").status_code == 303
    again = world.browser()
    again.cookies.set("tre_session", kept)
    assert again.get("/account").status_code == 303


def test_signing_in_again_ends_the_earlier_session_so_that_none_can_be_planted(world: World) -> None:
    browser = world.browser("researcher")
    planted = browser.cookies["tre_session"]
    browser.submit("/sign-in/development", page="/sign-in", person=world.people["operator"])
    assert browser.cookies["tre_session"] != planted
    other = world.browser()
    other.cookies.set("tre_session", planted)
    assert other.get("/account").status_code == 303


@pytest.mark.parametrize(
    "next_path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"]
)
def test_after_signing_in_nobody_is_sent_elsewhere(shared: World, next_path: str) -> None:
    assert local_path(next_path) == "/"
    answer = shared.browser().submit(
        "/sign-in/development", page="/sign-in", person=shared.people["researcher"], next=next_path
    )
    assert answer.headers["location"] == "/"
    assert local_path("/projects/x?y=1") == "/projects/x?y=1"


def test_a_suspended_persons_session_ends_at_once(world: World) -> None:
    browser = world.browser("stranger")
    assert browser.get("/account").status_code == 200
    world.house.identity.suspend(world.actor("operator"), world.people["stranger"], "left the institute")
    assert browser.get("/account").status_code == 303


def test_a_fault_of_ours_is_told_with_a_reference_and_without_a_traceback(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = " ".join(["secret", "words"])

    def broken(*_: object) -> None:
        raise RuntimeError(told)

    monkeypatch.setattr(type(world.house.access), "projects", broken)
    answer = world.browser("researcher").get("/projects")
    assert answer.status_code == 500
    assert "RuntimeError" not in answer.text
    assert "reference" in answer.text
    assert told not in answer.text
    assert "RuntimeError" in caplog.text
    assert told not in caplog.text


def test_a_record_that_is_gone_is_told_as_unavailable_with_a_time_to_return(world: World) -> None:
    browser = world.browser("researcher")
    token = world.bearer("researcher")
    world.house.record.engine.dispose()
    database = world.house.settings.state / "record" / "tre.db"
    database.rename(database.with_suffix(".gone"))
    database.mkdir()
    for path, headers in (("/projects", {}), ("/api/v1/projects", token)):
        answer = browser.get(path, headers=headers)
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert "Traceback" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_portal_serves_and_ends_when_told(tmp_path: Path) -> None:
    port = free_port()
    make_house(tmp_path).record.engine.dispose()
    (tmp_path / "tre.yaml").write_text(f"portal:\n  port: {port}\n")
    program = (
        "import sys; from pathlib import Path; from orchestrator.assembly import open_house; "
        "from orchestrator.settings import load_settings; from orchestrator.web import run; "
        "run(open_house(load_settings(Path(sys.argv[1]))))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=Path(__file__).parents[2])
    try:
        while True:
            assert process.poll() is None, "it ended before it answered"
            try:
                with urlopen(f"http://localhost:{port}/", timeout=60) as answer:
                    assert answer.status == 200
                    assert "server" not in answer.headers
                break
            except HTTPError:
                raise
            except OSError:  # nobody listens yet
                time.sleep(0.1)
        assert process.poll() is None
    finally:
        process.terminate()
    assert process.wait(90) in (0, -15)


def test_a_taken_port_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        house = make_house(tmp_path, portal={"port": port})
        with pytest.raises(Unavailable, match=r"set portal\.port"):
            application.run(house)
        house.record.engine.dispose()
