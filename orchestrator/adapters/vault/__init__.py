"""Vault or OpenBao: a server of our own on one machine, and the client that speaks to any."""
