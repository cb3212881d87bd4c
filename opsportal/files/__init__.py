"""Stored files: bytes under their hash, attached by value to what other apps have."""
