"""Diagnostics are lines on stderr, once each, wherever that is by then."""

from __future__ import annotations

import subprocess
import sys

SAYS = """
import io, logging, sys
from sweeper.log import log, to_stderr
logging.basicConfig(stream=sys.stdout)  # as a library that a trainable imports may
to_stderr()
to_stderr()
log.warning("%s lacks %s", "curves", "ü")
sys.stderr = io.StringIO()
try:
    1 / 0
except ZeroDivisionError as error:
    log.error("%s could not be drawn: %s", "curves", error, exc_info=True)
print(sys.stderr.getvalue(), end="")
"""


def test_a_line_each_and_a_traceback_where_it_is_asked_for():
    done = subprocess.run(
        [sys.executable, "-c", SAYS], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stderr == "sweeper: curves lacks ü\n"
    said = done.stdout.splitlines()
    assert said[:2] == [
        "sweeper: curves could not be drawn: division by zero",
        "Traceback (most recent call last):",
    ]
    assert said[-1] == "ZeroDivisionError: division by zero" and len(said) == 4
