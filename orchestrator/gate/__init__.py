"""The gate: one process in front of a project's hub and servers, through which every byte to a browser passes."""
