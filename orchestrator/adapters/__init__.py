"""Outside systems: each module implements a port of a room."""
