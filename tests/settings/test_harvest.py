"""Settings of the harvest: what is refused, and what is closed by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.core.errors import Invalid
from orchestrator.settings import load_settings

SECRET = "custodian: North\n      origin: https://catalogue.example.org\n      file: /run/keys/north"


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "tre.yaml").write_text(text)
    return tmp_path


def test_nothing_but_the_public_network_is_allowed_by_default(tmp_path: Path) -> None:
    harvest = load_settings(tmp_path).harvest
    assert harvest.allowed_networks == ()
    assert harvest.secrets == {}
    assert harvest.decide_above_percent == 20


def test_a_secret_names_custodian_origin_and_file(tmp_path: Path) -> None:
    text = f"harvest:\n  allowed_networks: [10.7.0.0/16, 'fd00:1::/64']\n  secrets:\n    north:\n      {SECRET}\n"
    harvest = load_settings(written(tmp_path, text)).harvest
    assert [str(each) for each in harvest.allowed_networks] == ["10.7.0.0/16", "fd00:1::/64"]
    assert harvest.secrets["north"].file == Path("/run/keys/north")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("harvest: {allowed_networks: [10.7.0.1/16]}", "harvest.allowed_networks"),
        ("harvest: {allowed_networks: [everywhere]}", "harvest.allowed_networks"),
        ("harvest: {decide_above_percent: 0}", "harvest.decide_above_percent"),
        ("harvest: {page: 0}", "harvest.page"),
        ("harvest: {anything: 1}", "harvest.anything"),
        ("harvest: {secrets: {n: {custodian: N, origin: 'https://x.org/path', file: /f}}}", "harvest.secrets.n.origin"),
        ("harvest: {secrets: {n: {custodian: N, origin: 'ftp://x.org', file: /f}}}", "harvest.secrets.n.origin"),
        ("harvest: {secrets: {n: {custodian: N, origin: 'https://x.org', key: abc}}}", "harvest.secrets.n"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(Invalid) as refusal:
        load_settings(written(tmp_path, text))
    assert refusal.value.field.startswith(key)
