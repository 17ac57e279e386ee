"""The private channel between the platform's parts: TLS 1.3 with certificates of the installation's own authority."""

from .authority import Authority, Issued
from .calling import Answer, call
from .contexts import Channel, client_context, server_context
from .peer import PLATFORM_PARTS, PROJECT_PARTS, Peer, host_of, peer_of

__all__ = [
    "PLATFORM_PARTS",
    "PROJECT_PARTS",
    "Answer",
    "Authority",
    "Channel",
    "Issued",
    "Peer",
    "call",
    "client_context",
    "host_of",
    "peer_of",
    "server_context",
]
