"""Procedures to restore by: lists of steps that a test takes a copy of when it starts. Pure.

They say in our own words what written standards commonly ask for. A team that has better ones writes its own
steps into the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_STEPS = 100
LONGEST_STEP = 1_000


@dataclass(frozen=True, slots=True)
class Procedure:
    """A list of steps with a name to remember it by."""

    slug: str
    title: str
    steps: tuple[str, ...]


PROCEDURES: tuple[Procedure, ...] = (
    Procedure(
        "staged-restore",
        "Restore by way of staging",
        (
            "Find out which data is lost, and since when",
            "Choose the backup to go back to",
            "Restore it to staging",
            "Verify that the data is whole",
            "Restore it to production",
            "Check that everything works",
        ),
    ),
    Procedure(
        "embedded-database",
        "Database file on one machine",
        (
            "Stop everything that uses the database",
            "Restore the file from the backup",
            "Run the integrity check",
            "Build the indexes anew",
            "Start everything again",
        ),
    ),
    Procedure(
        "database-restore",
        "Database from its latest backup",
        (
            "Verify that the backup is whole",
            "Restore the latest backup",
            "Run the checks of data integrity",
            "Point connections at the restored database",
        ),
    ),
    Procedure(
        "application-recovery",
        "Application from version control",
        (
            "Deploy from version control",
            "Set the environment's variables",
            "Run the health checks",
            "Verify what is integrated from outside",
        ),
    ),
    Procedure(
        "infrastructure-recovery",
        "Infrastructure from nothing",
        (
            "Provide new infrastructure",
            "Deploy the applications",
            "Set up monitoring",
            "Test everything from end to end",
        ),
    ),
    Procedure(
        "full-recovery",
        "Whole system from the off-site backup",
        (
            "Provide new infrastructure",
            "Install what it depends on",
            "Restore the data from the off-site backup",
            "Validate the configuration",
            "Run the integration tests",
            "Switch traffic over",
        ),
    ),
    Procedure(
        "database-failover",
        "Failover to the standby database",
        (
            "Validate the policies that are in force",
            "Promote the standby",
            "Point the applications at it",
            "Verify that every service is healthy",
        ),
    ),
)
BY_SLUG = {procedure.slug: procedure for procedure in PROCEDURES}


def steps_from(text: str) -> list[str]:
    """Return the steps that people wrote, one on each line. Raises `ValueError` where there are too many."""
    steps = [line.strip() for line in text.splitlines() if line.strip()]
    if len(steps) > MOST_STEPS:
        raise ValueError(f"At most {MOST_STEPS} steps; these are {len(steps)}.")
    if any(len(step) > LONGEST_STEP for step in steps):
        raise ValueError(f"A step has at most {LONGEST_STEP} characters.")
    return steps


def are_done(states: Sequence[str]) -> bool:
    """Return whether there are steps and each of them was done, none skipped or failed."""
    return bool(states) and all(state == "done" for state in states)
