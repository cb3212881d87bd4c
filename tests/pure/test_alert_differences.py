"""What tells alerts of one list from one another."""

from __future__ import annotations

from incidents.web.alert_differences import differences


def test_alerts_of_one_title_show_the_labels_in_which_they_differ() -> None:
    same = {"alertname": "DiskFull", "severity": "critical"}
    assert differences(
        [
            ("Disk full", {**same, "instance": "db-1", "device": "sda"}),
            ("Other", {"alertname": "Other", "instance": "web-1"}),
            ("Disk full", {**same, "instance": "db-2", "device": "sda", "zone": "a" * 80}),
            ("Alone", {}),
        ]
    ) == ["instance db-1", "instance web-1", f"instance db-2, zone {'a' * 59}…", ""]


def test_what_differs_in_nothing_shows_its_instance_and_few_labels_are_shown() -> None:
    assert differences([("A", {"instance": "x"}), ("A", {"instance": "x"})]) == ["instance x"] * 2
    many = [dict.fromkeys(("b", "c", "d", "e", "host"), number) for number in ("1", "2")]
    assert differences([("A", labels) for labels in many])[0] == "host 1, b 1, c 1, d 1"
    assert differences([]) == []
