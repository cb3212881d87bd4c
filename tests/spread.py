"""Which tests run in one process under pytest-xdist: those that share something that takes long to start.

pytest-xdist's own groups (`--dist loadgroup`) hold no longer with pytest 9.2, which keeps node ids elsewhere.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

_ONE_PORTAL = "tests/browser/"
_ONE_PORTAL_A_FILE = "tests/kills/"


def scope_of(nodeid: str) -> str:
    """Return the name that is the same for all tests that share something; a test by itself is its own."""
    if nodeid.startswith(_ONE_PORTAL):
        return _ONE_PORTAL
    path, *inside = nodeid.partition("[")[0].split("::")
    if path.startswith(_ONE_PORTAL_A_FILE):
        return path
    return f"{path}::{inside[0]}" if len(inside) > 1 else nodeid


class Spread(LoadScopeScheduling):
    """Gives a worker whole scopes, the largest ones first; a worker that is done takes the next."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
