"""Checks and makes the signatures of visas: keys of trusted issuers, and a key of our own from a file."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet

from orchestrator.core.clock import Clock, system_clock
from orchestrator.core.errors import Invalid, Refused, Unavailable

from .oidc_tokens import usable_keys

__all__ = ["ALGORITHMS", "FileSigner", "IssuerKeys", "TrustedReader", "keys_from_address", "keys_from_file", "make_key"]

_log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Signatures by keys whose private half only the issuer has; never ``none`` and never a shared secret."""

_TYPES = frozenset({"vnd.ga4gh.visa+jwt", "application/vnd.ga4gh.visa+jwt", "jwt", "at+jwt"})
_KEYS_LIVE = timedelta(hours=1)
_KEYS_REST = timedelta(seconds=30)
_SECONDS = 10.0
_LARGEST = 1_000_000

Keys = Callable[[], Mapping[str, Any]]
"""Returns an issuer's JSON Web Key Set, or raises ``Unavailable``."""


class IssuerKeys:
    """One issuer's keys: ``address`` is the only place that a token may say they are at."""

    def __init__(self, fetch: Keys, *, address: str = "", clock: Clock = system_clock) -> None:
        self.address = address
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._at: datetime | None = None

    def keys(self, *, newer_than: timedelta = _KEYS_LIVE) -> KeySet:
        """Return the keys, fetched again when they are older than that."""
        with self._lock:
            now = self._clock()
            if self._keys is None or self._at is None or now - self._at >= newer_than:
                self._keys, self._at = usable_keys(self._fetch()), now
            return self._keys


class TrustedReader:
    """Reads tokens of the issuers in the settings, and of nobody else. Implements ``VisaReader``."""

    def __init__(self, issuers: Mapping[str, IssuerKeys]) -> None:
        self._issuers = dict(issuers)

    def read(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token that a trusted issuer signed with a key of its own."""
        header, claims = _unverified(token)
        issuer = self._issuers.get(str(claims.get("iss", "")))
        if issuer is None:
            raise _refused("this installation does not trust its issuer")
        _check_header(header, issuer.address)
        try:
            return self._verified(token, issuer.keys())
        except InvalidKeyIdError:
            pass
        try:
            return self._verified(token, issuer.keys(newer_than=_KEYS_REST))
        except InvalidKeyIdError as error:
            raise _refused("its key is not among those of its issuer") from error

    def _verified(self, token: str, keys: KeySet) -> Mapping[str, Any]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SecurityWarning)
                claims: dict[str, Any] = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            raise
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _refused(f"its signature does not hold ({type(error).__name__})") from error
        return claims


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return header and claims as they are written, only to know whose keys to check them with."""
    try:
        found = jws.extract_compact(token.encode("ascii"))
        claims = json.loads(found.payload)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise _refused("it is no signed token") from error
    if not isinstance(claims, dict):
        raise _refused("it is no signed token")
    return found.headers(), claims


def _check_header(header: Mapping[str, Any], address: str) -> None:
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.casefold() not in _TYPES:
        raise _refused("it is a token of another kind")
    if not isinstance(header.get("kid"), str):
        raise _refused("it does not say which key signed it")
    named = header.get("jku")
    if named is not None and named != address:
        raise _refused("it points to keys that are not those of its issuer")
    if any(name in header for name in ("jwk", "x5u", "x5c", "crit")):
        raise _refused("it brings a key of its own")


def keys_from_file(file: Path) -> Keys:
    """Return the keys of a file that holds a JSON Web Key Set."""

    def fetch() -> Mapping[str, Any]:
        try:
            return _document(file.read_bytes()[: _LARGEST + 1])
        except OSError as error:
            raise _unavailable(f"{file} cannot be read") from error

    return fetch


def keys_from_address(address: str) -> Keys:
    """Return the keys at an https address, or at http on this machine; redirects are not followed."""
    parts = httpx.URL(address)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.host in ("localhost", "127.0.0.1", "::1"))):
        raise Invalid("The keys of an issuer of visas must be at an https address.", field="visas.trusted.keys_url")

    def fetch() -> Mapping[str, Any]:
        end, body = time.monotonic() + _SECONDS, b""
        try:
            with (
                httpx.Client(timeout=_SECONDS, trust_env=False, follow_redirects=False) as client,
                client.stream("GET", address, headers={"Accept": "application/json"}) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise _unavailable(f"it answered {answer.status_code}")
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _LARGEST or time.monotonic() > end:
                        raise _unavailable("its answer is too long or too slow")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unavailable(type(error).__name__) from error
        return _document(body)

    return fetch


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unavailable("its keys are no JSON") from error
    if not isinstance(document, dict):
        raise _unavailable("its keys are no JSON object")
    return document


class FileSigner:
    """Signs with a private P-256 key from a file that only the portal's account may read. Implements ``VisaSigner``."""

    def __init__(self, file: Path, *, address: str) -> None:
        """Read the key; raises ``Invalid`` when there is none, or when others could read it as well."""
        try:
            if file.stat().st_mode & 0o077:
                raise Invalid(
                    f"{file} can be read by others than its owner; set its mode to 600.", field="visas.key_file"
                )
            key = ECKey.import_key(file.read_text())
        except (OSError, JoseError, ValueError, TypeError) as error:
            raise Invalid(f"{file} holds no private key in PEM that can be read.", field="visas.key_file") from error
        if not key.is_private or key.curve_name != "P-256":
            raise Invalid(f"{file} must hold a private key on the curve P-256.", field="visas.key_file")
        self._key = key
        self._header = {
            "alg": "ES256",
            "typ": "vnd.ga4gh.visa+jwt",
            "kid": key.thumbprint(),
            "jku": f"{address.rstrip('/')}/visas/keys",
        }

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Sign claims as a visa document token."""
        return jwt.encode(self._header, dict(claims), self._key)

    def public_keys(self) -> Mapping[str, Any]:
        """Return the public half as a key set."""
        public = {**self._key.as_dict(private=False), "kid": self._header["kid"], "use": "sig", "alg": "ES256"}
        return {"keys": [public]}


def make_key(file: Path) -> None:
    """Write a new key for signing visas to a file that must not exist yet."""
    pem = ECKey.generate_key("P-256").as_pem(private=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(pem)
    except FileExistsError as error:
        raise Invalid(f"{file} exists already; choose another name.", field="FILE") from error
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}.", field="FILE") from error


def _refused(why: str) -> Refused:
    _log.warning("a visa was refused: %s", why[:200])
    return Refused(f"This visa was not accepted: {why}.")


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        f"The keys of the visa's issuer cannot be had now ({why}); try again shortly.", system="visa issuer"
    )
