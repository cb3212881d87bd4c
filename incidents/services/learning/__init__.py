"""Writes about what is learned: postmortems and action items."""
