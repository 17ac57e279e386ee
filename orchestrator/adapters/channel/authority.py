"""The installation's own certificate authority: made once, small, and good for nothing but the private channel."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orchestrator.core.clock import Clock, system_clock
from orchestrator.core.errors import Invalid, Unavailable

from .contexts import Channel
from .files import place
from .peer import Peer, host_of

__all__ = ["Authority", "Issued"]

_YEARS = timedelta(days=3653)
_BEFORE = timedelta(minutes=5)
"""Clocks of two machines may differ a little."""

_FILE = "authority.pem"
_PUBLIC = "ca.crt"


@dataclass(frozen=True, kw_only=True)
class Issued:
    """One end's certificate and key, as PEM, and when they end."""

    certificate: str
    key: str
    ends: datetime


class Authority:
    """Issues certificates for the parts of one installation. Whoever reads its file can be any part of it."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, clock: Clock) -> None:
        self._key = key
        self._certificate = certificate
        self._clock = clock

    @classmethod
    def open(cls, directory: Path, *, clock: Clock = system_clock) -> Self:
        """Return the authority kept in ``directory``; the first to come makes it, others get the same one."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = directory / _FILE
        if not file.exists():
            place(file, _new_authority(clock()))
        try:
            text = file.read_bytes()
            key = load_pem_private_key(text, password=None)
            certificate = x509.load_pem_x509_certificate(text)
        except (OSError, ValueError) as error:
            raise Unavailable(
                f"The authority in {file} cannot be read ({error}); restore it from a backup.", system="channel"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
            raise Unavailable(f"Key and certificate in {file} differ; restore it from a backup.", system="channel")
        authority = cls(key, certificate, clock)
        if not (directory / _PUBLIC).exists():
            place(directory / _PUBLIC, authority.certificate.encode(), mode=0o644)
        return authority

    @property
    def certificate(self) -> str:
        """The authority's certificate as PEM: what every end checks the other by."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, part: str, project_id: str = "", days: float = 30) -> Issued:
        """Return a new key with a certificate for one part, of one project where the part belongs to one."""
        peer = Peer(part=part, project_id=project_id)
        now = self._clock()
        ends = min(now + timedelta(days=days), self._certificate.not_valid_after_utc).replace(microsecond=0)
        if days <= 0 or ends <= now:
            raise Invalid("A certificate must be good for some time; look at the days and the clock.", field="days")
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _leaf(peer, key, issuer=self._certificate, began=now - _BEFORE, ends=ends).sign(
            self._key, SHA256()
        )
        return Issued(certificate=certificate.public_bytes(Encoding.PEM).decode(), key=_pem(key).decode(), ends=ends)

    def keep(self, directory: Path, part: str, project_id: str = "", days: float = 30) -> Channel:
        """Keep one end's files in ``directory``, issued again once a third of their time is left; for this machine."""
        channel = Channel.at(directory)
        if not self._serves(channel, Peer(part=part, project_id=project_id), days):
            issued = self.issue(part, project_id, days)
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            place(channel.authority, self.certificate.encode(), mode=0o644, replace=True)
            place(channel.key, issued.key.encode(), replace=True)
            place(channel.certificate, issued.certificate.encode(), mode=0o644, replace=True)
        return channel

    def _serves(self, channel: Channel, peer: Peer, days: float) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(channel.certificate.read_bytes())
            key = load_pem_private_key(channel.key.read_bytes(), password=None)
            same = channel.authority.read_text(encoding="utf-8") == self.certificate
        except (OSError, ValueError):
            return False
        left = certificate.not_valid_after_utc - self._clock()
        fits = certificate.public_key() == key.public_key() and certificate.subject == _subject(peer)
        return same and fits and left > timedelta(days=days) / 3


def _new_authority(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TRE installation {secrets.token_hex(8)}")])
    builder = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName("tre.internal")], None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pem(key) + builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def _leaf(
    peer: Peer, key: ec.EllipticCurvePrivateKey, *, issuer: x509.Certificate, began: datetime, ends: datetime
) -> x509.CertificateBuilder:
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return (
        x509.CertificateBuilder(issuer_name=issuer.subject, subject_name=_subject(peer), public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host_of(peer.part))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(by, critical=False)
    )


def _subject(peer: Peer) -> x509.Name:
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, peer.part)
    return x509.Name([unit, x509.NameAttribute(NameOID.COMMON_NAME, peer.name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
