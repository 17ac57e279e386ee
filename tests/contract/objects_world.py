"""A real S3 store with short-lived credentials on loopback: one broker that may assume one wide role, two buckets."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from orchestrator.adapters.objects.connection import Bucket, Keys
from orchestrator.adapters.objects.short_lived import ShortLived
from tests.ports import free_port

ROLE = "arn:aws:iam::role/tre-reader"
BROKER = Keys(access_key="broker-key", secret_key="broker-secret-" + "x" * 20)
OWNER = Keys(access_key="owner-key", secret_key="owner-secret-" + "x" * 20)
_S3 = {
    "identities": [
        {
            "name": name,
            "credentials": [{"accessKey": keys.access_key, "secretKey": keys.secret_key}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        for name, keys in (("broker", BROKER), ("owner", OWNER))
    ]
}
_IAM = {
    "sts": {
        "tokenDuration": "1h",
        "maxSessionLength": "12h",
        "issuer": "test-sts",
        "signingKey": base64.b64encode(b"k" * 32).decode(),
    },
    "policy": {"defaultEffect": "Deny", "storeType": "memory"},
    "policies": [
        {
            "name": "WideReading",
            "document": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}],
            },
        }
    ],
    "roles": [
        {
            "roleName": "tre-reader",
            "roleArn": ROLE,
            "attachedPolicies": ["WideReading"],
            "trustPolicy": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": ["arn:aws:iam::000000000000:user/broker"]},
                        "Action": ["sts:AssumeRole"],
                    }
                ],
            },
        }
    ],
}

_ROOM_BYTES = 5_000_000_000


def check_room(directory: Path) -> None:
    """Fail in words where the disk is nearly full: the store would answer writes with InternalError and no reason."""
    free = shutil.disk_usage(directory).free
    assert free >= _ROOM_BYTES, (
        f"The object store of these tests needs {_ROOM_BYTES / 1e9:.0f} GB of free disk, and where {directory} lies "
        f"{free / 1e9:.1f} GB are free. Make room and run the tests again: on a full disk it refuses to write."
    )


@dataclass
class Store:
    """A running store. ``bucket`` is reached with the broker's keys."""

    directory: Path
    port: int
    grpc_port: int
    tls: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path | None:
        return self.directory / "store.crt" if self.tls else None

    def bucket(self, name: str = "datasets", keys: Keys = BROKER) -> Bucket:
        return Bucket(endpoint=self.endpoint, region="us-east-1", name=name, keys=keys, authority=self.authority)

    def short_lived(self, name: str = "datasets") -> ShortLived:
        return ShortLived(bucket=self.bucket(name), role=ROLE)

    def put(self, key: str, content: bytes, *, bucket: str = "datasets") -> None:
        self.bucket().client().put_object(Bucket=bucket, Key=key, Body=content)

    def keys(self, prefix: str = "", *, bucket: str = "datasets") -> set[str]:
        found = self.bucket().client().list_objects_v2(Bucket=bucket, Prefix=prefix)
        return {item["Key"] for item in found.get("Contents", ())}

    def start(self) -> None:
        check_room(self.directory)
        config, iam = self.directory / "s3.json", self.directory / "iam.json"
        config.write_text(json.dumps(_S3))
        iam.write_text(json.dumps(_IAM))
        certificate = ()
        if self.tls:
            _certificate(self.directory / "store.crt", self.directory / "store.key")
            certificate = (f"-s3.cert.file={self.directory}/store.crt", f"-s3.key.file={self.directory}/store.key")
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        ports = [free_port() for _ in range(6)]
        named = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
        command = [
            str(Path(sys.executable).with_name("weed")), "server", f"-dir={data}", "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1", "-filer", f"-filer.localSocket={self.directory}/filer.sock", "-s3",
            f"-s3.localSocket={self.directory}/s3.sock", f"-s3.port={self.port}", f"-s3.port.grpc={self.grpc_port}",
            f"-s3.config={config}", f"-s3.iam.config={iam}", "-master.volumeSizeLimitMB=64", "-volume.max=20",
            "-s3.port.iceberg=0", "-s3.port.lance=0",
            *certificate, *(f"-{name}={port}" for name, port in zip(named, ports, strict=False)),
        ]  # fmt: skip
        with (self.directory / "weed.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.directory, env=dict(os.environ)
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 200
        client: Any = self.bucket().client()
        wanted = {"datasets", "sealed"}
        while True:
            assert self.process is not None
            assert self.process.poll() is None, (self.directory / "weed.log").read_text()[-3000:]
            try:
                known = {item["Name"] for item in client.list_buckets()["Buckets"]}
                for name in wanted - known:
                    client.create_bucket(Bucket=name)
                client.put_object(Bucket="sealed", Key="probe", Body=b"1")
                client.delete_object(Bucket="sealed", Key="probe")
            except (ClientError, BotoCoreError):
                assert time.monotonic() < deadline, (self.directory / "weed.log").read_text()[-3000:]
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        """End it at once, as when its machine fails."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """End it for good; told politely it takes half a minute, and what it holds is thrown away anyhow."""
        self.kill()
        for socket in Path("/tmp").glob(f"seaweedfs-*-{self.grpc_port}.sock"):
            socket.unlink(missing_ok=True)


def _certificate(certificate: Path, key: Path) -> None:
    """Make a certificate for loopback that is its own authority."""
    if certificate.exists():
        return
    made = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store")]), datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(made, SHA256())
    )
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@contextlib.contextmanager
def running_store(directory: Path, *, tls: bool = False) -> Iterator[Store]:
    """A fresh store, ended when done."""
    directory.mkdir(parents=True, exist_ok=True)
    store = Store(directory=directory, port=free_port(), grpc_port=free_port(), tls=tls)
    try:
        store.start()
        yield store
    finally:
        store.stop()
