"""Malformed and well-formed input to every address of the API, made from its description: never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.web.world import World, make_world

HOST = {"host": "localhost:8700"}
CHECKS = [not_a_server_error, content_type_conformance, status_code_conformance]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that strange requests may change."""
    world = make_world(tmp_path_factory.mktemp("malformed"))
    yield world
    world.house.record.engine.dispose()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_input_of_anybody_is_answered_with_a_fault_of_ours(asked: World, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_asgi("/api/v1/openapi.json", asked.app, headers=HOST)
    bearers = [{}, asked.bearer("operator"), asked.bearer("researcher")]
    operations = 0
    for found in described.get_all_operations():
        operation = found.ok()
        operations += 1

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=4,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case) -> None:
            for bearer in bearers:
                case.call_and_validate(headers=HOST | bearer, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, operation.label
    assert operations > 35
