"""Writes of changes, their templates and deployments. One file for each subject.

Whoever locks several rows takes them in this order, so that nobody waits in a circle: the account that
registers what has happened, break-glass, changes (several of them newest first), the template that one is
opened from, deployment, approval request, obligations.
"""
