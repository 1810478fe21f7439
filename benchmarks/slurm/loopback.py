"""A loopback Slurm cluster that faults are injected into: its daemons, nodes and jobs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NODES = ("n1", "n2", "n3")


@dataclass(frozen=True)
class Process:
    """A process on a node."""

    pid: int
    """Its number out here."""
    inner: int
    """Its number on its node, which its ledger tells."""
    node: str
    job: str
    restart: int
    words: tuple[str, ...]

    def kill(self, number: int = signal.SIGKILL) -> bool:
        """Sends it a signal; whether it was there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False

    @property
    def name(self) -> str:
        """How the name of a worker that it is begins."""
        return f"{self.node}-{self.inner}-"


class Site:
    """A cluster in `folder`, started and stopped by slurm/cluster with `settings`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._own = os.environ | {"SLURM_CLUSTER_DIR": str(folder)}
        self.change(**settings)
        self.environment = self._own | {"SLURM_CONF": str(folder / "etc" / "slurm.conf")}

    def change(self, **settings: str) -> None:
        """Settings for when it is started next."""
        self._own |= {f"SLURM_CLUSTER_{key.upper()}": value for key, value in settings.items()}

    def up(self) -> None:
        """Starts what does not run."""
        self._cluster("up")

    def down(self) -> None:
        """Ends all jobs and daemons."""
        self._cluster("down")

    def _cluster(self, word: str) -> None:
        command = [str(ROOT / "slurm" / "cluster"), word]
        subprocess.run(command, env=self._own, check=True, timeout=300, stderr=subprocess.DEVNULL)

    def ask(self, *command: str, check: bool = True) -> str:
        """What a command of Slurm's prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120
        )
        if check and done.returncode:
            raise RuntimeError(f"{command}: {done.stderr}")
        return done.stdout.strip()

    def jobs(self, name: str, states: str = "all") -> list[str]:
        """Jobs whose names begin with `name`, elements of arrays one by one as `array_element`."""
        listed = self.ask("squeue", "-h", "-r", "-t", states, "-o", "%i %j %T", check=False)
        words = [line.split() for line in listed.splitlines()]
        ended = ("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT")
        return [job for job, title, state in words if title.startswith(name) and state not in ended]

    def processes(self, *words: str) -> list[Process]:
        """Processes of this cluster's jobs whose command lines hold all of `words`."""
        return [process for process in self._scan() if set(words) <= set(process.words)]

    def _scan(self) -> Iterator[Process]:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError):
                words = tuple((folder / "cmdline").read_bytes().decode().split("\0"))
                environment = _environment((folder / "environ").read_bytes())
                if environment.get("SLURM_CONF") != self.environment["SLURM_CONF"]:
                    continue
                if "SLURMD_NODENAME" in environment:
                    yield Process(
                        int(folder.name),
                        _inner(folder),
                        environment["SLURMD_NODENAME"],
                        environment.get("SLURM_JOB_ID", ""),
                        int(environment.get("SLURM_RESTART_COUNT", "0")),
                        words,
                    )

    def daemon(self, name: str) -> int:
        """The number of a daemon's process: `slurmctld`, `slurmdbd` or `slurmd.n1`."""
        return int((self.folder / "pid" / f"{name}.pid").read_text())

    def kill_daemon(self, name: str) -> None:
        """Kills a daemon, and nothing else."""
        os.kill(self.daemon(name), signal.SIGKILL)

    def steps(self, node: str) -> list[int]:
        """The numbers of a node's slurmstepd processes."""
        inside = os.stat(f"/proc/{self._first(node)}/ns/pid").st_ino
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                same = os.stat(folder / "ns" / "pid").st_ino == inside
                if same and (folder / "comm").read_text().strip() == "slurmstepd":
                    found.append(int(folder.name))
        return found

    def revive(self, node: str) -> None:
        """Starts a node's slurmd again, and leaves alone what else lives there."""
        inside = ["nsenter", "--target", str(self._first(node)), "--pid", "--uts", "--mount"]
        conf = self.environment["SLURM_CONF"]
        self.ask(*inside, "slurmd", "-N", node, "-f", conf)
        time.sleep(0.5)
        (found,) = self._pids(f"^slurmd -N {node} -f {conf}$")
        (self.folder / "pid" / f"slurmd.{node}.pid").write_text(f"{found}\n")

    def _first(self, node: str) -> int:
        """The process in whose name spaces a node lives."""
        return self._pids(f"^bash -c .*sweeper-node {self.folder} {node}$")[0]

    def _pids(self, pattern: str) -> list[int]:
        found = self.ask("pgrep", "-f", pattern, check=False).split()
        return [int(pid) for pid in found]


def _environment(data: bytes) -> Mapping[str, str]:
    pairs = (word.split("=", 1) for word in data.decode(errors="replace").split("\0"))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _inner(folder: Path) -> int:
    lines = (folder / "status").read_text().splitlines()
    (numbers,) = [line.split()[1:] for line in lines if line.startswith("NSpid:")]
    return int(numbers[-1])
