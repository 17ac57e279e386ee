"""The catalogue: every dataset that can be found here, whoever holds it, with each version of its description."""
