"""The attack as a process: a request on a descriptor, an answer on standard output, limits in between."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

import pytest

from orchestrator.airlock.ledger.knowledge import Known
from orchestrator.airlock.ledger.numbers import Numbers, numbers_of
from orchestrator.airlock.ledger.process import answer_for, request_for
from orchestrator.airlock.ledger.wording import LedgerFinding
from orchestrator.airlock.packs import load_pack
from tests.airlock.ledger.outsider import found, known, released, tables
from tests.airlock.world import PACK

MASKED = "region,F,M,All\nnorth,30,,30\nsouth,25,40,65\neast,20,21,41\nAll,75,61,136\n"
ONE_WAY = "region,n\nnorth,33\nsouth,65\neast,41\n"


def request(**more) -> dict:
    new, earlier = tables(MASKED, "masked.csv"), released(tables(ONE_WAY, "regions.csv"))
    return request_for(new, earlier, Numbers(), project="ours", versions=frozenset(), **more)


def run(asked: bytes) -> subprocess.CompletedProcess:
    with tempfile.TemporaryFile() as file:
        file.write(asked)
        file.seek(0)
        return subprocess.run(
            [sys.executable, "-m", "orchestrator.airlock.ledger.process", str(file.fileno())],
            pass_fds=[file.fileno()],
            capture_output=True,
            timeout=120,
            check=False,
        )


def test_the_process_answers_as_the_function_does():
    done = run(json.dumps(request(view=True)).encode())
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    assert answer["complete"] is True
    new, earlier = tables(MASKED, "masked.csv"), released(tables(ONE_WAY, "regions.csv"))
    assert [LedgerFinding.from_json(each) for each in answer["findings"]] == found(new, earlier)
    assert [Known.from_json(each) for each in answer["known"]] == list(known(new, earlier).values())


@pytest.mark.parametrize("asked", [b"", b"{", b"[]", b"{}", b'{"memory_mib": "x"}'], ids=repr)
def test_a_request_that_is_none_gets_no_answer(asked: bytes):
    done = run(asked)
    assert done.returncode != 0
    assert done.stdout == b""


def test_too_little_memory_gives_no_answer():
    asked = request(memory_mib=1)
    asked["released"] *= 400
    done = run(json.dumps(asked).encode())
    assert done.returncode != 0
    assert done.stdout == b""


def test_a_request_is_plain_json():
    asked = request()
    assert answer_for(json.loads(json.dumps(asked))) == answer_for(asked)


def test_a_released_table_that_is_spoilt_is_refused():
    asked = request()
    asked["released"][0]["table"]["facts"][0][1] = -4
    with pytest.raises(ValueError, match="no count can have"):
        answer_for(asked)


def test_the_process_needs_no_database_and_no_web():
    program = (
        "import sys, orchestrator.airlock.ledger.process\n"
        "print([each for each in ('sqlalchemy', 'fastapi', 'scipy', 'pandas', 'yaml') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, check=True)
    assert done.stdout.decode().strip() == "[]"


def test_numbers_come_from_the_pack():
    numbers = numbers_of(load_pack(PACK))
    assert numbers.threshold == 10
    assert Numbers.from_json(numbers.as_json()) == numbers
    with pytest.raises(TypeError):
        Numbers.from_json({"treshold": 3})
