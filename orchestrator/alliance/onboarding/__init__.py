"""Joining and leaving the alliance: standard conditions accepted by a body, what lets it grant, how it leaves."""
