"""On the path of workers that are to die at places: see `benchmarks/slurm/faults.py`."""

import sys

if "sweeper.dispatch.entry" in sys.orig_argv:
    from benchmarks.slurm.kills import trap

    trap()
