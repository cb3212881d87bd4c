"""Compliance: backups, audits, controls and evidence. Joins in a later release."""
