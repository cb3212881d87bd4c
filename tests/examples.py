"""How many examples a property is shown: a quarter in the suite, which finds the rest over its many runs.

`make fuzz` sets FUZZ_EXAMPLES, and shows all of them.
"""

from __future__ import annotations

import os

_SHARE = 1 if "FUZZ_EXAMPLES" in os.environ else 4
_FEWEST = 10


def examples(many: int) -> int:
    """Return how many of `many` examples this run shows."""
    return max(_FEWEST, many // _SHARE)
