"""Reads of approvals."""

from opsportal.approvals.selectors.progress import (
    Progress,
    cast_under,
    people_asked,
    progress_of,
    progress_of_all,
    rounds_to_recount,
)
from opsportal.approvals.selectors.rounds import (
    approved_alone,
    approvers_of,
    conditions_about,
    live_request,
    live_requests,
    requests_about,
    unmet_conditions,
)
from opsportal.approvals.selectors.seats import (
    barred,
    eligible,
    eligible_ids,
    open_stages_for,
    open_stages_of,
    role_holders,
    seats_for,
)

__all__ = [
    "Progress",
    "approved_alone",
    "approvers_of",
    "barred",
    "cast_under",
    "conditions_about",
    "eligible",
    "eligible_ids",
    "live_request",
    "live_requests",
    "open_stages_for",
    "open_stages_of",
    "people_asked",
    "progress_of",
    "progress_of_all",
    "requests_about",
    "role_holders",
    "rounds_to_recount",
    "seats_for",
    "unmet_conditions",
]
