"""Writes of audits: plan, fieldwork, evidence requests, findings, corrective actions, reports, guests."""
