"""Senders' formats, one file for each: bytes in, alerts out. Pure."""
