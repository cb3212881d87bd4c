"""Topics that this app reacts to, by area."""
