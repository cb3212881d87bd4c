"""The back office of people and machines."""

from opsportal.accounts.admin import machines, people

__all__ = ["machines", "people"]
