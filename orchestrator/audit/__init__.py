"""The record of every change: one transaction for state, audit entry and outbox; a Merkle log a stranger can verify."""
