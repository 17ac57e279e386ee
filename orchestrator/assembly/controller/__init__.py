"""What the controller holds: its rights, its backend, and what keeps workspaces in step with the record."""
