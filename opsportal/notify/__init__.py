"""Telling people: in the portal at once, and by channels that may fail and are tried again."""
