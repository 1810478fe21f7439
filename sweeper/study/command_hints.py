"""Commands about a study that messages tell users to type."""

from __future__ import annotations

import os
import shlex

from sweeper import paths
from sweeper.study.study import Study


def again(study: Study) -> str:
    """The command that goes on with a study."""
    return shlex.join(["sweeper", "run", os.path.relpath(study.folder)])


def words(study: Study) -> str:
    """The words that name a study on the command line."""
    root = os.path.relpath(study.folder.parent)
    named = [f"study={study.name}", *([f"root={root}"] if root != paths.STUDIES else [])]
    return shlex.join(named)
