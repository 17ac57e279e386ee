"""Sign-on tokens of an issuer that holds its own keys: the genuine one is taken, everything else is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from orchestrator.adapters.oidc import OpenIdProvider
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Invalid, Refused, Unavailable
from orchestrator.identity.ports import SignOnAttempt

CLIENT = "tre"
BACK = "http://localhost:8700/sign-on/return"

RSA_KEY = RSAKey.generate_key(2048, {"kid": "rsa"})
OTHER_RSA_KEY = RSAKey.generate_key(2048, {"kid": "rsa"})
EC_KEY = ECKey.generate_key("P-256", {"kid": "ec"})
OKP_KEY = OKPKey.generate_key("Ed25519", {"kid": "okp"})

Sign = Callable[[dict[str, Any]], str]


class Issuer:
    """An OpenID provider whose every answer a test can bend."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.keys: list[Any] = [RSA_KEY, EC_KEY, OKP_KEY]
        self.sign: Sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "rsa"}, claims, RSA_KEY)
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.failing: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def authorize(self, attempt: SignOnAttempt) -> dict[str, str]:
        """What a browser would bring back after the person signed on."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(attempt.address).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.asked.append(path)
        if path in self.failing:
            return self.failing[path]
        if path == "/.well-known/openid-configuration":
            return 200, json.dumps(self._description() | self.metadata).encode()
        if path == "/keys":
            return 200, json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()
        if path == "/token" and method == "POST":
            return self._token({name: values[0] for name, values in parse_qs(body.decode()).items()})
        return 404, b"{}"

    def _description(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
        }

    def _token(self, form: dict[str, str]) -> tuple[int, bytes]:
        query = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if query is None or challenge != query["code_challenge"] or form["redirect_uri"] != query["redirect_uri"]:
            return 400, b'{"error": "invalid_grant"}'
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.address,
            "aud": CLIENT,
            "sub": "person-1",
            "exp": now + 300,
            "iat": now,
            "nonce": query["nonce"],
            "email": "ada@example.org",
            "name": "Ada",
        }
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return 200, json.dumps({"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("GET", b"")

            def do_POST(self) -> None:
                self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, method: str, body: bytes) -> None:
                status, content = issuer.answer(method, self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                if status == 302:
                    self.send_header("Location", content.decode())
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def issuer(clock: FixedClock) -> Iterator[Issuer]:
    running = Issuer(clock)
    yield running
    running.close()


@pytest.fixture
def provider(issuer: Issuer, clock: FixedClock) -> OpenIdProvider:
    return OpenIdProvider(issuer=issuer.address, client_id=CLIENT, client_secret="s", clock=clock)


def sign_on(issuer: Issuer, provider: OpenIdProvider) -> Any:
    attempt = provider.begin(BACK)
    return provider.complete(attempt, issuer.authorize(attempt), BACK)


def test_a_genuine_sign_on_is_taken(issuer: Issuer, provider: OpenIdProvider) -> None:
    person = sign_on(issuer, provider)
    assert (person.issuer, person.subject) == (issuer.address, "person-1")
    assert (person.name, person.email, person.second_factor) == ("Ada", "ada@example.org", True)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", RSA_KEY), ("PS256", RSA_KEY), ("ES256", EC_KEY), ("Ed25519", OKP_KEY)],
)
def test_each_allowed_algorithm_is_taken(issuer: Issuer, provider: OpenIdProvider, algorithm: str, key: Any) -> None:
    issuer.sign = lambda claims: jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])
    assert sign_on(issuer, provider).subject == "person-1"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_older_name_of_edwards_signatures_is_taken(issuer: Issuer, provider: OpenIdProvider) -> None:
    issuer.sign = lambda claims: jwt.encode({"alg": "EdDSA", "kid": "okp"}, claims, OKP_KEY, algorithms=["EdDSA"])
    assert sign_on(issuer, provider).subject == "person-1"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _shared_secret_from_public_key(claims: dict[str, Any]) -> str:
    """The classic confusion: the published public key used as an HMAC secret."""
    public = RSA_KEY.public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    secret = OctKey.import_key(base64.urlsafe_b64encode(public).decode())
    return jwt.encode({"alg": "HS256", "kid": "rsa"}, claims, secret, algorithms=["HS256"])


def _altered(claims: dict[str, Any]) -> str:
    head, _, signature = jwt.encode({"alg": "RS256", "kid": "rsa"}, claims, RSA_KEY).split(".")
    return f"{head}.{_part(claims | {'sub': 'somebody-else'})}.{signature}"


def _own_key_inside(claims: dict[str, Any]) -> str:
    header = {"alg": "RS256", "kid": "rsa", "jwk": OTHER_RSA_KEY.as_dict(private=False)}
    return jwt.encode(header, claims, OTHER_RSA_KEY)


def _raw(header: dict[str, Any], claims: dict[str, Any]) -> str:
    key = RSA_KEY.private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    signed = f"{_part(header)}.{_part(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(_unsigned, id="alg none"),
        pytest.param(_shared_secret_from_public_key, id="HS256 with the public key"),
        pytest.param(_altered, id="altered after signing"),
        pytest.param(
            lambda claims: jwt.encode({"alg": "RS256", "kid": "rsa"}, claims, OTHER_RSA_KEY),
            id="another key, same name",
        ),
        pytest.param(_own_key_inside, id="brings its own key"),
        pytest.param(
            lambda claims: jwt.encode({"alg": "RS256", "kid": "unknown"}, claims, OTHER_RSA_KEY), id="unknown key"
        ),
        pytest.param(
            lambda claims: jwt.encode({"alg": "RS512", "kid": "rsa"}, claims, RSA_KEY, algorithms=["RS512"]),
            id="algorithm not on the list",
        ),
        pytest.param(lambda claims: _raw({"alg": "RS256", "kid": "rsa", "crit": ["x"], "x": 1}, claims), id="critical"),
        pytest.param(lambda _: "not.a.token", id="no token"),
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: "a" * 100_000, id="huge"),
    ],
)
def test_a_forged_token_is_refused(issuer: Issuer, provider: OpenIdProvider, sign: Sign) -> None:
    issuer.sign = sign
    with pytest.raises(Refused):
        sign_on(issuer, provider)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client", "third"]},
        {"aud": [CLIENT, "another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"nonce": None},
        {"nonce": "the-nonce-of-an-earlier-attempt"},
        {"nonce": ["a"]},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 0},
        {"exp": True},
        {"iat": None},
        {"iat": 0},
        {"iat": 99_999_999_999},
        {"nbf": 99_999_999_999},
    ],
    ids=str,
)
def test_a_signed_token_with_wrong_claims_is_refused(
    issuer: Issuer, provider: OpenIdProvider, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    with pytest.raises(Refused):
        sign_on(issuer, provider)
    issuer.claims = {}
    assert sign_on(issuer, provider).subject == "person-1"


def test_a_token_for_several_audiences_is_taken_when_issued_to_us(issuer: Issuer, provider: OpenIdProvider) -> None:
    issuer.claims = {"aud": [CLIENT, "another-client"], "azp": CLIENT}
    assert sign_on(issuer, provider).subject == "person-1"


@pytest.mark.parametrize(("past", "taken"), [(59, True), (60, False), (61, False)])
def test_an_expired_token_is_taken_only_within_the_skew(
    issuer: Issuer, provider: OpenIdProvider, clock: FixedClock, past: int, taken: bool
) -> None:
    issuer.claims = {"exp": int(clock().timestamp()) - past}
    if taken:
        assert sign_on(issuer, provider).subject == "person-1"
    else:
        with pytest.raises(Refused):
            sign_on(issuer, provider)


def test_a_token_of_an_earlier_attempt_is_refused(issuer: Issuer, provider: OpenIdProvider) -> None:
    tokens: list[str] = []
    genuine = issuer.sign
    issuer.sign = lambda claims: tokens.append(genuine(claims)) or tokens[-1]  # type: ignore[func-returns-value]
    sign_on(issuer, provider)
    issuer.sign = lambda _: tokens[0]
    with pytest.raises(Refused):
        sign_on(issuer, provider)


def test_an_attempt_is_completed_once(issuer: Issuer, provider: OpenIdProvider) -> None:
    attempt = provider.begin(BACK)
    provider.complete(attempt, issuer.authorize(attempt), BACK)
    with pytest.raises(Refused):
        provider.complete(attempt, issuer.authorize(attempt), BACK)


def test_a_code_is_exchanged_once_and_only_with_its_verifier(issuer: Issuer, provider: OpenIdProvider) -> None:
    first, second = provider.begin(BACK), provider.begin(BACK)
    stolen = issuer.authorize(first) | {"state": second.state}
    with pytest.raises(Refused):
        provider.complete(second, stolen, BACK)
    assert issuer.codes == {}
    with pytest.raises(Refused):
        provider.complete(first, stolen | {"state": first.state}, BACK)


@pytest.mark.parametrize(
    "bend",
    [
        lambda answer: answer | {"state": "forged"},
        lambda answer: answer | {"state": ""},
        lambda answer: answer | {"iss": "https://elsewhere.example"},
        lambda answer: {"state": answer["state"]},
        lambda answer: {"state": answer["state"], "error": "access_denied"},
        lambda answer: {"code": answer["code"]},
    ],
)
def test_an_answer_that_is_not_this_attempts_is_refused_before_the_code_is_used(
    issuer: Issuer, provider: OpenIdProvider, bend: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    attempt = provider.begin(BACK)
    with pytest.raises(Refused):
        provider.complete(attempt, bend(issuer.authorize(attempt)), BACK)
    assert "/token" not in issuer.asked


def test_an_issuer_that_promises_its_name_in_the_answer_must_give_it(issuer: Issuer, provider: OpenIdProvider) -> None:
    issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    attempt = provider.begin(BACK)
    with pytest.raises(Refused):
        provider.complete(attempt, issuer.authorize(attempt), BACK)
    attempt = provider.begin(BACK)
    answer = issuer.authorize(attempt) | {"iss": issuer.address}
    assert provider.complete(attempt, answer, BACK).subject == "person-1"


@pytest.mark.parametrize(
    ("claims", "taken"),
    [
        ({}, False),
        ({"amr": ["pwd"]}, False),
        ({"acr": "1"}, False),
        ({"amr": "mfa"}, False),
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "phr"}, True),
    ],
)
def test_a_demanded_second_factor_is_enforced(
    issuer: Issuer, clock: FixedClock, claims: dict[str, Any], taken: bool
) -> None:
    demanding = OpenIdProvider(
        issuer=issuer.address, client_id=CLIENT, second_factor=frozenset({"mfa", "phr"}), clock=clock
    )
    issuer.claims = claims
    if taken:
        assert sign_on(issuer, demanding).second_factor
    else:
        with pytest.raises(Refused, match="second factor"):
            sign_on(issuer, demanding)


def test_changed_keys_are_fetched_again(issuer: Issuer, provider: OpenIdProvider, clock: FixedClock) -> None:
    sign_on(issuer, provider)
    new = RSAKey.generate_key(2048, {"kid": "next"})
    issuer.keys = [new]
    issuer.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "next"}, claims, new)
    with pytest.raises(Refused):
        sign_on(issuer, provider)
    clock.now = clock.now.replace(second=30)
    assert sign_on(issuer, provider).subject == "person-1"


def test_a_withdrawn_key_is_no_longer_believed_after_an_hour(
    issuer: Issuer, provider: OpenIdProvider, clock: FixedClock
) -> None:
    sign_on(issuer, provider)
    issuer.keys = [EC_KEY]
    clock.now = clock.now.replace(hour=clock.now.hour + 1)
    with pytest.raises(Refused):
        sign_on(issuer, provider)


def test_forged_tokens_do_not_make_us_ask_for_keys_each_time(issuer: Issuer, provider: OpenIdProvider) -> None:
    issuer.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "unknown"}, claims, OTHER_RSA_KEY)
    for _ in range(5):
        with pytest.raises(Refused):
            sign_on(issuer, provider)
    assert issuer.asked.count("/keys") == 1


def test_keys_for_encryption_shared_secrets_and_unknown_kinds_are_not_believed(
    issuer: Issuer, provider: OpenIdProvider
) -> None:
    document = [
        RSA_KEY.as_dict(private=False) | {"use": "enc"},
        {"kty": "oct", "kid": "rsa", "k": "c2VjcmV0c2VjcmV0c2VjcmV0"},
        {"kty": "XYZ", "kid": "rsa"},
        "nonsense",
    ]
    issuer.failing["/keys"] = (200, json.dumps({"keys": document}).encode())
    with pytest.raises(Refused):
        sign_on(issuer, provider)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize(
    "fault", [(500, b"{}"), (503, b""), (200, b"not json"), (200, b"[]"), (302, b"http://127.0.0.1:1/"), (404, b"{}")]
)
def test_a_provider_that_fails_is_unavailable_and_nobody_is_signed_on(
    issuer: Issuer, provider: OpenIdProvider, path: str, fault: tuple[int, bytes]
) -> None:
    issuer.failing[path] = fault
    with pytest.raises(Unavailable) as raised:
        sign_on(issuer, provider)
    assert raised.value.system == "identity provider"
    del issuer.failing[path]
    assert sign_on(issuer, provider).subject == "person-1"


def test_an_answer_without_end_is_cut_off(issuer: Issuer, provider: OpenIdProvider) -> None:
    issuer.failing["/keys"] = (200, b"[" * 2_000_000)
    with pytest.raises(Unavailable):
        sign_on(issuer, provider)


def test_an_unreachable_provider_is_unavailable(clock: FixedClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        provider = OpenIdProvider(issuer=address, client_id=CLIENT, clock=clock)
        with pytest.raises(Unavailable):
            provider.begin(BACK)


def test_a_provider_that_does_not_answer_is_given_up(clock: FixedClock) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        provider = OpenIdProvider(issuer=address, client_id=CLIENT, clock=clock, seconds=0.2)
        with pytest.raises(Unavailable):
            provider.begin(BACK)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://elsewhere.example/",
        "http://elsewhere.example/",
        "file:///etc/passwd",
        "http://user@127.0.0.1/",
        "",
        None,
        7,
    ],
)
def test_an_endpoint_on_another_host_is_never_asked(
    issuer: Issuer, provider: OpenIdProvider, name: str, address: object
) -> None:
    issuer.metadata = {name: address}
    with pytest.raises(Invalid) as raised:
        provider.begin(BACK)
    assert raised.value.field == name


def test_an_endpoint_on_a_host_that_the_settings_name_is_asked(issuer: Issuer, clock: FixedClock) -> None:
    keys = f"http://localhost:{urlsplit(issuer.address).port}/keys"
    issuer.metadata = {"jwks_uri": keys}
    with pytest.raises(Invalid):
        OpenIdProvider(issuer=issuer.address, client_id=CLIENT, clock=clock).begin(BACK)
    named = OpenIdProvider(issuer=issuer.address, client_id=CLIENT, clock=clock, other_hosts=frozenset({"localhost"}))
    assert sign_on(issuer, named).subject == "person-1"


@pytest.mark.parametrize("address", ["http://provider.example", "ftp://provider.example", "provider", "", "https://["])
def test_an_issuer_that_could_be_listened_to_is_refused_at_start(address: str) -> None:
    with pytest.raises(Invalid):
        OpenIdProvider(issuer=address, client_id=CLIENT)


def test_a_provider_that_describes_itself_as_another_is_not_used(issuer: Issuer, provider: OpenIdProvider) -> None:
    issuer.metadata = {"issuer": "https://elsewhere.example"}
    with pytest.raises(Unavailable):
        provider.begin(BACK)


def test_nothing_secret_is_in_the_browsers_address(provider: OpenIdProvider) -> None:
    attempt = provider.begin(BACK)
    assert attempt.verifier not in attempt.address
    assert urlencode({"redirect_uri": BACK}) in attempt.address
    assert len({attempt.state, attempt.nonce, attempt.verifier}) == 3


# ---- signing out ----------------------------------------------------------------------------------------------------

LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def logout_token(issuer: Issuer, **changes: Any) -> str:
    now = int(issuer.clock().timestamp())
    claims = {
        "iss": issuer.address,
        "aud": CLIENT,
        "sub": "person-1",
        "iat": now,
        "exp": now + 120,
        "jti": "token-1",
        "events": {LOGOUT: {}},
    }
    return issuer.sign({name: value for name, value in (claims | changes).items() if value is not None})


def test_a_genuine_logout_token_is_taken_once(issuer: Issuer, provider: OpenIdProvider) -> None:
    token = logout_token(issuer)
    assert provider.signed_out(token) == "person-1"
    with pytest.raises(Refused):
        provider.signed_out(token)
    assert provider.signed_out(logout_token(issuer, jti="token-2")) == "person-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example.org"},
        {"aud": "another-client"},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": None, "sid": "session-at-the-provider"},
        {"jti": None},
        {"jti": ""},
        {"iat": None},
        {"iat": 1_000},
        {"exp": None},
        {"exp": 1_000},
        {"events": None},
        {"events": {}},
        {"events": {LOGOUT: None}},
        {"events": LOGOUT},
        {"nonce": "n"},
    ],
    ids=str,
)
def test_what_is_no_logout_token_for_us_signs_nobody_out(
    issuer: Issuer, provider: OpenIdProvider, changes: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        provider.signed_out(logout_token(issuer, **changes))


def test_an_identity_token_is_no_logout_token_and_the_reverse(issuer: Issuer, provider: OpenIdProvider) -> None:
    now = int(issuer.clock().timestamp())
    identity = {"iss": issuer.address, "aud": CLIENT, "sub": "person-1", "iat": now, "exp": now + 300, "nonce": "n"}
    with pytest.raises(Refused):
        provider.signed_out(issuer.sign(identity))
    issuer.claims = {"nonce": None, "events": {LOGOUT: {}}, "jti": "token-3"}
    with pytest.raises(Refused):
        sign_on(issuer, provider)


@pytest.mark.parametrize("forge", [_unsigned, _altered, _own_key_inside, lambda _: "x", lambda _: "a.b.c"])
def test_a_forged_logout_token_is_refused(issuer: Issuer, provider: OpenIdProvider, forge: Sign) -> None:
    issuer.sign = forge
    with pytest.raises(Refused):
        provider.signed_out(logout_token(issuer))


def test_where_to_sign_out_is_the_providers_own_host_or_nowhere(issuer: Issuer, clock: FixedClock) -> None:
    def fresh() -> OpenIdProvider:
        return OpenIdProvider(issuer=issuer.address, client_id=CLIENT, clock=clock)

    assert fresh().sign_out_address(BACK) == ""
    issuer.metadata = {"end_session_endpoint": f"{issuer.address}/end"}
    query = parse_qs(urlsplit(fresh().sign_out_address(BACK)).query)
    assert query == {"client_id": [CLIENT], "post_logout_redirect_uri": [BACK]}
    for elsewhere in ("https://evil.example/end", "javascript:alert(1)", 7):
        issuer.metadata = {"end_session_endpoint": elsewhere}
        with pytest.raises(Invalid):
            fresh().sign_out_address(BACK)
