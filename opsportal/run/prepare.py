"""``python -m opsportal.run.prepare [--demo]``: migrates; ``--demo`` fills an empty database with the demo.

One process for both, since loading Django takes longer than what either does at a later start. Standard
output gets the demo logins.
"""

from __future__ import annotations

import io
import os
import sys

import django
from django.core.management import call_command


def main() -> None:
    """Prepare the database that the environment names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    if "--demo" in sys.argv[1:]:
        # At each later start it would say that it has nothing to do.
        call_command("demo", "load", "--if-empty", stderr=io.StringIO())
        # A database that is not of the demo has none of its logins.
        call_command("demo", "logins", stderr=io.StringIO())


if __name__ == "__main__":
    main()
