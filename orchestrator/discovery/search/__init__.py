"""Finds descriptions: full text, facets, columns, likeness; saved searches; what is sought and not found."""
