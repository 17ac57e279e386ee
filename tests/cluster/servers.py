"""The servers an installation on a cluster leans on, real ones, at an address that its pods reach: all by TLS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.adapters.demonstration_database import DemonstrationDatabase
from orchestrator.adapters.objects.connection import Bucket, Keys
from orchestrator.adapters.vault.embedded import EmbeddedVault
from orchestrator.adapters.vault.templates import _stanza
from orchestrator.assembly.installation.programs import Program
from tests.cluster.pki import TestAuthority
from tests.contract.objects_world import _IAM, _S3, BROKER, ROLE, check_room


@dataclass(frozen=True, kw_only=True)
class ReachableDatabase(DemonstrationDatabase):
    """The demonstration's PostgreSQL, also at an address that pods reach, by TLS."""

    host: str
    authority: TestAuthority

    def configure(self) -> None:
        super().configure()
        cluster = self._cluster
        for source, name in zip(self.authority.issue("postgres", self.host), ("server.crt", "server.key"), strict=True):
            shutil.copy(source, cluster / name)
            (cluster / name).chmod(0o600)
            if os.geteuid() == 0:
                owner = cluster.stat()
                os.chown(cluster / name, owner.st_uid, owner.st_gid)
        with (cluster / "pg_hba.conf").open("a") as rules:
            rules.write("hostssl all all 0.0.0.0/0 scram-sha-256\n")
        with (cluster / "tre.conf").open("a") as settings:
            settings.write(f"listen_addresses = '127.0.0.1,{self.host}'\nssl = 'on'\n")


@dataclass(frozen=True, kw_only=True)
class ReachableVault(EmbeddedVault):
    """The embedded OpenBao with a second door, by TLS, and Kubernetes authentication set up for one cluster."""

    host: str
    door: int
    authority: TestAuthority
    api_server: str
    api_authority: str
    reviewer_token: str

    @property
    def outside(self) -> str:
        """Where agents find it."""
        return f"https://{self.host}:{self.door}"

    def command(self) -> tuple[list[str], dict[str, str]]:
        certificate, key = self.authority.issue("vault", self.host)
        lines = {
            "address": f"{self.host}:{self.door}",
            "cluster_address": f"127.0.0.1:{self.door + 1}",
            "tls_cert_file": certificate,
            "tls_key_file": key,
        }
        listener = "".join(f'  {name} = "{value}"\n' for name, value in lines.items())
        (self.directory / "door.hcl").write_text(f'listener "tcp" {{\n{listener}}}\n')
        arguments, environment = super().command()
        arguments.append(f"-config={self.directory / 'door.hcl'}")
        if not (self.directory / "settled").exists():
            (self.directory / "kubernetes.hcl").write_text(self._first_login())
            arguments.append(f"-config={self.directory / 'kubernetes.hcl'}")
        return arguments, environment

    def _first_login(self) -> str:
        configuration = {
            "kubernetes_host": self.api_server,
            "kubernetes_ca_cert": self.api_authority,
            "token_reviewer_jwt": self.reviewer_token,
        }
        return "\n".join(
            [
                _stanza("kubernetes", "sys/auth/kubernetes", {"type": "kubernetes"}),
                _stanza("kubernetesconfig", "auth/kubernetes/config", configuration),
            ]
        )


def postgresql_with_tls() -> Path:
    """Return Debian's PostgreSQL: the wheel's speaks no TLS, and agents accept nothing else."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert found, "these tests need Debian's PostgreSQL server: apt install postgresql"
    return found[-1]


def vault_program(vault: ReachableVault) -> Program:
    """Return the Vault as a program of an installation."""

    def command() -> tuple[Sequence[str], dict[str, str]]:
        vault.configure()
        return vault.command()

    return Program("vault", command, vault.wait_until_ready, ("127.0.0.1", vault.port))


def database_program(database: ReachableDatabase, load: Callable[[], None]) -> Program:
    """Return the database as a program of an installation; ``load`` fills it once it runs."""

    def command() -> tuple[Sequence[str], dict[str, str]]:
        database.configure()
        return database.command()

    return Program("postgres", command, load, ("127.0.0.1", database.port))


def reviewer_token(kubeconfig: Path, name: str) -> str:
    """Make the account by which Vault asks the API server about tokens; return a token of it."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
    }
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": [account, binding]})
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    subprocess.run(
        ["kubectl", "apply", "-f", "-"], input=given, text=True, check=True, env=environment, stdout=subprocess.DEVNULL
    )
    asked = ["kubectl", "create", "token", name, "-n", "default", "--duration=6h"]
    return subprocess.run(asked, text=True, check=True, env=environment, capture_output=True).stdout.strip()


def forget_reviewer(name: str) -> None:
    """Take the account and its right away again."""
    asked = ["kubectl", "delete", f"serviceaccount/{name}", f"clusterrolebinding/{name}", "-n", "default"]
    subprocess.run([*asked, "--wait=false", "--ignore-not-found"], check=False, timeout=60, capture_output=True)


@dataclass
class ReachableStore:
    """SeaweedFS at an address that pods reach, its S3 port by TLS."""

    directory: Path
    host: str
    first_port: int
    authority: TestAuthority

    @property
    def endpoint(self) -> str:
        return f"https://{self.host}:{self.first_port}"

    @property
    def bucket(self) -> Bucket:
        return Bucket(
            endpoint=self.endpoint, region="us-east-1", name="sealed", keys=BROKER, authority=self.authority.file
        )

    def settings(self, name: str) -> dict[str, Any]:
        """Return what ``stores`` says of one of its buckets."""
        return {
            "endpoint": self.endpoint,
            "bucket": name,
            "access_key_file": str(self._key("access", BROKER)),
            "secret_key_file": str(self._key("secret", BROKER)),
            "role_arn": ROLE,
            "certificate_authority": str(self.authority.file),
        }

    def program(self) -> Program:
        """Return it as a program of an installation."""
        self.directory.mkdir(parents=True, exist_ok=True)
        check_room(self.directory)
        return Program("store", self._command, self._ready, (self.host, self.first_port))

    def _key(self, name: str, keys: Keys) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self.directory / f"{name}.key"
        file.write_text(keys.access_key if name == "access" else keys.secret_key)
        file.chmod(0o600)
        return file

    def _command(self) -> tuple[Sequence[str], dict[str, str]]:
        data = self.directory / "data"
        data.mkdir(parents=True, exist_ok=True)
        (self.directory / "s3.json").write_text(json.dumps(_S3))
        (self.directory / "iam.json").write_text(json.dumps(_IAM))
        certificate, key = self.authority.issue("store", self.host)
        names = (
            "s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
            "filer.port", "filer.port.grpc",
        )  # fmt: skip
        ports = [f"-{name}={self.first_port + 1 + offset}" for offset, name in enumerate(names)]
        command = [
            str(Path(sys.executable).with_name("weed")), "server", f"-dir={data}", "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1", "-filer", f"-filer.localSocket={self.directory}/f.sock", "-s3",
            f"-s3.localSocket={self.directory}/s.sock", f"-s3.config={self.directory}/s3.json",
            f"-s3.iam.config={self.directory}/iam.json", f"-s3.ip.bind={self.host}",
            f"-s3.port.https={self.first_port}", f"-s3.cert.file={certificate}", f"-s3.key.file={key}",
            "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=64", "-volume.max=20", *ports,
        ]  # fmt: skip
        return command, {"PATH": os.defpath, "HOME": str(self.directory)}

    def _ready(self) -> None:
        deadline = time.monotonic() + 120
        while True:
            client: Any = self.bucket.client()
            try:
                known = {item["Name"] for item in client.list_buckets()["Buckets"]}
                for name in {"datasets", "sealed"} - known:
                    client.create_bucket(Bucket=name)
                client.put_object(Bucket="sealed", Key="probe", Body=b"1")
                client.delete_object(Bucket="sealed", Key="probe")
            except (ClientError, BotoCoreError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return


__all__ = [
    "ReachableDatabase",
    "ReachableStore",
    "ReachableVault",
    "database_program",
    "forget_reviewer",
    "postgresql_with_tls",
    "reviewer_token",
    "vault_program",
]
