"""Sign-on through an OpenID provider: discovery, authorization code with PKCE, state and nonce, verified tokens."""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, quote_plus, urlencode, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from orchestrator.core.clock import Clock, system_clock
from orchestrator.core.errors import Invalid, Refused, Unavailable
from orchestrator.identity.model import SignOn
from orchestrator.identity.ports import SignOnAttempt

from .oidc_tokens import LoggedOut, UnknownKey, usable_keys, verify, verify_logout

__all__ = ["OpenIdProvider"]

_log = logging.getLogger(__name__)

_SYSTEM = "identity provider"
_SECONDS = 10.0
_LARGEST_ANSWER = 1_000_000
_KEYS_LIVE = timedelta(hours=1)
_KEYS_REST = timedelta(seconds=10)
_ATTEMPTS_KEPT = 10_000
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OpenIdProvider:
    """One configured issuer. Speaks only to that issuer's host and to ``other_hosts``; follows no redirect."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str = "",
        second_factor: frozenset[str] = frozenset(),
        other_hosts: frozenset[str] = frozenset(),
        clock: Clock = system_clock,
        seconds: float = _SECONDS,
    ) -> None:
        """Take the settings; nothing is asked of the provider before the first sign-on."""
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._second_factor = second_factor
        self._hosts = frozenset({_parts(issuer).hostname or ""}) | other_hosts
        self._clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] | None = None
        self._keys: KeySet | None = None
        self._keys_at = clock()
        self._used: OrderedDict[str, None] = OrderedDict()
        self._check_address(issuer, field="issuer")

    def begin(self, redirect_address: str) -> SignOnAttempt:
        """Start an attempt with fresh state, nonce and code verifier."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        address: str = prepare_grant_uri(
            self._discovered()["authorization_endpoint"],
            client_id=self._client_id,
            response_type="code",
            redirect_uri=redirect_address,
            scope="openid profile email",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return SignOnAttempt(address=address, state=state, nonce=nonce, verifier=verifier)

    def complete(self, attempt: SignOnAttempt, answer: Mapping[str, str], redirect_address: str) -> SignOn:
        """Check the provider's answer to exactly this attempt, exchange the code and verify the token."""
        code = self._code(attempt, answer)
        token = self._exchange(code, attempt.verifier, redirect_address)
        try:
            return self._verified(token, self._published_keys(), attempt)
        except UnknownKey:
            return self._verified_with_new_keys(token, attempt)

    def sign_out_address(self, return_address: str) -> str:
        """Return where the browser ends its sign-on at the provider (RP-Initiated Logout); empty if that is nowhere."""
        endpoint = self._discovered().get("end_session_endpoint")
        if endpoint is None:
            return ""
        self._check_address(endpoint, field="end_session_endpoint")
        query = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": return_address})
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{query}"

    def signed_out(self, token: str) -> str:
        """Check a logout token and return whose it is; the same token counts once."""
        try:
            found = self._verified_logout(token, self._published_keys())
        except UnknownKey:
            try:
                found = self._verified_logout(token, self._published_keys(newer_than=_KEYS_REST))
            except UnknownKey as error:
                raise _refused(str(error)) from error
        self._use(f"logout {found.token_id}")
        return found.subject

    def _verified_logout(self, token: str, keys: KeySet) -> LoggedOut:
        now = int(self._clock().timestamp())
        return verify_logout(token, keys, issuer=self._issuer, client_id=self._client_id, now=now)

    def _code(self, attempt: SignOnAttempt, answer: Mapping[str, str]) -> str:
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise _refused("the answer belongs to another attempt")
        self._use(attempt.state)
        needs_issuer = self._discovered().get("authorization_response_iss_parameter_supported") is True
        if ("iss" in answer or needs_issuer) and answer.get("iss") != self._issuer:
            raise _refused("the answer comes from another issuer")
        if "error" in answer:
            _log.warning("the identity provider answered: %s", answer["error"][:80])
            raise Refused("Your identity provider did not sign you on; start again from the sign-on page.")
        if not answer.get("code"):
            raise _refused("the answer holds no code")
        return answer["code"]

    def _use(self, state: str) -> None:
        """An attempt is completed once; the second time is a replay."""
        with self._lock:
            if state in self._used:
                raise _refused("the attempt was used already")
            self._used[state] = None
            while len(self._used) > _ATTEMPTS_KEPT:
                self._used.popitem(last=False)

    def _exchange(self, code: str, verifier: str, redirect_address: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_address,
            "code_verifier": verifier,
            "client_id": self._client_id,
        }
        metadata = self._discovered()
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic: tuple[str, str] | None = None
        if self._client_secret and "client_secret_basic" in methods:
            basic = (quote_plus(self._client_id), quote_plus(self._client_secret))
        elif self._client_secret:
            form["client_secret"] = self._client_secret
        answer = self._ask("POST", metadata["token_endpoint"], form=form, basic=basic)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused("the provider sent no identity token")
        return token

    def _verified(self, token: str, keys: KeySet, attempt: SignOnAttempt) -> SignOn:
        return verify(
            token,
            keys,
            issuer=self._issuer,
            client_id=self._client_id,
            nonce=attempt.nonce,
            second_factor=self._second_factor,
            now=int(self._clock().timestamp()),
        )

    def _verified_with_new_keys(self, token: str, attempt: SignOnAttempt) -> SignOn:
        """The provider may have changed its keys: ask once more, but not for every forged token."""
        try:
            return self._verified(token, self._published_keys(newer_than=_KEYS_REST), attempt)
        except UnknownKey as error:
            raise _refused(str(error)) from error

    def _discovered(self) -> dict[str, Any]:
        if self._metadata is None:
            metadata = self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if metadata.get("issuer") != self._issuer:
                raise Unavailable(
                    "The identity provider describes itself as another issuer.", system=_SYSTEM, retry=False
                )
            for name in _ENDPOINTS:
                self._check_address(metadata.get(name), field=name)
            self._metadata = metadata
        return self._metadata

    def _published_keys(self, *, newer_than: timedelta = _KEYS_LIVE) -> KeySet:
        now = self._clock()
        if self._keys is None or now - self._keys_at >= newer_than:
            self._keys = usable_keys(self._ask("GET", self._discovered()["jwks_uri"]))
            self._keys_at = now
        return self._keys

    def _check_address(self, address: object, *, field: str) -> None:
        """Only https, or http on this machine, to the issuer's host or one that the settings name."""
        parts = _parts(address)
        host = parts.hostname or ""
        plain = parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
        if not (parts.scheme == "https" or plain) or host not in self._hosts or parts.username is not None:
            raise Invalid(
                f"The identity provider's {field} must be an https address on the issuer's host or on a host "
                "that the settings name.",
                field=field,
            )

    def _ask(
        self,
        method: str,
        address: str,
        *,
        form: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        """Ask the provider once, with a deadline for the whole answer and a bound on its size."""
        end = time.monotonic() + self._seconds
        body = b""
        try:
            with (
                httpx.Client(timeout=self._seconds, trust_env=False, follow_redirects=False) as client,
                client.stream(method, address, data=form, auth=basic, headers=_HEADERS) as answer,
            ):
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _LARGEST_ANSWER or time.monotonic() > end:
                        raise _unavailable("its answer is too long or too slow")
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unavailable(type(error).__name__) from error
        if method == "POST" and status in (400, 401, 403):
            raise _refused(f"the token endpoint answered {status}")
        if status != httpx.codes.OK:
            raise _unavailable(f"it answered {status}")
        return _document(body)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise _unavailable("its answer is not JSON") from error
    if not isinstance(document, dict):
        raise _unavailable("its answer is not a JSON object")
    return document


def _parts(address: object) -> SplitResult:
    """Return an address in its parts; what is none has empty ones, which nothing accepts."""
    try:
        return urlsplit(address if isinstance(address, str) else "")
    except ValueError:
        return urlsplit("")


def _refused(why: str) -> Refused:
    _log.warning("a sign-on was refused: %s", why[:200])
    return Refused("The sign-on could not be verified; start again from the sign-on page.")


def _unavailable(why: str) -> Unavailable:
    return Unavailable(f"The identity provider cannot be used now ({why}); try again shortly.", system=_SYSTEM)
