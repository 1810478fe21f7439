"""`python -m sweeper.report FOLDER`: writes a study's figures and report at the lowest priority."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sweeper.log import to_stderr
from sweeper.report import publish
from sweeper.study.study import Study

if __name__ == "__main__":
    to_stderr()
    os.nice(19)
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    study = Study.open(Path(sys.argv[1]))
    study.share_files()
    sys.exit(not publish.draw(study, study.ledger_state(), own=None))
