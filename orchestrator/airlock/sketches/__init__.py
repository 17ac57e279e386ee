"""Compares results with the data they came from, by keyed sketches that hold no value of the data."""
