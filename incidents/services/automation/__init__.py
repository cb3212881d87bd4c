"""What is done by itself in an incident: set off by alerts, called by webhook, stopped by people."""
