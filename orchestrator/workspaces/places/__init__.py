"""A project's place on a cluster: planned, made, kept in step with the record, removed with a certificate."""
