"""A program that runs for months keeps a certificate that is good."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

from cryptography import x509

from orchestrator.adapters.channel import Authority
from orchestrator.assembly.worker import keep_renewed
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import Unavailable


def test_the_airlocks_certificate_is_issued_again_while_it_runs(tmp_path: Path, clock: FixedClock) -> None:
    authority = Authority.open(tmp_path / "authority", clock=clock)
    renew = partial(authority.keep, tmp_path / "channel", "airlock")
    first, stop, looks = renew().certificate.read_bytes(), threading.Event(), 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise Unavailable("The disk is away for a moment.", system="channel")
        renew()
        if looks == 2:
            assert (tmp_path / "channel" / "tls.crt").read_bytes() == first, "it is good for a while still"
            clock.advance(timedelta(days=21))
        else:
            stop.set()

    thread = threading.Thread(target=keep_renewed, args=(look, stop, 0.01))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    renewed = x509.load_pem_x509_certificate((tmp_path / "channel" / "tls.crt").read_bytes())
    assert renewed.not_valid_after_utc > clock() + timedelta(days=29)
