"""The pages of this app, by area."""
