"""Release of exactly the reviewed bytes: the signed record, the package, links, verification offline."""
