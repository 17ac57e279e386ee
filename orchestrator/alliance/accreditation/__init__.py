"""Accreditation of custodians and hubs: a checklist, evidence with an end, two people who decide."""
