"""Names of the environments that tests register with Gymnasium, by a module and by a file."""

from __future__ import annotations

from pathlib import Path

OWN = Path(__file__).with_name("own_push.py")
"""The file of an environment and a wrapper."""

OWN_IDS = (
    "gym/tests.helpers.own_ids:Walk-v0",
    f"gym/{OWN}:Push-v0",
)
"""An environment of choices and one of numbers."""
