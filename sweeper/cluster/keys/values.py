"""Rules for the values of a profile: sizes, times, GPUs, lists, flags and environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sweeper.cluster.keys import names
from sweeper.errors import Invalid, Mistakes, shown
from sweeper.schema.rules import flag, mapping, meant_flag, number, text, whole

UNLIMITED = "UNLIMITED"
_TIME = re.compile(r"(?:(?P<d>\d+)-)?(?P<a>\d+)(?::(?P<b>\d+))?(?::(?P<c>\d+))?")
_MEMORY = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>[KMGT]?)B?", re.IGNORECASE)
_GPUS = re.compile(r"([A-Za-z_][\w.-]*|\d\w*[A-Za-z.][\w.-]*)(:\d+)?|\d+")
_JOB_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPANDED = re.compile(r"\$\{|\$[A-Za-z_(]")
_KILOBYTES = {"K": 1, "M": 1024, "": 1024, "G": 1024**2, "T": 1024**3}
_DEVICES = ("gpu", "shard", "mps")


def value(spelt: str, key: str, given: Any) -> Any:
    """The value of `key`, which the file calls `spelt`, as the batch script has it.

    `None` where it says nothing; raises `Invalid`.
    """
    if key == "requeue":
        return flag(given) != (spelt == "no_requeue") if given is not None else None
    if key == "use_srun" and given is False:
        raise Invalid("must be true: without srun no signal reaches a worker")
    if given is None or given is False:
        return None
    if key in names.FLAGS or key == "use_srun":
        return flag(given)
    if key in names.MAYBE_FLAGS and (given is True or meant_flag(given)):
        return flag(given)
    if key in names.COUNTS:
        return whole(1)(given)
    if key in names.LINES:
        return [text(line) for line in (given if isinstance(given, list) else [given])]
    if key in names.LISTS and isinstance(given, list):
        return ",".join(_text(item) for item in given) or None
    return _RULES[key](spelt, given) if key in _RULES else _text(given)


def _text(given: Any) -> str:
    """One line of text, or a number as text."""
    if given is True:
        raise Invalid("needs a value, but got true")
    plain = isinstance(given, int | float)
    read = text(str(given) if plain else given).strip()
    if _EXPANDED.search(read):
        raise Invalid(
            f"must be the value itself, as sbatch replaces no ${{…}}, but got {shown(given)}"
        )
    if "\n" in read:
        raise Invalid(f"must be one line, but got {shown(given)}")
    return read


def _job_name(spelt: str, given: Any) -> str:
    read = _text(given)
    if not _JOB_NAME.fullmatch(read):
        raise Invalid(
            "names the jobs, so it must be letters, digits and _ . -, at most 40 of them, as in "
            f"{_plain_name(read)}, but got {shown(given)}"
        )
    return read


def _plain_name(text: str) -> str:
    """What a job might be called whose name sbatch or a file's name cannot have."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("_.-")[:40] or "sweep"


def _nodes(spelt: str, given: Any) -> int:
    if str(given).strip() not in ("1", "1-1"):
        raise Invalid(
            "must be 1: workers do not talk to each other, and workers= is how many there are; "
            f"but got {shown(given)}"
        )
    return 1


def _open_mode(spelt: str, given: Any) -> str:
    if given != "append":
        raise Invalid(
            f"must be append: a job that comes back goes on in its log; but got {shown(given)}"
        )
    return "append"


def _export(spelt: str, given: Any) -> str:
    if str(given).upper() != "ALL":
        raise Invalid(
            "must be ALL: workers need the environment of `sweeper run`, to which "
            "env: {NAME: value} adds"
        )
    return "ALL"


def _constraint(spelt: str, given: Any) -> str:
    if isinstance(given, list) or any(word in str(given) for word in ", "):
        raise Invalid(
            "must be one feature, or a&b for nodes with both, or a|b for either, but got "
            f"{shown(given)}"
        )
    return _text(given)


def _memory(spelt: str, given: Any) -> str:
    if spelt == "mem_gb":
        return _megabytes(number(given), given)
    written = str(given).strip()
    found = _MEMORY.fullmatch(written)
    if found is None or isinstance(given, bool):
        raise Invalid(f"must be a size like 4000M or 16G, but got {shown(given)}")
    if "." in found["number"]:  # which sbatch refuses
        return f"{megabytes(written):.0f}M"
    return written


def _megabytes(gigabytes: float, given: Any) -> str:
    if gigabytes < 0:
        raise Invalid(
            "must be a number above 0, or 0 for all memory of the node, but got " + shown(given)
        )
    return f"{1024 * gigabytes:.0f}M" if gigabytes else "0"


def megabytes(size: str) -> float:
    """A size as Slurm writes it in megabytes; a bare number is megabytes."""
    found = _MEMORY.fullmatch(size)
    if found is None:
        return 0.0
    return float(found["number"]) * _KILOBYTES[found["unit"].upper()] / 1024


def _gpus(spelt: str, given: Any) -> str | int:
    """GPUs as sbatch counts them: 2, a100:2, or several kinds of them; 0 asks for none."""
    items = given if isinstance(given, list) else str(given).split(",")
    written = [str(item).strip().removeprefix("gres:").removeprefix("gpu:") for item in items]
    if isinstance(given, bool | float) or not all(_GPUS.fullmatch(item) for item in written):
        raise Invalid(
            f"must be a number of GPUs, or a kind and a number as a100:2, but got {shown(given)}"
        )
    joined = ",".join(written)
    return int(joined) if joined.isdecimal() else joined


def gpu_count(gpus: Any) -> int:
    """How many GPUs `2`, `a100:2` or `a100:1,v100:2` are."""
    kinds = [part.split(":") for part in str(gpus or 0).split(",")]
    return sum(int(words[-1]) if words[-1].isdecimal() else 1 for words in kinds)


def gres_gpus(gres: Any) -> int:
    """How many GPUs generic resources such as `gpu:a100:2,tmpdisk:20` hold; parts of one are 1."""
    found = 0
    for part in str(gres or "").split(","):
        name, _, rest = part.strip().removeprefix("gres:").removeprefix("gres/").partition(":")
        if name in _DEVICES:
            found += gpu_count(rest or 1) if name == "gpu" else 1
    return found


def minutes(spelt: str, given: Any) -> int | str:
    """Minutes, also from Slurm's `minutes:seconds`, `hours:minutes:seconds`, `days-hours:…`.

    `UNLIMITED` where no limit is asked for.
    """
    rule = "must be whole minutes, a time as Slurm writes it (2-12:00:00, 12:00:00), or UNLIMITED"
    written = str(given).strip()
    if written.upper() in (UNLIMITED, "INFINITE"):
        return UNLIMITED
    found = _TIME.fullmatch(written) if isinstance(given, str | int | float) else None
    if found is None or isinstance(given, bool):
        raise Invalid(f"{rule}, but got {shown(given)}")
    days = int(found["d"] or 0)
    a, b, c = (int(found[name] or 0) for name in "abc")
    if found["d"] is not None or found["c"] is not None:
        hours, mins, seconds = a, b, c
    else:
        hours, mins, seconds = 0, a, b
    whole_minutes = (days * 24 + hours) * 60 + mins + -(-seconds // 60)
    if whole_minutes < 1:
        raise Invalid(f"{rule}, of at least a minute, but got {shown(given)}")
    return whole_minutes


def environment(spelt: str, given: Any) -> dict[str, str]:
    """Environment variables by their names; no message repeats a value, which may be a secret."""
    checked: dict[str, str] = {}
    mistakes = Mistakes()
    for name, content in mapping(given).items():
        with mistakes.under(name):
            read = _variable(str(name), content)
            if read is not None:
                checked[str(name)] = read
    mistakes.check()
    return checked


def _variable(name: str, content: Any) -> str | None:
    if not _VARIABLE.fullmatch(name):
        raise Invalid("must be the name of an environment variable: letters, digits and _")
    if name.startswith(("SWEEPER_", "SLURM_", "SBATCH_")):
        raise Invalid("must go: Slurm and sweeper set variables of this name themselves")
    if content is None:
        return None
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, int | float):
        return str(content)
    if not isinstance(content, str) or "\0" in content:
        raise Invalid("must be text, a number, true or false")
    if _EXPANDED.search(content):
        raise Invalid(
            "must be the value itself, as nothing replaces a $NAME in it; a line of setup is the "
            f"job's shell's: setup: [export {name}=…]"
        )
    return content


def mem_of_job(parameters: Mapping[str, Any], cpus: int, gpus: int) -> float:
    """Megabytes that a job asks for; 0 for all of the node, or where it is left to the cluster."""
    factors = {"mem": 1, "mem_per_cpu": cpus, "mem_per_gpu": gpus}
    return sum(
        megabytes(str(parameters[key])) * n for key, n in factors.items() if key in parameters
    )


_RULES = {
    "job_name": _job_name,
    "nodes": _nodes,
    "open_mode": _open_mode,
    "export": _export,
    "constraint": _constraint,
    "env": environment,
    "time": minutes,
    "time_min": minutes,
    "gpus_per_node": _gpus,
    "gpus_per_task": _gpus,
    **dict.fromkeys(("mem", "mem_per_cpu", "mem_per_gpu", "tmp"), _memory),
}
