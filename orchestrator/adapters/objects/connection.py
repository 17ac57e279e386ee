"""One bucket of an S3 store: how it is reached, and what its errors mean in words."""

from __future__ import annotations

import contextlib
import http
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import urllib3.exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ...core.errors import Invalid, NotFound, OrchestratorError, Refused, Unavailable

__all__ = ["Bucket", "Keys", "check_prefix", "in_words"]

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_ATTEMPTS = 3
_PREFIX = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)+", re.ASCII)
_LONGEST_PREFIX = 512
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_REFUSED = frozenset(
    {
        "403",
        "AccessDenied",
        "AllAccessDisabled",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
_ERRORS = (BotoCoreError, ClientError, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """An access key with its secret, and the token that short-lived ones carry. Never shown by accident."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """One bucket. ``authority`` is the file of the certificate authority that its endpoint's certificate is from.

    ``path_style`` puts the bucket's name into the path, as most stores outside AWS want it. Proxies and settings of the
    surroundings are not used: data go where the settings say, and nowhere else.
    """

    endpoint: str
    region: str
    name: str
    keys: Keys
    path_style: bool = True
    authority: Path | None = None
    read_seconds: float = _READ_SECONDS
    attempts: int = _ATTEMPTS

    def client(self, service: str = "s3", *, endpoint: str = "") -> Any:
        """Return a client of this store's ``s3`` or ``sts``; every call has a deadline and few attempts."""
        session = boto3.session.Session(
            aws_access_key_id=self.keys.access_key,
            aws_secret_access_key=self.keys.secret_key,
            aws_session_token=self.keys.token or None,
            region_name=self.region,
        )
        return session.client(
            service,
            endpoint_url=endpoint or self.endpoint,
            verify=str(self.authority) if self.authority else True,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=self.read_seconds,
                retries={"mode": "standard", "total_max_attempts": self.attempts},
                proxies={},
                s3={"addressing_style": "path" if self.path_style else "virtual"},
                # hashes of our own cover all content; stores outside AWS refuse the newer checksums of S3
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def described(self) -> dict[str, Any]:
        """Return what an agent needs to reach this bucket, without any credentials."""
        return {
            "endpoint": self.endpoint,
            "region": self.region,
            "bucket": self.name,
            "path_style": self.path_style,
            "authority": self.authority.read_text() if self.authority else "",
        }


def check_prefix(prefix: str) -> str:
    """Return ``prefix`` if it names a folder of objects plainly, so that it means the same in every policy."""
    if len(prefix) > _LONGEST_PREFIX or not _PREFIX.fullmatch(prefix):
        raise Invalid(
            f"“{prefix[:80]}” cannot be a prefix: use names of letters, digits, “.”, “_” and “-”, each ended by “/” "
            "and none of them beginning with a dot.",
            field="prefix",
        )
    return prefix


@contextlib.contextmanager
def in_words(doing: str, *, writes: bool = False) -> Iterator[None]:
    """Turn the client's errors into ours. ``doing`` completes “The object store …”; ``writes``: it may be done."""
    try:
        yield
    except OrchestratorError:
        raise
    except ClientError as error:
        raise _refusal(error.response, doing, writes=writes) from error
    except _ERRORS as error:
        raise Unavailable(
            f"The object store could not {doing} ({type(error).__name__}): check its address, its certificate and "
            "that it runs; it is tried again.",
            system="object store",
            unknown_outcome=writes,
        ) from error


def _refusal(answer: Mapping[str, Any], doing: str, *, writes: bool) -> OrchestratorError:
    code = str(answer.get("Error", {}).get("Code", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING or status == http.HTTPStatus.NOT_FOUND:
        return NotFound(f"The object store could not {doing}: there is no such bucket or object ({code}).")
    if code in _REFUSED or status in {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}:
        return Refused(f"The object store refused to {doing} ({code}): check the rights and the end of its keys.")
    return Unavailable(
        f"The object store could not {doing} ({code or status}); it is tried again.",
        system="object store",
        unknown_outcome=writes and status >= http.HTTPStatus.INTERNAL_SERVER_ERROR,
    )
