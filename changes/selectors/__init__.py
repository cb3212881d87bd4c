from changes.selectors.conflicts import Conflict, conflicts_of, conflicts_of_all
from changes.selectors.deployments import (
    DEPLOYMENT_ORDERINGS,
    DeploymentFilter,
    deployment_by_key,
    deployment_list,
    deployments_loaded,
    deployments_undone,
)
from changes.selectors.lists import ORDERINGS, ChangeFilter, change_by_key, change_list, changes_loaded
from changes.selectors.templates import TEMPLATE_ORDERINGS, template_by_slug, templates_loaded
from changes.selectors.timeline import Happening, Place, timeline
from changes.selectors.waiting import Waiting, waiting_for
from changes.selectors.watching import muted_by, watchers_of

__all__ = [
    "DEPLOYMENT_ORDERINGS",
    "ORDERINGS",
    "TEMPLATE_ORDERINGS",
    "ChangeFilter",
    "Conflict",
    "DeploymentFilter",
    "Happening",
    "Place",
    "Waiting",
    "change_by_key",
    "change_list",
    "changes_loaded",
    "conflicts_of",
    "conflicts_of_all",
    "deployment_by_key",
    "deployment_list",
    "deployments_loaded",
    "deployments_undone",
    "muted_by",
    "template_by_slug",
    "templates_loaded",
    "timeline",
    "waiting_for",
    "watchers_of",
]
