"""A whole installation on one machine: looked at before it starts, started, kept running, ended."""
