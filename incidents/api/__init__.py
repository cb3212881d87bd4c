"""The API of this app, by area."""
