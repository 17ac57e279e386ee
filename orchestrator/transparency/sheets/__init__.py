"""One sheet for the data's owner: what of mine is used by whom, under which grant, what left, and the proof of it."""
