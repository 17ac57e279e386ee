"""Desired state of a project's workspace: asleep, awake, and what it may hold."""
