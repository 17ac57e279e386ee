"""Verifies OpenID identity tokens: signature, issuer, audience, dates, nonce, second factor."""

from __future__ import annotations

import hmac
import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, KeySet, OKPKey, RSAKey
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from orchestrator.core.errors import Refused
from orchestrator.identity.model import SignOn

__all__ = ["ALGORITHMS", "SKEW_SECONDS", "LoggedOut", "UnknownKey", "usable_keys", "verify", "verify_logout"]

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Signatures by keys of which only the provider holds the private half; never ``none``, never a shared secret."""

SKEW_SECONDS = 60
_OLDEST_SECONDS = 600
_SMALLEST_RSA = 2048
_LONGEST_TOKEN = 65_536
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

_log = logging.getLogger(__name__)


class UnknownKey(Exception):
    """The token names a key that is not in the set: the provider may have changed its keys."""


def usable_keys(document: Mapping[str, Any]) -> KeySet:
    """Return the public signature keys of a published key set; others in it are left alone."""
    published = document.get("keys")
    keys: list[RSAKey | ECKey | OKPKey] = []
    for each in published if isinstance(published, list) else []:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SecurityWarning)
                key = JWKRegistry.import_key(each)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey) and key.public_key.key_size < _SMALLEST_RSA:
            continue
        if isinstance(key, (RSAKey, ECKey, OKPKey)):
            keys.append(key)
    return KeySet(list(keys))


def verify(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    second_factor: frozenset[str],
    now: int,
) -> SignOn:
    """Return whom the token vouches for; raise ``Refused`` unless every check passes, ``UnknownKey`` for a new key.

    ``second_factor`` holds the ``acr`` and ``amr`` values that are demanded, any one of them; when it is empty the
    provider is trusted to demand one itself.
    """
    claims = _fresh_claims(token, keys, issuer, client_id, now, needed=("nonce",))
    _check_party(claims, client_id)
    if not isinstance(claims["nonce"], str) or not _same(claims["nonce"], nonce):
        raise _refused("it answers another attempt")
    if not 0 < len(claims["sub"]) <= 255:
        raise _refused("its subject has no usable length")
    if second_factor and not _factors(claims) & second_factor:
        raise Refused("Your identity provider did not ask for a second factor; sign on again with yours.")
    return SignOn(
        issuer=issuer,
        subject=claims["sub"],
        second_factor=True,
        name=_text(claims.get("name")),
        email=_text(claims.get("email")),
    )


@dataclass(frozen=True, kw_only=True)
class LoggedOut:
    """Whom a logout token is about; ``token_id`` tells one token from another."""

    subject: str
    token_id: str


def verify_logout(token: str, keys: KeySet, *, issuer: str, client_id: str, now: int) -> LoggedOut:
    """Return whom a logout token (OpenID Connect Back-Channel Logout 1.0) is about; raise ``Refused`` otherwise.

    A token that names a session at the provider only is refused: which of ours belongs to it is not kept here.
    """
    claims = _fresh_claims(token, keys, issuer, client_id, now, needed=("jti", "events"))
    if "nonce" in claims:
        raise _refused("a logout token carries no nonce; this may be another kind of token")
    if not isinstance(claims["events"], dict) or not isinstance(claims["events"].get(_LOGOUT_EVENT), dict):
        raise _refused("it is no logout token")
    subject, token_id = claims["sub"], claims["jti"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise _refused("its subject has no usable length")
    if not isinstance(token_id, str) or not 0 < len(token_id) <= 255:
        raise _refused("its identifier has no usable length")
    return LoggedOut(subject=subject, token_id=token_id)


def _fresh_claims(
    token: str, keys: KeySet, issuer: str, client_id: str, now: int, *, needed: tuple[str, ...]
) -> dict[str, Any]:
    """Return what a token of this issuer says to us, signed, of the last minutes, and with the claims ``needed``."""
    claims = _signed_claims(token, keys)
    demanded = {name: ClaimsOption(essential=True) for name in ("sub", "exp", "iat", *needed)}
    demanded["iss"] = ClaimsOption(essential=True, value=issuer)
    demanded["aud"] = ClaimsOption(essential=True, value=client_id)
    try:
        JWTClaimsRegistry(now=now, leeway=SKEW_SECONDS, **demanded).validate(claims)
    except JoseError as error:
        raise _refused(str(error)) from error
    if claims["iat"] < now - _OLDEST_SECONDS - SKEW_SECONDS:
        raise _refused("it was issued too long ago")
    return claims


def _signed_claims(token: str, keys: KeySet) -> dict[str, Any]:
    if len(token) > _LONGEST_TOKEN:
        raise _refused("it is too long")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except InvalidKeyIdError as error:
        raise UnknownKey(str(error)) from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused(f"{type(error).__name__}: {error}") from error


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """A token for several audiences, or one that names its party, must have been issued to us."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise _refused("it was issued to another party")


def _factors(claims: Mapping[str, Any]) -> frozenset[str]:
    methods = claims.get("amr")
    stated = [claims.get("acr"), *(methods if isinstance(methods, list) else [])]
    return frozenset(value for value in stated if isinstance(value, str))


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) and value.isprintable() else ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _refused(why: str) -> Refused:
    _log.warning("an identity token was refused: %s", why[:200])
    return Refused("The sign-on could not be verified; start again from the sign-on page.")
