from changes.selectors.boards import QueueItem, Waiting, queue_of_board, waiting_for
from changes.selectors.conflicts import Conflict, conflicts_of, conflicts_of_all
from changes.selectors.lists import ORDERINGS, ChangeFilter, change_by_key, change_list, changes_loaded
from changes.selectors.timeline import Happening, Place, timeline

__all__ = [
    "ORDERINGS",
    "ChangeFilter",
    "Conflict",
    "Happening",
    "Place",
    "QueueItem",
    "Waiting",
    "change_by_key",
    "change_list",
    "changes_loaded",
    "conflicts_of",
    "conflicts_of_all",
    "queue_of_board",
    "timeline",
    "waiting_for",
]
