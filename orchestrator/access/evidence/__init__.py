"""Typed evidence: ethics approvals, assessments, contracts; verified by another person, with an end."""
