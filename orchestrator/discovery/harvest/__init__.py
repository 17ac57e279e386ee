"""Federated harvest: custodians' own catalogues are pulled, compared and followed."""
