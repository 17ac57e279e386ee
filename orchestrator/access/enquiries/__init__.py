"""Enquiries: a question in plain words, data that may answer it, a named colleague of the hub, and an application."""
