"""Proofs: a message of a campaign before it exists, down to its bytes, by the code that builds the real one."""
