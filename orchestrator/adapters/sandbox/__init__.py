"""Workspaces on one machine: bubblewrap sandboxes, a supervisor for each, and a hub and gate per project."""
