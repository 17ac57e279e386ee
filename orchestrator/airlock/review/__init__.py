"""Blinded review: what checkers see, how they vote, what follows from their votes."""
