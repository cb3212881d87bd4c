"""What other pages show of this app, by area."""
