"""Ready beginnings of runbooks, in our own words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from incidents.runbook.text import SECTIONS, outline


@dataclass(frozen=True, slots=True)
class Template:
    """What a new runbook may begin with. `text` is Markdown with all sections."""

    kind: str
    title: str
    text: str


def _of(kind: str, title: str, *bodies: str) -> Template:
    return Template(kind, title, outline(zip(SECTIONS.values(), bodies, strict=True)))


_TELL = """\
- Nobody is stuck alone: after 15 minutes without progress, escalate the incident to the secondary.
- When customers notice, tell the team lead and set the status page."""

_ALL = (
    _of(
        "outage",
        "Outage",
        """\
- What people see, and what the monitors say.
- Which alerts fire, by their names.
- What is *not* a sign of this, though it looks like it.""",
        """\
1. Acknowledge the incident, so that others know that somebody is on it.
2. Look at what changed in the last 24 hours; when one change fits, roll it back first and ask later.
3. Look at the newest errors in the service's log, and note the first of them.
4. Check what the service leans on: database, queue, providers.
5. When restarting is harmless, restart one instance and watch it for five minutes.""",
        _TELL,
        """\
1. Remove the cause, or work around it, and note which of both.
2. Check that the service does its work again: a request from outside, end to end.
3. Watch errors and response times for 30 minutes.
4. Set the status page, and say in the incident what was done.""",
        "- Step 5 of the immediate actions, once the restart is known to be harmless.",
    ),
    _of(
        "start-up",
        "Start-up",
        """\
- The service is down on purpose: after maintenance, a move, or a loss of power.
- What it leans on is up already.""",
        """\
1. Check that what it leans on answers.
2. Check that configuration and secrets are in place on each machine.
3. Start one instance, and wait until its readiness check passes.
4. Start the others, one at a time.
5. Let the load balancer send it requests again.""",
        _TELL,
        """\
1. Check that the newest data is there, by one record that you know.
2. Check that nothing gathers in its queues.
3. Switch the alerts on again that were silenced.""",
        "- The whole start-up, as one job that stops at the first failed check.",
    ),
    _of(
        "shutdown",
        "Shutdown",
        """\
- The service is to be taken down on purpose.
- A change with a window says so, and those who lean on it have been told.""",
        """\
1. Check that the window has begun, and that nothing else holds it up.
2. Put maintenance on the status page.
3. Take it out of the load balancer, and wait until running requests are done.
4. Stop its workers, and let queues drain or note how much waits.
5. Stop the instances.""",
        _TELL,
        """\
1. If it has to come back at once, follow its start-up runbook.
2. Note when it was down and who knows.""",
        "- Draining and stopping, once the order has held several times.",
    ),
    _of(
        "maintenance",
        "Maintenance",
        """\
- Regular work is due: certificates, indexes, disks, clean-up.
- What has to be true before it may begin.""",
        """\
1. Check that a backup of today is there and can be read.
2. Check that the maintenance window has begun.
3. Do the work on one machine, and look at the result.
4. Do it on the others.""",
        _TELL,
        """\
1. Undo it on the machine where it failed; leave the others alone.
2. Restore from the backup when undoing is not possible.
3. Check the service from outside.
4. Note what took longer than planned.""",
        "- The work on each machine, with its check afterwards.",
    ),
    _of(
        "patching",
        "Patching",
        """\
- A security notice, or the monthly updates.
- Which machines and images it concerns, and how urgent it is.""",
        """\
1. Find out which machines and images have the affected version.
2. Patch staging, and run the smoke tests.
3. Patch one production machine, and watch it for 15 minutes.
4. Patch the others in groups, never all that serve the same thing at once.
5. Check on each that the new version runs, restarts included.""",
        _TELL,
        """\
1. Put the former package or image back on the machine that misbehaves.
2. Stop the roll-out, and say so in the change.
3. Note which machines are still open, and until when that is acceptable.""",
        "- Finding the affected machines, and the check afterwards.",
    ),
    _of(
        "recovery",
        "Recovery from a backup",
        """\
- Data is lost or wrong, and putting it right by hand is not possible.
- Since when: the newest moment at which it was right.""",
        """\
1. Stop what writes to it, so that it does not get worse.
2. Keep a copy of what is there now, broken as it is.
3. Choose the newest backup from before the damage, and note its time.
4. Restore it beside the old data, never over it.
5. Check it: does it open, is it complete, how old is its newest record?""",
        _TELL + "\n- Whoever owns the data decides what is given up between the backup and the damage.",
        """\
1. Switch the service over to the restored data.
2. Bring back what was written since the backup, where it can be had.
3. Check the service from outside, and by the people who use it.
4. Note how long it took and how much was lost: both are measured against the targets.""",
        "- Restoring beside the old data, and the checks: they are the restore test as well.",
    ),
)

TEMPLATES: Mapping[str, Template] = MappingProxyType({one.kind: one for one in _ALL})
KINDS: tuple[tuple[str, str], ...] = (*((one.kind, one.title) for one in _ALL), ("other", "Other"))
