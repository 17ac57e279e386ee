"""Replay: the submitted program runs again without its author, and what it makes is compared with what was sent."""
