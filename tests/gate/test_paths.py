"""The path judge: whatever a server might read in a path that passes must be on the list."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.core.errors import Refused
from orchestrator.gate.paths import judge_path
from orchestrator.gate.routes import HUB_ROUTES, SERVER_ROUTES, Side, side_of

PERSON = "abcdefghij234567"
OTHER = "bbbbbbbbbbbbbbbb"


@contextlib.contextmanager
def sentence_or_nothing() -> Iterator[None]:
    """Let a refusal pass when it is told in a sentence."""
    try:
        yield
    except Refused as refusal:
        if not refusal.message.endswith("."):
            raise


def side(raw: str, method: str = "GET") -> Side | None:
    return side_of(method=method, readings=judge_path(raw).readings, person=PERSON)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/hub/",
        "/hub/login?next=%2Fhub%2F",
        f"/hub/spawn/{PERSON}",
        f"/hub/api/users/{PERSON}/server/progress?_xsrf=abc",
        "/hub/api/oauth2/authorize?client_id=x&redirect_uri=%2Fuser%2Fx%2Foauth_callback&state=ey==",
    ],
)
def test_what_the_hub_needs_passes(path: str) -> None:
    assert side(path) is Side.HUB


@pytest.mark.parametrize(
    "path",
    [
        "/lab",
        "/lab/tree/one%20%2B%20two%20100%25.ipynb",
        "/lab/api/settings/@jupyterlab/apputils-extension:themes?1",
        "/lab/api/workspaces/auto-G",
        "/api/contents/a%20b/%C3%A9t%C3%A9.ipynb?type=notebook&content=1&hash=1",
        "/api/contents/what%3F.csv",
        "/api/contents/semi;colon.csv",
        "/api/sessions",
        "/static/lab/main.js?v=1",
        "/kernelspecs/python3/logo-64x64.png",
        "/oauth_callback?code=x&state=y",
    ],
)
def test_what_jupyterlab_needs_passes_unchanged(path: str) -> None:
    raw = f"/user/{PERSON}{path}"
    assert side(raw) is Side.SERVER
    assert judge_path(raw).raw == raw


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "*",
        "user/x",
        "http://x/",
        "/a b",
        "/a\tb",
        "/é",
        "/a\x00",
        '/a"',
        "/a<b>",
        "/\\x",
        "/a#b",
        "/a?b#c",
        "/" + "a" * 9000,
    ],
)
def test_what_is_no_proper_path_is_refused(raw: str) -> None:
    with pytest.raises(Refused):
        judge_path(raw)


@pytest.mark.parametrize(
    "name", ["..", ".", "%2e%2e", "%252e%252e", ".%2e", "..;", "..;x=1", "%2e%2e;", "x%2fy", "x%5cy", "x%00", "x%0a",
             "%25252e%25252e", "%ff", "%c0%ae", "%ef%bc%8e%ef%bc%8e", "%ef%bc%8f", "%e2%84%80", "..%20", "%25%32%66"]
)  # fmt: skip
def test_a_part_that_may_be_read_as_another_folder_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        judge_path(f"/user/{PERSON}/api/contents/{name}/x")


@pytest.mark.parametrize("name", ["...", "a..b", ".hidden", "..a", "a.", "100%25.csv", "50%25off", "%7Etilde"])
def test_a_harmless_name_passes(name: str) -> None:
    assert side(f"/user/{PERSON}/api/contents/{name}") is Side.SERVER


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/user/{OTHER}/lab"),
        ("GET", f"/user/{PERSON}/files/x"),
        ("GET", f"/user/{PERSON}/nbconvert/html/x.ipynb"),
        ("GET", f"/user/{PERSON}/api/terminals"),
        ("WEBSOCKET", f"/user/{PERSON}/terminals/websocket/1"),
        ("WEBSOCKET", f"/user/{PERSON}/lsp/ws/pylsp"),
        ("GET", f"/user/{PERSON}/kernelspecs/python3/data.csv"),
        ("GET", f"/user/{PERSON}/api/kernels/00000000-0000-0000-0000-000000000000/channels"),
        ("POST", "/hub/login"),
        ("POST", "/hub/spawn"),
        ("DELETE", f"/hub/api/users/{PERSON}/server"),
        ("GET", f"/hub/spawn/{OTHER}"),
        ("GET", "/hub/api"),
        ("GET", "/hub/token"),
        ("GET", "/anything"),
        ("GET", "/hub/{person}"),
        ("GET", "/hub/spawn/%7Bperson%7D"),
        ("OPTIONS", "/"),
    ],
)
def test_what_is_not_on_the_list_is_refused(method: str, path: str) -> None:
    with contextlib.suppress(Refused):
        assert side(path, method) is None


def test_no_pattern_matches_everything() -> None:
    """An empty alternative in a pattern used with ``match`` lets all through; this list is used with ``fullmatch``."""
    for route in (*HUB_ROUTES, *SERVER_ROUTES):
        assert not route.pattern.fullmatch("anything/else")
        assert not route.pattern.fullmatch("hub/admin")
        assert not route.pattern.fullmatch("files/x")


@pytest.mark.parametrize(
    "query", ["token=x", "TOKEN=x", "%74oken=x", "%2574oken=x", "a=1&token", "a=1;token=x", "access_token=x", "%00=1",
              "x=%0d%0aSet-Cookie", "+token=1", "token%20=1", "%EF%BD%94oken=1"]
)  # fmt: skip
def test_a_token_in_the_query_is_refused(query: str) -> None:
    judge_path("/hub/?a=1")
    with pytest.raises(Refused):
        judge_path(f"/hub/?{query}")


PARTS = st.sampled_from(
    ["..", ".", "%2e", "%2E", "%252e", "/", "//", "%2f", "%5c", "\\", ";", "a", "files", "lab", "api", "contents",
     "hub", "user", PERSON, OTHER, "%61", "%2561", "%00", "%25", "%", "?", "#", " ", "é", "%c3%a9", "%ef%bc%8f",
     "token", "=", "&"]
)  # fmt: skip


def _decodings(text: str) -> list[str]:
    found = [text]
    while (plain := unquote(found[-1], errors="replace")) != found[-1] and len(found) < 12:
        found.append(plain)
    return found


def _resolve(path: str) -> list[str]:
    """Read a path as a careless server may: backslashes are slashes, parameters fall away, dots are resolved."""
    kept: list[str] = []
    for part in unicodedata.normalize("NFKC", path).replace("\\", "/").split("/"):
        name = part.partition(";")[0].strip()
        if name == "..":
            kept = kept[:-1]
        elif name not in {"", "."}:
            kept.append(part)
    return kept


@settings(max_examples=600, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=12).map("".join), st.booleans())
@example("../files/x", True)
@example("lab/..%2ffiles/x", True)
def test_no_reading_of_a_path_that_passes_leads_off_the_list(tail: str, below_server: bool) -> None:
    raw = (f"/user/{PERSON}/" if below_server else "/") + tail
    try:
        passed = side(raw)
    except Refused:
        return
    if passed is None:
        return
    path = raw.partition("?")[0]
    for reading in _decodings(path):
        parts = _resolve(reading)
        again = side_of(method="GET", readings=[tuple(parts) or ("",)], person=PERSON)
        slashed = side_of(method="GET", readings=[(*parts, "")], person=PERSON)
        assert passed in {again, slashed}, (raw, reading)
        assert OTHER not in parts[:2]


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_every_ordinary_file_name_passes_or_is_refused_with_a_sentence(name: str) -> None:
    try:
        encoded = quote(name, safe="")
    except UnicodeEncodeError:
        return
    with sentence_or_nothing():
        assert side(f"/user/{PERSON}/api/contents/{encoded}") is Side.SERVER


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=60))
def test_nonsense_is_refused_and_never_breaks_the_judge(text: str) -> None:
    with sentence_or_nothing():
        judge_path(text)
