"""A trusted research environment: isolated workspaces, granted data, checked results."""

__version__ = "0.1.0"
