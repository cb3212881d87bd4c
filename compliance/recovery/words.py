"""The closed lists of words in this area, with what people read. Pure."""

from __future__ import annotations

ASSET_KINDS: tuple[tuple[str, str], ...] = (
    ("database", "Database"),
    ("files", "Files"),
    ("configuration", "Configuration"),
    ("secrets", "Secrets"),
    ("code", "Code"),
    ("queue", "Queue"),
    ("search", "Search index"),
    ("other", "Other"),
)
DATA_TYPES: tuple[tuple[str, str], ...] = (
    ("policies", "Policies"),
    ("audit_logs", "Audit logs"),
    ("user_data", "User data"),
    ("transactions", "Transactions"),
    ("configuration", "Configuration"),
    ("credentials", "Credentials"),
    ("source_code", "Source code"),
    ("telemetry", "Logs and metrics"),
    ("other", "Other"),
)
TIERS: tuple[tuple[str, str], ...] = (
    ("critical", "Critical"),
    ("core", "Core"),
    ("supporting", "Supporting"),
)
RESULTS: tuple[tuple[str, str], ...] = (("succeeded", "Succeeded"), ("failed", "Failed"))
SCOPES: tuple[tuple[str, str], ...] = (
    ("part", "Part of the data"),
    ("whole", "All of the data"),
    ("system", "The whole system"),
)
TEST_OUTCOMES: tuple[tuple[str, str], ...] = (("passed", "Passed"), ("failed", "Failed"))
EXERCISE_KINDS: tuple[tuple[str, str], ...] = (
    ("disaster_recovery", "Disaster recovery exercise"),
    ("failover", "Failover"),
    ("full_recovery", "Full recovery of the system"),
    ("game_day", "Game day"),
    ("tabletop", "Tabletop exercise"),
    ("rollback_drill", "Rollback drill"),
    ("load_test", "Load test"),
    ("stress_test", "Stress test"),
    ("spike_test", "Spike test"),
    ("soak_test", "Soak test"),
    ("performance_test", "Performance test"),
    ("chaos", "Chaos experiment"),
    ("alerting_test", "Test of alerting"),
    ("security_drill", "Security drill"),
)
EXERCISE_OUTCOMES: tuple[tuple[str, str], ...] = (
    ("passed", "Passed"),
    ("partly", "Passed in part"),
    ("failed", "Failed"),
)


def keys(words: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return the keys of a list of words."""
    return tuple(key for key, _ in words)
