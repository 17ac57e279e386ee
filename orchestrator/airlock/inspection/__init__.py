"""Files are looked at: one to its end, those of a request together, within walls, for the record or before it."""
