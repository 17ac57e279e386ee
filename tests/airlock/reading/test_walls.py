"""Every kind is read and made anew behind the walls of an inspection: no thread, no file, no network, 1 GiB."""

from __future__ import annotations

import pytest

from orchestrator.adapters.inspection import IsolatedInspector
from orchestrator.airlock.packs import load_pack
from tests.airlock.reading.test_limits import WHOLE
from tests.airlock.world import PACK

RULES = load_pack(PACK)


@pytest.mark.parametrize("kind", [kind for kind in WHOLE if kind != "zip"])
def test_a_file_is_read_to_its_end_behind_the_walls(kind, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(WHOLE[kind])
    found = IsolatedInspector().inspect(path, name="file", sha256="", pack=RULES)
    assert found.kind == kind
    assert [each for each in found.findings if each.rule == "INSPECTION_INCOMPLETE"] == []
