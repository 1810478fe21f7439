"""`sweeper.report(step, **metrics)`, by which a program reports from inside.

Programs import this, so it is quick to import.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from sweeper.trainable.own_code.reported_numbers import reported

FILE = "SWEEPER_METRICS"
"""The variable that names the file of a run's metrics."""


def report(step: int, **metrics: Any) -> None:
    """Records metrics of the run that this program is, at `step`.

    Outside of a run it only checks what it is given, so that a script also works by hand. A NaN or
    an infinity ends the run as diverged. Raises `ValueError` for a negative step, `TypeError` for
    what is no number, `RuntimeError` in a function that sweeper calls.
    """
    if "sweeper.worker.worker" in sys.modules:
        raise RuntimeError("sweeper.report is for programs; a function has run.report")
    step, numbers = reported(step, metrics)
    file = os.environ.get(FILE)
    if file is not None:
        line = json.dumps({"step": step, **numbers})
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(descriptor, f"{line}\n".encode())
        finally:
            os.close(descriptor)
