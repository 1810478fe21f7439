"""Which code produced a number."""

from __future__ import annotations

import subprocess
from pathlib import Path

import sweeper


def revision() -> str:
    """sweeper's version, and its git revision (`-dirty` where files are changed) if it has one."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    folder = Path(sweeper.__file__).parent
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return sweeper.__version__
    return f"{sweeper.__version__} {done.stdout.strip()}"
