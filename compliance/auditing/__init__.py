"""Audits without database or clock: lives, severities, populations and samples."""
