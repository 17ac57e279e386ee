"""Against a real S3 store: credentials that read one prefix and nothing else, and sealed versions kept as objects."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orchestrator.adapters.objects import sealed as sealed_objects
from orchestrator.adapters.objects.connection import Bucket, Keys, check_prefix
from orchestrator.adapters.objects.reading import ObjectReader, Seen
from orchestrator.adapters.objects.sealed import SealedObjects
from orchestrator.adapters.objects.short_lived import ShortLived
from orchestrator.adapters.sealed_store import SealedDirectory
from orchestrator.adapters.sealed_stream import CHUNK, open_stream
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.credentials.manifest import file_context, manifest_digest
from tests.contract.credentials_world import short_directory
from tests.contract.objects_world import BROKER, OWNER, ROLE, Store, check_room, running_store

KEY = bytes(range(32))
CONTENT = {"large.bin": os.urandom(3 * CHUNK + 5), "a/table.csv": b"a,b\n1,2\n", "empty": b""}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with short_directory() as directory, running_store(directory / "s3") as running:
        yield running


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "arrival"
    for name, content in CONTENT.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    return source


def _keys(given: Any) -> Keys:
    keys = given["credentials"]
    return Keys(access_key=keys["access_key"], secret_key=keys["secret_key"], token=keys["token"])


# ---- credentials for one prefix ---------------------------------------------------------------------------------


def test_short_lived_credentials_read_one_prefix_and_nothing_else(store: Store) -> None:
    for key in ("p/one/a", "p/one/b/c", "p/one-more/x", "p/two/x", "root"):
        store.put(key, key.encode())
    given = store.short_lived().reading("p/one/", new_id())
    client = store.bucket(keys=_keys(given)).client()
    assert client.get_object(Bucket="datasets", Key="p/one/b/c")["Body"].read() == b"p/one/b/c"
    listed = client.list_objects_v2(Bucket="datasets", Prefix="p/one/")["Contents"]
    assert {item["Key"] for item in listed} == {"p/one/a", "p/one/b/c"}
    refused: dict[str, Callable[[], Any]] = {
        "another prefix": lambda: client.get_object(Bucket="datasets", Key="p/two/x"),
        "a prefix that begins alike": lambda: client.get_object(Bucket="datasets", Key="p/one-more/x"),
        "an object beside": lambda: client.get_object(Bucket="datasets", Key="root"),
        "put": lambda: client.put_object(Bucket="datasets", Key="p/one/new", Body=b"1"),
        "delete": lambda: client.delete_object(Bucket="datasets", Key="p/one/a"),
        "copy": lambda: client.copy_object(
            Bucket="datasets", Key="p/one/z", CopySource={"Bucket": "datasets", "Key": "p/two/x"}
        ),
        "list the bucket": lambda: client.list_objects_v2(Bucket="datasets"),
        "list the root": lambda: client.list_objects_v2(Bucket="datasets", Prefix=""),
        "list above": lambda: client.list_objects_v2(Bucket="datasets", Prefix="p/"),
        "list another": lambda: client.list_objects_v2(Bucket="datasets", Prefix="p/two/"),
        "another bucket": lambda: client.list_objects_v2(Bucket="sealed", Prefix="p/one/"),
        "a bucket of its own": lambda: client.create_bucket(Bucket="mine"),
        "begin an upload": lambda: client.create_multipart_upload(Bucket="datasets", Key="p/one/m"),
    }
    for what, attempt in refused.items():
        with pytest.raises(ClientError) as refusal:
            attempt()
        assert refusal.value.response["Error"]["Code"] == "AccessDenied", what
    assert store.keys("p/one") == {"p/one/a", "p/one/b/c", "p/one-more/x"}
    assert client.list_buckets().get("Buckets", []) == []


def test_credentials_end_by_themselves_and_only_the_broker_gets_them(store: Store) -> None:
    given: Any = store.short_lived().reading("p/one/", new_id())
    end = datetime.fromisoformat(given["credentials"]["until"])
    assert timedelta(minutes=14) < end - system_clock() <= timedelta(minutes=15, seconds=5)
    assert BROKER.secret_key not in repr(store.short_lived()) + str(given["credentials"])
    other = ShortLived(bucket=store.bucket(keys=OWNER), role=ROLE)
    with pytest.raises(Refused, match="refused to give"):
        other.reading("p/one/", new_id())
    with pytest.raises(Invalid, match="live 900"):
        ShortLived(bucket=store.bucket(), role=ROLE, seconds=899)


@pytest.mark.parametrize(
    "prefix", ["", "/", "a", "/a/", "a//", "../", "a/../", "./", "a/./b/", ".a/", "a*/", "a?/", "${x}/", "a b/", "ä/"]
)
def test_a_prefix_that_could_mean_more_than_it_says_is_refused(store: Store, prefix: str) -> None:
    with pytest.raises(Invalid):
        check_prefix(prefix)
    with pytest.raises(Invalid):
        store.short_lived().reading(prefix, new_id())


def test_what_goes_wrong_is_said_in_words(store: Store) -> None:
    wrong = Keys(access_key=BROKER.access_key, secret_key="wrong" * 8)
    with pytest.raises(Refused, match="SignatureDoesNotMatch"):
        list(ObjectReader(store.bucket(keys=wrong), "p/").list())
    with pytest.raises(NotFound):
        ObjectReader(store.bucket(), "p/").open("missing")
    with pytest.raises(NotFound, match="NoSuchBucket"):
        list(ObjectReader(store.bucket("nowhere"), "p/").list())
    away = Bucket(endpoint="http://127.0.0.1:9", region="x", name="b", keys=BROKER)
    with pytest.raises(Unavailable, match="check its address"):
        ObjectReader(away, "p/").open("x")


def test_the_marks_of_empty_folders_are_no_files(store: Store) -> None:
    store.put("marks/", b"")
    store.put("marks/a/b.csv", b"1")
    assert list(ObjectReader(store.bucket(), "marks/").list()) == [Seen(name="a/b.csv", size=1)]


# ---- sealed versions --------------------------------------------------------------------------------------------


def _sealed(store: Store, prefix: str = "v/") -> SealedObjects:
    return SealedObjects(store.short_lived("sealed"), prefix)


def test_a_version_sealed_as_objects_is_opened_with_its_short_lived_credentials(store: Store, source: Path) -> None:
    sealed, version_id = _sealed(store), new_id()
    version = sealed.seal(version_id, source, KEY, "vault:v1:x")
    assert _sealed(store).load(version_id) == version
    given: Any = sealed.source(version_id)
    reader = ObjectReader(store.bucket("sealed", _keys(given)), given["prefix"])
    digest = manifest_digest(version_id, version.files)
    opened = {}
    for file in version.files:
        with reader.open(file.stored_as) as ciphertext:
            opened[file.path] = b"".join(open_stream(KEY, file_context(version_id, file.path, digest), ciphertext))
    assert opened == CONTENT
    assert {name.removeprefix(f"v/{version_id}/") for name in store.keys(f"v/{version_id}/", bucket="sealed")} == {
        "manifest.json",
        *(file.stored_as for file in version.files),
    }
    with pytest.raises(Refused):
        ObjectReader(store.bucket("sealed", _keys(given)), f"v/{new_id()}/").open("manifest.json")


def test_large_files_go_in_parts_and_files_and_manifest_are_those_of_a_directory(
    store: Store, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_objects, "_PART", 5 << 20)
    (source / "huge.bin").write_bytes(os.urandom(12 << 20))
    version_id = new_id()
    version = _sealed(store).seal(version_id, source, KEY, "vault:v1:x")
    directory = SealedDirectory(tmp_path / "sealed")
    there = directory.directory(version_id)
    there.mkdir(parents=True)
    client = store.bucket("sealed").client()
    for key in store.keys(f"v/{version_id}/", bucket="sealed"):
        client.download_file("sealed", key, str(there / key.rpartition("/")[2]))
    assert directory.load(version_id) == version
    (huge,) = [file for file in version.files if file.path == "huge.bin"]
    context = file_context(version_id, "huge.bin", manifest_digest(version_id, version.files))
    with (there / huge.stored_as).open("rb") as ciphertext:
        assert b"".join(open_stream(KEY, context, ciphertext)) == (source / "huge.bin").read_bytes()


def test_sealing_again_gives_what_is_there_and_other_content_is_a_conflict(store: Store, source: Path) -> None:
    version_id = new_id()
    version = _sealed(store).seal(version_id, source, KEY, "vault:v1:x")
    assert _sealed(store).seal(version_id, source, bytes(32), "vault:v1:other") == version
    (source / "more").write_bytes(b"1")
    with pytest.raises(Conflict, match="new version"):
        _sealed(store).seal(version_id, source, KEY, "vault:v1:x")


def test_a_file_that_changes_while_it_is_sealed_leaves_nothing(
    store: Store, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    surveyed = sealed_objects.survey

    def change_afterwards(directory: Path) -> object:
        planned = surveyed(directory)
        (source / "large.bin").write_bytes(b"changed")
        return planned

    monkeypatch.setattr(sealed_objects, "survey", change_afterwards)
    version_id = new_id()
    with pytest.raises(Conflict, match="changed while"):
        _sealed(store).seal(version_id, source, KEY, "vault:v1:x")
    assert store.keys(f"v/{version_id}/", bucket="sealed") == set()
    with pytest.raises(NotFound, match="never sealed"):
        _sealed(store).load(version_id)


def test_killed_before_any_step_of_sealing_there_is_either_a_whole_version_or_none(store: Store, source: Path) -> None:
    for step in range(1, 40):
        version_id, sealed = new_id(), _sealed(store)
        done = _cut_at(sealed, step)
        with contextlib.suppress(_Cut):
            sealed.seal(version_id, source, KEY, "vault:v1:x")
        with pytest.raises(NotFound) if not done() else contextlib.nullcontext():
            _sealed(store).load(version_id)
        version = _sealed(store).seal(version_id, source, KEY, "vault:v1:y")
        assert store.keys(f"v/{version_id}/", bucket="sealed") == {
            f"v/{version_id}/{name}" for name in ("manifest.json", *(file.stored_as for file in version.files))
        }
        if done():
            return
    pytest.fail("sealing never completed")


class _Cut(BaseException):
    pass


def _cut_at(sealed: SealedObjects, step: int) -> Callable[[], bool]:
    """Let the client make ``step`` writes and fail from then on, as when the process is gone."""
    client, seen = sealed._client, []

    class Cutting:
        def __getattr__(self, name: str) -> Any:
            call = getattr(client, name)
            if name not in {"put_object", "upload_fileobj", "delete_object"}:
                return call

            def cutting(*arguments: Any, **named: Any) -> Any:
                if len(seen) >= step:
                    raise _Cut
                seen.append((name, named.get("Key", "")))
                return call(*arguments, **named)

            return cutting

    sealed._client = Cutting()
    return lambda: any(name == "put_object" and key.endswith("manifest.json") for name, key in seen)


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"version_id": 1}', b""])
def test_a_manifest_that_cannot_be_read_says_so(store: Store, text: bytes) -> None:
    version_id = new_id()
    store.put(f"v/{version_id}/manifest.json", text, bucket="sealed")
    with pytest.raises(Invalid, match="manifest"):
        _sealed(store).load(version_id)


# ---- the store of these tests itself --------------------------------------------------------------------------------


@pytest.mark.parametrize(("free", "words"), [(4_900_000_000, "4.9 GB are free. Make room"), (5_000_000_000, "")])
def test_a_disk_that_is_nearly_full_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, words: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: SimpleNamespace(free=free))
    with pytest.raises(AssertionError, match=words) if words else contextlib.nullcontext():
        check_room(tmp_path)
