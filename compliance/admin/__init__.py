"""The back office, by area."""

from compliance.admin import measures

__all__ = ["measures"]
