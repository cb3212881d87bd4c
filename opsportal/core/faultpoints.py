"""Named points at which a test may kill or stop this process, to prove that nothing is lost there.

`OPSPORTAL_KILL_AT=notify.after_send` ends the whole process group (a Celery worker with its children) by
SIGKILL when one of it reaches that point, as a power cut would. `OPSPORTAL_STOP_AT` stops the group by
SIGSTOP until somebody continues it. Without these variables a point does nothing. They are read at start.
"""

from __future__ import annotations

import os
import signal

_KILL_AT = os.environ.get("OPSPORTAL_KILL_AT", "")
_STOP_AT = os.environ.get("OPSPORTAL_STOP_AT", "")


def reached(point: str) -> None:
    """Die or stop here where the environment names this point; otherwise do nothing."""
    if point == _KILL_AT:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    if point == _STOP_AT:
        os.killpg(os.getpgrp(), signal.SIGSTOP)
