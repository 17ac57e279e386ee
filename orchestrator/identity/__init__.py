"""People: who they are, which roles they hold, what training they have, how they sign on."""
