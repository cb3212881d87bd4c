"""The back office of audits: where auditors plan, sample, find and report."""

from compliance.admin.audits import lists, programme

__all__ = ["lists", "programme"]
