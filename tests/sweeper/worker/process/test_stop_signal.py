"""A worker that is told to leave hears it, however it is told."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

CODE = """
import time
from sweeper.worker.process.stop_signal import StopSignal
stopping = StopSignal()
stopping.listen()
print("listens", flush=True)
deadline = time.monotonic() + 300
while not stopping.wait(0.002):
    pass
while time.monotonic() < deadline and input() != "end":
    pass
print(stopping.comes_back, flush=True)
"""


def test_signals_in_quick_succession_hang_nobody():
    """Slurm warns all processes of a step, and `sweeper work` passes on what it hears."""
    with subprocess.Popen(
        [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "listens\n"
        apart = random.Random(0)
        for _ in range(400):
            process.send_signal(signal.SIGUSR2)
            until = time.perf_counter() + apart.uniform(0, 150e-6)
            while time.perf_counter() < until:
                pass
            process.send_signal(signal.SIGUSR2)
            time.sleep(0.002)
        said, _ = process.communicate("end\n", timeout=300)
    assert said == "True\n"


def test_a_wait_ends_when_it_is_set_or_over():
    from sweeper.worker.process.stop_signal import StopSignal

    stopping = StopSignal()
    assert not stopping.wait(0.01) and not stopping.is_set()
    stopping.interrupt()
    assert stopping.wait(60) and stopping.comes_back
    again = StopSignal()
    again.set()
    again.interrupt()
    assert again.is_set() and not again.comes_back
