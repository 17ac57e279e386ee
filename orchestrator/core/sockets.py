"""What Linux allows of unix sockets."""

__all__ = ["LONGEST_SOCKET_PATH"]

LONGEST_SOCKET_PATH = 107
"""How many bytes a unix socket's path may have (sun_path holds 108 with its final zero)."""
