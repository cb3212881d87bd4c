"""The on-call engine: who is on call when. Pure."""
