"""Endpoints that answer wrongly: each is told in a sentence, and nothing that was known before is lost."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from orchestrator.adapters.guarded_addresses import AddressGuard
from orchestrator.adapters.harvest_client import HarvestClient
from orchestrator.discovery.harvest.faults import Fault, FaultKind
from orchestrator.discovery.harvest.model import EndpointState, Pull, PullState

from .conftest import BEARER, LOOPBACK, Harvest
from .endpoint import answer, redirects, says
from .test_pulling import filled

Odd = tuple[str, Any, str]


def _one_twice(number: int) -> str:
    fields = ",".join(f'"a{each}":1' for each in range(number))
    return f'{{{fields},"a{number - 1}":2}}'


def odd_lists() -> list[Odd]:
    """Made when they are asked: some are large, and every process that runs tests would hold them."""
    return [
        (
            "a web page",
            says("<!doctype html><html><body>Sign in</body></html>", content_type="text/html"),
            "a web page",
        ),
        ("XML", says("<?xml version='1.0'?><items/>"), "XML instead"),
        ("nothing", says(""), "nothing at all"),
        ("half a JSON", says('{"items": [{"persistentId": "a"'), "no whole JSON"),
        ("no list", says('{"datasets": []}'), "no “items”"),
        ("a list of the wrong kind", says('{"items": {"a": 1}}'), "no “items”"),
        ("bare text", says('"hello"'), "no “items”"),
        ("not a number", says('{"items": [], "query": {"total": NaN}}'), "no number"),
        ("a field twice", says('{"items": [], "items": []}'), "“items” twice"),
        ("endless nesting", says("[" * 100_000), "nested too deeply"),
        ("half a million fields, one of them twice", says(_one_twice(500_000)), "“a499999” twice"),
        (
            "a million items",
            says('{"items": [' + ",".join(['{"persistentId":"a"}'] * 900_000) + "]}"),
            "900,000 datasets",
        ),
        ("another encoding unnamed", says('{"items": [{"name": "caf\xe9"}]}'.encode("latin-1")), "not in UTF-8"),
        ("compressed", says(b"\x1f\x8b", content_encoding="gzip"), "compresses"),
        ("not there", says("{}", 404), "has nothing (404)"),
        ("out of order", says("{}", 503), "answered 503"),
        ("a strange status", says("{}", 418), "answered 418"),
        ("a redirect to nowhere", redirects(""), "no web address"),
        ("a redirect to a file", redirects("file:///etc/passwd"), "no web address"),
        ("a redirect to no port", redirects("https://catalogue.example.org:99999/"), "no web address"),
        ("a redirect to a mail server", redirects("https://catalogue.example.org:25/"), "no web address"),
        ("a redirect to half an address", redirects("http://[::1"), "no web address"),
        ("a redirect to letters that no name has", redirects("https://caf\xe9.example.org/"), "no web address"),
        ("a redirect to itself", redirects("/api/datasets?limit=1&offset=0"), "more than 3 times"),
        ("a redirect to a private address", redirects("http://10.0.0.1/api/datasets"), "not on the public network"),
        ("a redirect to the metadata service", redirects("http://169.254.169.254/latest"), "not on the public network"),
        ("a redirect to IPv6 loopback", redirects("http://[::1]:80/"), "not on the public network"),
        ("a redirect to a mapped address", redirects("http://[::ffff:10.0.0.1]/"), "not on the public network"),
    ]


def test_a_list_that_cannot_be_used_changes_nothing_and_is_told(harvest: Harvest) -> None:
    filled(harvest, 3)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    before = harvest.alliance.catalogue.changes(0)
    for name, reply, words in odd_lists():
        harvest.endpoint.on_list = reply
        pull = harvest.pull(endpoint)
        assert pull.state is PullState.FAILED, name
        assert words in pull.trouble, name
        assert harvest.alliance.catalogue.changes(0) == before, name
        standing = harvest.service.endpoint(harvest.alliance.actor("cora"), endpoint.endpoint_id)
        assert standing.endpoint.trouble == pull.trouble
    harvest.endpoint.on_list = None
    assert harvest.pull(endpoint).state is PullState.DONE
    assert harvest.service.endpoint(harvest.alliance.actor("cora"), endpoint.endpoint_id).endpoint.trouble == ""


def test_a_list_in_another_encoding_that_says_so_is_read_and_remarked_upon(harvest: Harvest) -> None:
    filled(harvest, 1)
    endpoint = harvest.enabled()
    text = json.dumps(harvest.endpoint.page(0, 10)).replace("Dataset", "Café")
    for body, kind in (
        (text.encode("utf-16"), "application/json"),
        (b"\xef\xbb\xbf" + text.encode(), "application/json"),
        (text.encode("latin-1"), "application/json; charset=iso-8859-1"),
    ):
        harvest.endpoint.on_list = says(body, content_type=kind)
        pull = harvest.pull(endpoint)
        assert pull.state is PullState.DONE
        assert any("JSON" in remark and "UTF-8" in remark for remark in pull.remarks)


def paged(harvest: Harvest, **behaviour: Any) -> Pull:
    filled(harvest, 25)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    for name, value in behaviour.items():
        setattr(harvest.endpoint, name, value)
    for number in (3, 4):
        del harvest.endpoint.records[f"set-{number:03}"]
    return harvest.pull(endpoint)


def test_an_endpoint_that_gives_everything_at_once_is_read_once(harvest: Harvest) -> None:
    pull = paged(harvest, paging=False)
    assert (pull.state, pull.complete, pull.listed, pull.missing) == (PullState.DONE, True, 23, 2)


def test_an_endpoint_that_repeats_its_first_page_archives_nothing(harvest: Harvest) -> None:
    def first_page(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, 200, json.dumps(harvest.endpoint.page(0, 10)).encode())

    pull = paged(harvest, on_list=first_page)
    assert (pull.state, pull.complete, pull.missing) == (PullState.DONE, False, 0)
    assert "does not follow “offset”" in " ".join(pull.remarks)
    assert len(harvest.entries()) == 25


def test_an_endpoint_without_a_total_is_read_to_its_empty_page(harvest: Harvest) -> None:
    pull = paged(harvest, total=False)
    assert (pull.complete, pull.listed, pull.missing) == (True, 23, 2)


def test_an_endpoint_without_a_total_that_repeats_itself_archives_nothing(harvest: Harvest) -> None:
    pull = paged(harvest, total=False, paging=False)
    assert (pull.state, pull.complete, pull.missing) == (PullState.DONE, False, 0)
    assert "cannot be told" in " ".join(pull.remarks)


def test_a_total_that_is_too_large_archives_nothing(harvest: Harvest) -> None:
    def promises(handler: BaseHTTPRequestHandler) -> None:
        offset = int(handler.path.rpartition("offset=")[2])
        page = harvest.endpoint.page(offset, 10)
        page["query"]["total"] = 500
        answer(handler, 200, json.dumps(page).encode())

    pull = paged(harvest, on_list=promises)
    assert (pull.state, pull.complete, pull.missing) == (PullState.DONE, False, 0)
    assert "ended after 23 of 500" in " ".join(pull.remarks)


@pytest.mark.parametrize("total", [10**30, 2**31, -1, True, "23", 1.5])
def test_a_total_that_cannot_be_is_not_used(harvest: Harvest, total: object) -> None:
    def odd(handler: BaseHTTPRequestHandler) -> None:
        page = harvest.endpoint.page(int(handler.path.rpartition("offset=")[2]), 10)
        page["query"]["total"] = total
        answer(handler, 200, json.dumps(page).encode())

    pull = paged(harvest, on_list=odd)
    assert (pull.state, pull.listed, pull.total) == (PullState.DONE, 23, None)
    assert "can be right" in " ".join(pull.remarks)


def test_a_list_that_changes_while_it_is_read_is_read_anew(harvest: Harvest) -> None:
    filled(harvest, 25)
    endpoint = harvest.enabled()
    grown = threading.Event()

    def grows(handler: BaseHTTPRequestHandler) -> None:
        offset = int(handler.path.rpartition("offset=")[2])
        if offset and not grown.is_set():
            grown.set()
            harvest.endpoint.put("late")
        answer(handler, 200, json.dumps(harvest.endpoint.page(offset, 10)).encode())

    harvest.endpoint.on_list = grows
    pull = harvest.pull(endpoint)
    assert (pull.complete, pull.taken) == (True, 26)
    assert "changed from 25 to 26" in " ".join(pull.remarks)


def test_identifiers_that_stand_twice_are_taken_once_and_archive_nothing(harvest: Harvest) -> None:
    def twice(handler: BaseHTTPRequestHandler) -> None:
        offset = int(handler.path.rpartition("offset=")[2])
        page = harvest.endpoint.page(offset, 10)
        page["items"] = [page["items"][0], *page["items"][:-1]] if page["items"] else []
        answer(handler, 200, json.dumps(page).encode())

    pull = paged(harvest, on_list=twice)
    assert (pull.state, pull.complete, pull.missing) == (PullState.DONE, False, 0)
    assert "more than once" in " ".join(pull.remarks)
    assert len(harvest.entries()) == 25


def test_items_without_a_usable_identifier_are_told_and_archive_nothing(harvest: Harvest) -> None:
    filled(harvest, 12)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    for bad in (None, 7, "", " x", "a\u0000b", ".", "..", "x" * 201, ["a"], {"a": 1}):

        def odd(handler: BaseHTTPRequestHandler, bad: Any = bad) -> None:
            offset = int(handler.path.rpartition("offset=")[2])
            page = harvest.endpoint.page(offset, 10)
            if offset == 0:
                page["items"][4]["persistentId"] = bad
            answer(handler, 200, json.dumps(page).encode())

        harvest.endpoint.on_list = odd
        pull = harvest.pull(endpoint)
        assert (pull.state, pull.complete, pull.missing) == (PullState.DONE, False, 0), bad
        assert "no usable “persistentId”" in " ".join(pull.remarks)
    assert len(harvest.entries()) == 12


def odd_records() -> list[Odd]:
    return [
        ("a web page", says("<html>no</html>"), "a web page"),
        ("half a JSON", says('{"summary": {"title"'), "no whole JSON"),
        ("gone", says("{}", 404), "has nothing (404)"),
        ("a list", says("[]"), "object with named fields"),
        ("no description", says('{"version": "1.0.0", "error": "none"}'), "no description"),
        ("a broken character", says('{"version": "1.0.0", "summary": {"title": "\\ud800"}}'), "plain JSON"),
        ("out of order", says("{}", 500), "answered 500"),
        ("too large", says(b'{"a": "' + b"x" * 9_000_000 + b'"}'), "at most"),
    ]


def test_one_bad_record_holds_up_no_other_and_keeps_its_earlier_version(harvest: Harvest) -> None:
    filled(harvest, 4)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    records = odd_records()
    for number, (name, reply, words) in enumerate(records, start=1):
        harvest.endpoint.put("set-003", f"1.{number}.0")
        harvest.endpoint.put("set-001", f"1.{number}.0")
        harvest.endpoint.listed_versions = {"set-001": ""}
        harvest.endpoint.on_record = {"set-001": reply}
        pull = harvest.pull(endpoint)
        assert (pull.state, pull.taken, pull.skipped, pull.complete) == (PullState.DONE, 1, 1, True), name
        item = harvest.service.skipped(harvest.alliance.actor("cora"), pull.pull_id)[0]
        assert item.persistent_id == "set-001", name
        assert words in item.problem, name
        entries = harvest.entries()
        assert (entries["set-001"].version, entries["set-003"].version) == ("1.0.0", f"1.{number}.0")
        assert entries["set-001"].confirmed_at == harvest.clock()
    harvest.endpoint.on_record, harvest.endpoint.listed_versions = {}, {}
    assert harvest.pull(endpoint).taken == 1
    assert harvest.entries()["set-001"].version == f"1.{len(records)}.0"


def test_a_record_of_another_version_than_the_list_says_waits_until_they_agree(harvest: Harvest) -> None:
    filled(harvest, 2)
    harvest.endpoint.listed_versions = {"set-001": "1.0.1"}
    endpoint = harvest.enabled()
    pull = harvest.pull(endpoint)
    assert (pull.taken, pull.skipped) == (1, 1)
    problem = harvest.service.skipped(harvest.alliance.actor("cora"), pull.pull_id)[0].problem
    assert problem == "The list says version 1.0.1, the record itself 1.0.0; it is taken when they agree."
    harvest.endpoint.listed_versions = {}
    assert harvest.pull(endpoint).taken == 1


def test_an_endpoint_whose_records_are_all_bad_is_not_asked_for_all_of_them(harvest: Harvest) -> None:
    filled(harvest, 40)
    endpoint = harvest.enabled()
    harvest.endpoint.on_record = dict.fromkeys(harvest.endpoint.records, says("<html>Sign in</html>"))
    pull = harvest.pull(endpoint)
    assert pull.state is PullState.FAILED
    assert "a web page" in pull.trouble
    assert len(harvest.endpoint.records_asked()) == 25
    harvest.endpoint.on_record = {}
    assert harvest.pull(endpoint).taken == 40


def test_one_record_under_every_identifier_is_taken_once(harvest: Harvest) -> None:
    filled(harvest, 3)
    always = says(json.dumps(harvest.endpoint.records["set-000"]))
    harvest.endpoint.on_record = dict.fromkeys(harvest.endpoint.records, always)
    pull = harvest.pull(harvest.enabled())
    assert (pull.taken, pull.skipped) == (1, 2)
    problems = harvest.service.skipped(harvest.alliance.actor("cora"), pull.pull_id)
    assert all("the very record of set-000" in item.problem for item in problems)


def test_a_key_that_expires_in_the_middle_ends_the_pull_and_the_next_goes_on(harvest: Harvest) -> None:
    filled(harvest, 8)
    harvest.endpoint.key = "the-secret-key"
    endpoint = harvest.enabled(**BEARER)
    asked = harvest.service.ask_for_pull(harvest.alliance.actor("cora"), endpoint.endpoint_id)
    for _ in range(4):
        harvest.puller.step(asked.pull_id)
    harvest.endpoint.key = "a-new-key"
    harvest.puller.step(asked.pull_id)
    pull = harvest.service.pull(harvest.alliance.actor("cora"), asked.pull_id)
    assert (pull.state, pull.taken) == (PullState.FAILED, 3)
    assert "rejected our key (401)" in pull.trouble
    assert "the-secret-key" not in pull.trouble
    harvest.key_file.write_text("a-new-key\n")
    harvest.endpoint.asked.clear()
    assert harvest.pull(endpoint).taken == 5
    assert len(harvest.endpoint.records_asked()) == 5


def test_a_redirect_to_another_host_never_carries_the_key(harvest: Harvest) -> None:
    filled(harvest, 2)
    harvest.endpoint.key = "the-secret-key"
    endpoint = harvest.enabled(**BEARER)
    harvest.endpoint.on_list = redirects(f"http://127.0.0.2:{harvest.endpoint.port}/api/datasets?limit=10&offset=0")
    pull = harvest.pull(endpoint)
    assert pull.state is PullState.FAILED
    assert "our key was not sent there" in pull.trouble
    assert not any(asked.headers["host"].startswith("127.0.0.2") for asked in harvest.endpoint.asked)


@pytest.mark.parametrize("place", ["10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"])
def test_a_record_that_redirects_to_a_private_address_ends_the_pull_and_the_next_goes_on(
    harvest: Harvest, place: str
) -> None:
    filled(harvest, 3)
    endpoint = harvest.enabled()
    harvest.pull(endpoint)
    for name in ("set-000", "set-001", "set-002"):
        harvest.endpoint.put(name, "1.1.0")
    harvest.endpoint.on_record = {"set-001": redirects(f"http://{place}/api/datasets/set-001")}
    pull = harvest.pull(endpoint)
    assert pull.state is PullState.FAILED
    assert "not on the public network" in pull.trouble
    assert harvest.entries()["set-001"].version == "1.0.0"
    assert len(harvest.entries()) == 3
    harvest.endpoint.on_record = {}
    assert harvest.pull(endpoint).state is PullState.DONE
    assert {each.version for each in harvest.entries().values()} == {"1.1.0"}


def test_a_redirect_within_the_host_is_followed_with_its_key(harvest: Harvest) -> None:
    filled(harvest, 2)
    harvest.endpoint.key = "the-secret-key"
    endpoint = harvest.enabled(**BEARER)
    harvest.endpoint.on_record = {"set-000": redirects("/api/datasets/set-001", 307)}
    harvest.endpoint.records["set-001"]["version"] = "1.0.0"
    pull = harvest.pull(endpoint)
    assert pull.state is PullState.DONE
    assert harvest.endpoint.records_asked().count("set-001") >= 1


def test_an_endpoint_that_is_away_is_asked_again_later_and_fails_in_the_end(harvest: Harvest) -> None:
    filled(harvest, 2)
    endpoint = harvest.enabled()
    harvest.endpoint.on_list = says("{}", 503)
    asked = harvest.service.ask_for_pull(harvest.alliance.actor("cora"), endpoint.endpoint_id)
    harvest.puller.work(5)
    resting = harvest.service.pull(harvest.alliance.actor("cora"), asked.pull_id)
    assert (resting.state, resting.put_off) == (PullState.LISTING, 1)
    assert (resting.due_at - harvest.clock()).total_seconds() == 60
    harvest.endpoint.asked.clear()
    harvest.puller.work(5)
    assert harvest.endpoint.asked == []
    assert harvest.pull(endpoint).state is PullState.FAILED
    harvest.endpoint.on_list = None
    assert harvest.pull(endpoint).taken == 2


def test_a_test_that_fails_says_why_and_nothing_is_pulled(harvest: Harvest) -> None:
    endpoint = harvest.register()
    cora = harvest.alliance.actor("cora")
    filled(harvest, 1)
    for reply, record, words in (
        (says("<html>"), None, "a web page"),
        (says('{"items": []}'), None, "names no dataset"),
        (None, says("{}", 403), "rejected our key"),
        (None, says('{"version": "2.0.0", "summary": {"title": "xy"}}'), "the record itself 2.0.0"),
        (None, says('{"version": "1.0.0", "summary": "\\udfff"}'), "plain JSON"),
    ):
        harvest.endpoint.on_list = reply
        harvest.endpoint.on_record = {"set-000": record} if record else {}
        pull = harvest.service.ask_for_test(cora, endpoint.endpoint_id)
        harvest.puller.work(5)
        ended = harvest.service.pull(cora, pull.pull_id)
        assert ended.state is PullState.FAILED
        assert words in ended.trouble
        assert harvest.service.endpoint(cora, endpoint.endpoint_id).endpoint.state is EndpointState.REGISTERED
    assert harvest.entries() == {}


def client(seconds: float = 1.0) -> HarvestClient:
    return HarvestClient(AddressGuard(allowed=LOOPBACK), seconds=seconds)


def get(harvest: Harvest, *, largest: int = 1000) -> Fault:
    asking = client()
    with pytest.raises(Fault) as fault:
        asking.get(f"{harvest.endpoint.address}/datasets", headers={}, secret={}, largest=largest)
    asking.close()
    return fault.value


def test_three_gigabytes_are_not_read(harvest: Harvest) -> None:
    sent = []

    def pours(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(3 * 1024):
            handler.wfile.write(b" " * 1024 * 1024)
            sent.append(1)

    harvest.endpoint.on_list = pours
    assert get(harvest, largest=1_000_000).kind is FaultKind.TOO_LARGE
    assert len(sent) < 64


def test_three_gigabytes_that_are_announced_are_not_even_begun(harvest: Harvest) -> None:
    def announces(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", str(3 * 1024**3))
        handler.end_headers()
        handler.close_connection = True

    harvest.endpoint.on_list = announces
    assert get(harvest).kind is FaultKind.TOO_LARGE


@pytest.mark.parametrize("where", ["silence", "headers", "body"])
def test_an_answer_that_never_ends_ends_at_the_deadline(harvest: Harvest, where: str) -> None:
    over = threading.Event()

    def for_ever(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        if where == "body":
            handler.send_response(200)
            handler.end_headers()
        while where == "silence" and not over.wait(0.05):
            pass
        while not over.wait(0.05):
            handler.wfile.write(b"x-more: yes\r\n" if where == "headers" else b" ")

    def drips(handler: BaseHTTPRequestHandler) -> None:
        if where == "headers":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for_ever(handler)

    harvest.endpoint.on_list = drips
    fault = get(harvest, largest=10_000_000)
    over.set()
    assert fault.kind is FaultKind.TOO_SLOW
    assert fault.retry


def test_an_answer_that_breaks_off_or_is_no_http_is_told(harvest: Harvest) -> None:
    def breaks_off(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "500")
        handler.end_headers()
        handler.wfile.write(b'{"items"')
        handler.close_connection = True

    def no_http(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        handler.close_connection = True

    for reply in (breaks_off, no_http):
        harvest.endpoint.on_list = reply
        fault = get(harvest)
        assert fault.kind is FaultKind.NO_ANSWER
        assert "does not speak HTTP" in fault.message


def test_a_closed_port_and_a_certificate_that_nobody_knows_are_told(harvest: Harvest) -> None:
    asking = client()
    for url in ("http://127.0.0.1:1/x", f"https://127.0.0.1:{harvest.endpoint.port}/x"):
        with pytest.raises(Fault) as fault:
            asking.get(url, headers={}, secret={"apikey": "hush"}, largest=10)
        assert fault.value.kind is FaultKind.NO_ANSWER
        assert "hush" not in fault.value.message
    asking.close()
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
