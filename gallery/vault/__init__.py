"""Sealing of what is stored, and the key that opens it."""
