"""Leases for granted datasets: who may unwrap what, until when, through a Vault port."""
