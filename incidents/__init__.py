"""Incidents: alerts, on-call, response, runbooks and learning."""
