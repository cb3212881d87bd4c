"""The static copy of the status page: files in a folder, so that it outlives this host.

Whoever serves that folder from elsewhere (an object store, another web server) needs nothing of the portal.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction
from django.template.loader import render_to_string

from incidents.models import StatusCopy, StatusNotice
from incidents.selectors.statuspage import StatusPage, page_data, status_page
from incidents.services.statuspage.feed import feed_of

STYLE = "opsportal/status.css"
RENEWED = timedelta(minutes=5)
"""The copy says of when it is: it is written anew this often, also when nothing was said."""
_log = structlog.get_logger(__name__)


def status_copy_write(*, clock: Callable[[], datetime]) -> bool:
    """Write the copy where it is not up to date, and return whether it was written.

    Each file appears whole: it is written beside its place and moved there. Two workers take turns by the
    row's lock. Raises `OSError` where the folder cannot be written: the tick fails, and `/ready` tells.
    """
    with transaction.atomic():
        copy = StatusCopy.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        now = clock()
        if copy is None:
            return False
        fresh = copy.written_at is not None and copy.written_at > now - RENEWED
        if copy.wanted == copy.written and fresh:
            return False
        folder = Path(settings.STATUS_FOLDER)
        page = status_page(now)
        for name, content in _files(page).items():
            _put(folder / name, content)
        copy.written, copy.written_at = copy.wanted, now
        copy.save(update_fields=["written", "written_at"])
        return True


def _files(page: StatusPage) -> dict[str, bytes]:
    """Return what the folder holds, by path within it."""
    found = {
        "index.html": _html("incidents/statuspage/page.html", page, ""),
        "status.json": (json.dumps(page_data(page), indent=1) + "\n").encode(),
        "feed.atom": feed_of(page),
        "status.css": _style(),
    }
    for notice in {one.pk: one for one in [*page.current, *page.planned, *page.lately]}.values():
        found[f"notices/{notice.pk}/index.html"] = _html(
            "incidents/statuspage/notice.html", page, "../../", notice
        )
    return found


def _html(template: str, page: StatusPage, root: str, notice: StatusNotice | None = None) -> bytes:
    context = {"page": page, "notice": notice, "copy": True, "root": root, "style": f"{root}status.css"}
    return render_to_string(template, context).encode()


def _style() -> bytes:
    found = finders.find(STYLE)
    path = Path(found) if isinstance(found, str) else Path(settings.STATIC_ROOT) / STYLE
    return path.read_bytes()


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)
