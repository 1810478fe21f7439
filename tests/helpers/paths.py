"""Where tests find the repository, and the agents and environments that they train."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
COUNTER_AGENT = Path(__file__).with_name("counter_agent.py")
FAKE_AGENT = Path(__file__).with_name("fake_agent.py")
GRID_ENV = Path(__file__).with_name("grid_env.py")
STACK_ENV = Path(__file__).with_name("stack_env.py")
