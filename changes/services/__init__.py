"""Writes of changes, their templates and deployments. One file for each subject."""
