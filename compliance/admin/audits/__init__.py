"""The back office of audits: where auditors plan, sample, find and report."""

from compliance.admin.audits import guests, lists, programme

__all__ = ["guests", "lists", "programme"]
