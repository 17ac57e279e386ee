"""`tre release verify`: check released files against their signed record, offline, with a public key alone."""

from __future__ import annotations

import typer

app = typer.Typer(help="Releases: what left, with its signed record.", no_args_is_help=True)
