"""Which tests run in one process under pytest-xdist: those that share something that takes long to start.

pytest-xdist's own groups (`--dist loadgroup`) hold no longer with pytest 9.2, which keeps node ids elsewhere.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

_ONE_PORTAL = "tests/browser/"
_ONE_PORTAL_A_FILE = "tests/kills/"

LONG = (
    "tests/fuzz/",
    "tests/kills/",
    "tests/faces/test_admin_lists.py::test_a_list_costs_as_many_queries_with_many_rows_as_with_one",
    "tests/faces/test_audits_admin.py::test_an_external_auditor_of_another_audit_walks_every_model",
    "tests/faces/test_deployment_hostile.py::test_steps_of_a_template_answer_whatever_their_body_holds",
    "tests/faces/test_hardening.py::test_reading_every_page_and_the_api_changes_nothing",
    "tests/faces/test_pages_public.py::test_a_page_is_public_only_if_it_is_listed",
    "tests/services/test_change_lifecycle.py",
    "tests/services/test_portal_backup.py",
)
"""How tests begin that take seconds by themselves: if such a one came last, a core would idle meanwhile."""


def longest_first(nodeid: str) -> bool:
    """Sort by this: long tests come first, otherwise all stay in their order."""
    return not nodeid.startswith(LONG)


def scope_of(nodeid: str) -> str:
    """Return the name that is the same for all tests that share something; a test by itself is its own."""
    if nodeid.startswith(_ONE_PORTAL):
        return _ONE_PORTAL
    path, *inside = nodeid.partition("[")[0].split("::")
    if path.startswith(_ONE_PORTAL_A_FILE):
        return path
    return f"{path}::{inside[0]}" if len(inside) > 1 else nodeid


class Spread(LoadScopeScheduling):
    """Gives a worker whole scopes, those of most tests first; a worker that is done takes the next."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
