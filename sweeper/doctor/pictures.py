"""Whether pictures of tasks can be drawn on a machine, and how fast."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from sweeper.doctor.finding import Finding

_PATIENCE_S = 60


def found() -> dict[str, Any]:
    """What draws here and how many frames a second, or why nothing does; by another process."""
    command = [sys.executable, "-P", "-m", "agents.envs.drawing"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S)
        told: dict[str, Any] = json.loads(done.stdout)
        return told
    except subprocess.TimeoutExpired:
        return {"problem": f"drawing a picture took more than {_PATIENCE_S} s"}
    except ValueError:
        said = done.stderr[-300:].strip() or f"its process ended with {done.returncode}"
        return {"problem": f"drawing a picture failed: {said}"}


def finding(told: Mapping[str, Any], host: str = "") -> Finding:
    """What that means for tasks that are seen, and for films."""
    where = f"{host}: " if host else ""
    if "missing" in told:
        return Finding("ok", f"{where}no pictures of MuJoCo: {told['missing']} is not installed")
    if "problem" in told:
        return Finding("warning", f"{where}{told['problem']}")
    rates = " and ".join(f"{rate:,.0f} ({name})" for name, rate in told["frames_per_s"].items())
    what = f"{told['renderer']}, OpenGL {told['OpenGL']}"
    return Finding("ok", f"{where}pictures: {what}: {rates} frames of 84 x 84 a second and core")
