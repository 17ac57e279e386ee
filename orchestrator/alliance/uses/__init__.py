"""Machine-readable terms of use: codes, what includes what, and the answer to a declared purpose."""
