"""Incidents: alerts, on-call and response. Joins in a later release."""
