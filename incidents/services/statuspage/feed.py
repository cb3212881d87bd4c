"""The Atom feed of the status page (RFC 4287): one entry for each notice, updated with each word."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from django.conf import settings

from incidents.models import StatusNotice
from incidents.public_status import NOTICE_WORDS
from incidents.selectors.statuspage import StatusPage

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"


def feed_of(page: StatusPage) -> bytes:
    """Return the feed of what is going on, planned, and lately over; the newest word first."""
    ET.register_namespace("", _ATOM)
    address = f"{settings.PUBLIC_URL}/status/"
    notices = {one.pk: one for one in [*page.current, *page.planned, *page.lately]}
    newest = sorted(notices.values(), key=lambda one: (one.updated_at, one.pk), reverse=True)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", address)
    _add(feed, "title", page.title)
    _add(feed, "updated", _iso(newest[0].updated_at if newest else page.now))
    _link(feed, address, "alternate")
    _link(feed, f"{address}feed.atom", "self")
    author = ET.SubElement(feed, f"{{{_ATOM}}}author")
    _add(author, "name", page.title)
    for notice in newest:
        _entry(feed, notice, address)
    content: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content


def _entry(feed: ET.Element, notice: StatusNotice, address: str) -> None:
    entry = ET.SubElement(feed, f"{{{_ATOM}}}entry")
    _add(entry, "id", f"{address}notices/{notice.pk}/")
    _add(entry, "title", f"{NOTICE_WORDS[notice.state]}: {notice.title}")
    _add(entry, "updated", _iso(notice.updated_at))
    _add(entry, "published", _iso(notice.created_at))
    _link(entry, f"{address}notices/{notice.pk}/", "alternate")
    words = [
        f"{one.at:%Y-%m-%d %H:%M} UTC · {NOTICE_WORDS[one.state]}\n{one.text}" for one in notice.updates.all()
    ]
    _add(entry, "content", "\n\n".join(words)).set("type", "text")


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{name}")
    child.text = text
    return child


def _link(parent: ET.Element, address: str, relation: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}link", {"href": address, "rel": relation})


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
