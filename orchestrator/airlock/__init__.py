"""Results leave only here: frozen copies, first checks, blinded review, release of exactly the reviewed bytes."""
