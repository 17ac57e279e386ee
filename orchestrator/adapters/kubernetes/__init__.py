"""Workspaces on Kubernetes: each project in a namespace of its own, kept in step with the record."""
