"""Reads of audits: who sees what, populations, the file of a change, figures."""
