"""The package a release is collected in: complete, the same each time, and verified with a public key alone."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from orchestrator.airlock.model import Submission
from orchestrator.airlock.release.bag import pack, verify_package
from orchestrator.core.errors import Unavailable
from tests.airlock.world import SAFE, World

FILES = {"table.csv": SAFE, "words 100%.txt": b"We studied 240 people.\n"}


@pytest.fixture
def release(world: World) -> tuple[Submission, bytes, list]:
    submission = world.released(FILES)
    directory = world.desk.frozen.released(submission.submission_id)
    files = [(file.name, directory / file.sha256, file.sha256) for file in submission.files]
    document = world.service.signed_record(world.actor(world.author), submission.submission_id)
    return submission, document, files


def packed(release) -> bytes:
    submission, document, files = release
    out = io.BytesIO()
    pack(out, submission.submission_id, document, files)
    return out.getvalue()


def changed(content: bytes, into: Path, change) -> Path:
    """Write the package again with ``change`` made to its files, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(into, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return into


def test_a_package_is_the_same_each_time_and_verifies(release, world, tmp_path):
    content = packed(release)
    assert content == packed(release)
    path = tmp_path / "release.zip"
    path.write_bytes(content)
    assert verify_package(path, world.signer.public_keys()) == []


def test_it_is_a_bag_with_right_manifests(release):
    submission = release[0]
    folder = f"release-{submission.submission_id}"
    with zipfile.ZipFile(io.BytesIO(packed(release))) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {folder}
        assert archive.read(f"{folder}/bagit.txt").startswith(b"BagIt-Version: 1.0\n")
        for manifest in ("manifest-sha512.txt", "tagmanifest-sha512.txt"):
            for line in archive.read(f"{folder}/{manifest}").decode().splitlines():
                digest, _, name = line.partition("  ")
                seen = archive.read(f"{folder}/{name.replace('%25', '%')}")
                assert hashlib.sha512(seen).hexdigest() == digest
        payload = {name for name in archive.namelist() if name.startswith(f"{folder}/data/")}
        assert len(archive.read(f"{folder}/manifest-sha512.txt").splitlines()) == len(payload) == 4


def test_the_crate_names_files_author_checkers_and_rules_and_no_words(release, world):
    with zipfile.ZipFile(io.BytesIO(packed(release))) as archive:
        name = next(each for each in archive.namelist() if each.endswith("ro-crate-metadata.json"))
        text = archive.read(name).decode()
    graph = {each["@id"]: each for each in json.loads(text)["@graph"]}
    root = graph["./"]
    assert root["conformsTo"] == {"@id": "https://w3id.org/5s-crate/0.4"}
    assert {each["@id"] for each in root["hasPart"]} == {"record.json", *(f"files/{name}" for name in FILES)}
    checks = [
        each for each in graph.values() if each.get("additionalType") == {"@id": "https://w3id.org/shp#DisclosureCheck"}
    ]
    agents = {each["agent"]["@id"] for each in checks}
    assert agents == {"#airlock", *(f"#person-{each}" for each in world.checkers[:2])}
    assert all(reference in graph for reference in agents)
    assert "Ages by arm" not in text
    assert "no small groups" not in text


def named(files: dict[str, bytes], part: str) -> str:
    return next(name for name in files if part in name)


def one_byte_more(files: dict[str, bytes]) -> None:
    files[named(files, "table.csv")] += b" "


def left_out(files: dict[str, bytes]) -> None:
    del files[named(files, "table.csv")]


def one_more(files: dict[str, bytes]) -> None:
    files[named(files, "table.csv").replace("table", "more")] = b"x"


def told_otherwise(files: dict[str, bytes]) -> None:
    crate = named(files, "ro-crate")
    files[crate] = files[crate].replace(b"approved", b"disputed")


def loose(files: dict[str, bytes]) -> None:
    files[next(iter(files)).split("/")[0] + "/run.sh"] = b"x"


def second_folder(files: dict[str, bytes]) -> None:
    files["other/x"] = b"x"


def another_round(files: dict[str, bytes]) -> None:
    record = named(files, "/record.json")
    files[record] = files[record].replace(b'"round":1', b'"round":2')


def no_record(files: dict[str, bytes]) -> None:
    del files[named(files, "/record.json")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (one_byte_more, "not what was released"), (left_out, "missing"), (one_more, "not among"),
        (told_otherwise, "something else"), (loose, "does not belong"), (second_folder, "one folder"),
        (another_round, "signature"), (no_record, "cannot be read"),
    ],
)  # fmt: skip
def test_whatever_was_changed_is_found(release, world, tmp_path, change, words):
    path = changed(packed(release), tmp_path / "changed.zip", change)
    problems = verify_package(path, world.signer.public_keys())
    assert problems
    assert words in " ".join(problems)


def test_what_is_no_package_is_said_to_be_none(tmp_path, world):
    path = tmp_path / "no.zip"
    path.write_bytes(b"PK\x03\x04 nothing")
    assert "cannot be read" in verify_package(path, world.signer.public_keys())[0]
    assert "cannot be read" in verify_package(tmp_path / "absent.zip", world.signer.public_keys())[0]


def test_an_altered_released_file_is_not_handed_out(release, tmp_path):
    submission, document, files = release
    name, path, sha256 = files[0]
    copy = tmp_path / "copy"
    shutil.copy(path, copy)
    copy.chmod(0o600)
    copy.write_bytes(copy.read_bytes() + b"4")
    with pytest.raises(Unavailable, match="altered"):
        pack(io.BytesIO(), submission.submission_id, document, [(name, copy, sha256)])
