"""The release ledger: what left, as linear facts, and what an outsider can compute from all of it together."""
