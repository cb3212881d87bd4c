"""The points at which rules hold that are about no single moment, and what happens to any of them."""

from __future__ import annotations

from opsportal.standards.vocabulary import Declaration, Point


def _point(name: str, title: str, form: str, *areas: str) -> Point:
    return Point(name, title, areas=areas, demands=frozenset({form}))


DECLARATIONS: tuple[Declaration, ...] = (
    _point("measures.evaluate", "when figures are held against their targets", "measure", "service"),
    _point(
        "recovery.evaluate", "when backups and restore tests are held against targets", "recover", "asset"
    ),
    _point("retention.purge", "before records are deleted", "retain"),
    _point("duties.declare", "when somebody declares what no machine can see", "declare", "service"),
    _point("artefacts.keep", "when documents and policies are looked through", "keep", "service"),
    _point("services.readiness", "when the readiness of a service is judged", "ready", "service"),
)
