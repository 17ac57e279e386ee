"""The beginning of a PostgreSQL conversation, on both sides: what the relay says itself before it passes bytes."""

from __future__ import annotations

import asyncio
import ssl
import struct
from dataclasses import dataclass

import scramp

from ..core.errors import Refused, Unavailable

__all__ = [
    "CancelRequest",
    "Server",
    "Startup",
    "connect",
    "error_response",
    "message",
    "open_server",
    "read_message",
    "read_startup",
]

_PROTOCOL_3 = 196608
_CANCEL = 80877102
_ENCRYPTION = frozenset({80877103, 80877104})
_LONGEST_STARTUP = 10_000
_LONGEST_MESSAGE = 1 << 20
_SCRAM = "SCRAM-SHA-256"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where a database server answers. TLS may be off on loopback only; ``certificate`` names an authority's file."""

    host: str
    port: int
    database: str
    tls: bool = True
    certificate: str | None = None


@dataclass(frozen=True, kw_only=True)
class Startup:
    """What a client asked for: its parameters, and the minor protocol version."""

    parameters: dict[str, str]
    minor: int


@dataclass(frozen=True, kw_only=True)
class CancelRequest:
    """A client asks that the query of a back-end be cancelled; ``key`` holds process number and secret."""

    key: bytes


async def read_startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Startup | CancelRequest:
    """Read a client's first packet; offers of encryption are answered “no” (the socket stays on the machine)."""
    for _ in range(3):
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        if not 8 <= length <= _LONGEST_STARTUP:
            raise Refused("The first packet is not one of PostgreSQL's protocol 3.")
        packet = await reader.readexactly(length - 4)
        (code,) = struct.unpack_from("!I", packet)
        if code in _ENCRYPTION:
            writer.write(b"N")
            await writer.drain()
        elif code == _CANCEL:
            return CancelRequest(key=packet[4:])
        elif code >> 16 == _PROTOCOL_3 >> 16:
            return Startup(parameters=_parameters(packet[4:]), minor=code & 0xFFFF)
        else:
            break
    raise Refused("The first packet is not one of PostgreSQL's protocol 3.")


def _parameters(packet: bytes) -> dict[str, str]:
    try:
        parts = packet.decode().split("\0")
    except UnicodeDecodeError as error:
        raise Refused("The connection's parameters are not UTF-8.") from error
    if parts[-2:] != ["", ""] or len(parts) % 2:
        raise Refused("The connection's parameters are cut short.")
    return dict(zip(parts[:-2:2], parts[1:-2:2], strict=True))


def message(kind: bytes, body: bytes) -> bytes:
    """Return one protocol message."""
    return kind + struct.pack("!I", len(body) + 4) + body


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one protocol message: its kind and its body."""
    kind = await reader.readexactly(1)
    (length,) = struct.unpack("!I", await reader.readexactly(4))
    if not 4 <= length <= _LONGEST_MESSAGE:
        raise Unavailable("The database sent a message of an impossible length.", system="database")
    return kind, await reader.readexactly(length - 4)


def error_response(code: str, words: str) -> bytes:
    """Return a FATAL error as a client shows it."""
    fields = {"S": "FATAL", "V": "FATAL", "C": code, "M": words}
    return message(b"E", b"".join(f"{key}{value}".encode() + b"\0" for key, value in fields.items()) + b"\0")


async def connect(
    server: Server, user: str, password: str, parameters: dict[str, str]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Log in by SCRAM-SHA-256 and nothing weaker; the server has to prove that it knows the password too."""
    reader, writer = await open_server(server)
    try:
        asked = {**parameters, "user": user, "database": server.database}
        body = struct.pack("!I", _PROTOCOL_3) + b"".join(f"{name}\0{value}\0".encode() for name, value in asked.items())
        writer.write(struct.pack("!I", len(body) + 5) + body + b"\0")
        await _authenticate(reader, writer, user, password)
    except BaseException:
        writer.close()
        raise
    return reader, writer


async def open_server(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, with verified TLS unless the server is on this machine."""
    if not server.tls and server.host not in {"127.0.0.1", "::1", "localhost"}:
        raise Refused("A database on another machine needs TLS: switch it on in the settings.")
    reader, writer = await asyncio.open_connection(server.host, server.port)
    if server.tls:
        writer.write(struct.pack("!II", 8, 80877103))
        if await reader.readexactly(1) != b"S":
            writer.close()
            raise Refused("The database does not offer TLS, so nothing was sent to it.")
        context = ssl.create_default_context(cafile=server.certificate)
        await writer.start_tls(context, server_hostname=server.host)
    return reader, writer


async def _authenticate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, user: str, password: str) -> None:
    body = await _expect(reader, 10)
    if _SCRAM not in body.decode("ascii", "replace").split("\0"):
        raise Refused(f"The database does not demand {_SCRAM}: correct its pg_hba.conf.")
    try:
        client = scramp.ScramClient([_SCRAM], user, password)
        first = client.get_client_first().encode()
        writer.write(message(b"p", _SCRAM.encode() + b"\0" + struct.pack("!I", len(first)) + first))
        client.set_server_first((await _expect(reader, 11)).decode())
        writer.write(message(b"p", client.get_client_final().encode()))
        client.set_server_final((await _expect(reader, 12)).decode())
    except scramp.ScramException as error:
        raise Refused("The database could not prove who it is: tell the operator.") from error
    await _expect(reader, 0)


async def _expect(reader: asyncio.StreamReader, wanted: int) -> bytes:
    """Read the next authentication message and insist on its kind: no trust, no clear text, no MD5."""
    kind, body = await read_message(reader)
    if kind == b"E":
        raise Unavailable(f"The database refused the session's role: {_words(body)}.", system="database")
    (code,) = struct.unpack_from("!I", body.ljust(4, b"\xff"))
    if kind != b"R" or code != wanted:
        raise Refused(f"The database does not demand {_SCRAM}: correct its pg_hba.conf.")
    return body[4:]


def _words(body: bytes) -> str:
    fields = [part.decode("utf-8", "replace") for part in body.split(b"\0") if part]
    return next((field[1:] for field in fields if field.startswith("M")), "without a reason")
