"""The test program of `sweeper doctor` on a node: it answers each new file by writing another.

`python -m sweeper.doctor.probe FOLDER`: FOLDER is on the studies' file system. The other end
measures how long it takes from its file to our answer, on its own clock.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sweeper.doctor import pictures
from sweeper.files.atomic import write_durably

ROUNDS = 3
PATIENCE_S = 60.0
_POLL_S = 0.01

_GPUS = "import json, torch; print(json.dumps([torch.__version__, torch.cuda.device_count()]))"


def main(folder: Path) -> None:
    """Answers `ROUNDS` new files, then as many appended lines, then writes what there is."""
    if os.environ.get("SLURM_PROCID", "0") != "0":
        return
    (folder / "here").write_text("")
    for number in range(ROUNDS):
        await_true((folder / f"ping.{number}").exists)
        write_durably(folder / f"pong.{number}", b"")
    with (folder / "answers").open("a") as answers:
        for number in range(ROUNDS):
            await_lines(folder / "lines", number + 1)
            answers.write("pong\n")
            answers.flush()
            os.fsync(answers.fileno())
    write_durably(folder / "found", json.dumps(_found(folder)).encode())


def await_true(what: Callable[[], bool], patience_s: float = PATIENCE_S) -> float:
    """Seconds until `what` holds; `TimeoutError` where it does not."""
    begin = time.monotonic()
    while not what():
        if time.monotonic() - begin > patience_s:
            raise TimeoutError
        time.sleep(_POLL_S)
    return time.monotonic() - begin


def await_lines(file: Path, number: int) -> float:
    """Seconds until `file` holds `number` lines."""
    return await_true(lambda: file.exists() and file.read_bytes().count(b"\n") >= number)


def gpus() -> dict[str, object]:
    """What torch sees of GPUs in a process of its own, and CUDA_VISIBLE_DEVICES."""
    command = [sys.executable, "-P", "-c", _GPUS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    torch, count = json.loads(done.stdout) if done.returncode == 0 else (None, 0)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return {"torch": torch, "gpus": count, "visible": visible, "error": done.stderr[-300:]}


def _found(folder: Path) -> dict[str, object]:
    return {
        "host": socket.gethostname(),
        "python": sys.executable,
        "exclusive": not creates(folder / "exclusive"),
        "link": not links(folder / "here", folder / "exclusive"),
        "pictures": pictures.found(),
        **gpus(),
    }


def creates(file: Path) -> bool:
    """Creates `file` exclusively (O_EXCL); `False` if it exists already."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def links(source: Path, target: Path) -> bool:
    """Hard-links `target` to `source`; `False` if `target` exists already."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
