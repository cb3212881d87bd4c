"""Data and constraints of incidents, alerts, on-call and learning; no workflow."""
