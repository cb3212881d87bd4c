"""Approval of anything by stages, roles and quorums, bound to a hash of what was approved."""
