"""A real OpenID provider, a program of its own on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from tests.ports import free_port

__all__ = ["running_provider"]


@contextmanager
def running_provider(people: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Run a provider that knows these people, each by his claims; yields its address."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    command += ["--require-nonce", "true"]
    command += [word for each in people for word in ("--user-claims", json.dumps(each))]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            assert process.poll() is None, "the provider did not start"
            try:
                httpx.get(f"{address}/.well-known/openid-configuration", timeout=30, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)
