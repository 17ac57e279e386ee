"""A puller that is killed with SIGKILL, twice, asks at most once more for what it was asking for; and the protocol."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from benchmarks.harvest import Hub
from orchestrator.discovery.harvest.model import PullState
from tests.discovery.conftest import DATA

from .endpoint import CustodianEndpoint, running


def test_a_puller_that_is_killed_is_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    with running(CustodianEndpoint()) as endpoint:
        for number in range(40):
            endpoint.put(f"set-{number:02}")
        hub = Hub(tmp_path, endpoint)
        endpoint.asked.clear()
        for enough in (10, 25):
            process = hub.process()
            while len(endpoint.records_asked()) < enough:
                assert process.poll() is None
                time.sleep(0.01)
            process.kill()
            assert process.wait() == -9
        hub.run()
        pull = hub.last()
        times = Counter(endpoint.records_asked())
        assert (pull.state, pull.taken, len(times)) == (PullState.DONE, 40, 40)
        assert sum(times.values()) <= 42
        assert endpoint.lists_asked() == 1
        hub.record.engine.dispose()


def test_our_endpoint_of_tests_speaks_the_published_protocol() -> None:
    path = DATA / "hdruk-federation-list.schema.json"
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing; set TRE_TEST_DATA to the folder of test data")
        pytest.skip(f"{path} is not on this machine; set TRE_TEST_DATA")
    schema = json.loads(path.read_text())
    with running(CustodianEndpoint()) as endpoint:
        for number in range(3):
            endpoint.put(f"set-{number}")
        page = endpoint.page(0, 2)
    assert len(page["items"]) == 2
    errors = [each.message for each in jsonschema.Draft7Validator(schema).iter_errors(page)]
    assert errors == []
