"""Hydra: one run of a multirun, whose result is a file in the run's output folder.

python hydra_app.py --multirun hydra/launcher=joblib +x=0,1 +y=0,1 +seed=0,1
"""

from __future__ import annotations

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from work import work


@hydra.main(version_base=None, config_path=None)
def main(config: DictConfig) -> float:
    score = work(config.x, config.y, config.seed)
    folder = Path(HydraConfig.get().runtime.output_dir)
    (folder / "result.txt").write_text(f"result {config.x} {config.y} {config.seed}\n")
    return score


if __name__ == "__main__":
    main()
