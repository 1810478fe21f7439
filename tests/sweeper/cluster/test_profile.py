"""What a profile may say, and what is answered to what it may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sweeper.cluster import profile
from sweeper.cluster.keys import names as keys
from sweeper.cluster.keys import refused as others
from sweeper.cluster.profile import Profile
from sweeper.errors import SweeperError
from sweeper.files import bundled
from tests.helpers.cases import each
from tests.helpers.paths import ROOT


def read(folder: Path, text: str) -> Profile:
    file = folder / "p.yaml"
    file.write_text(text)
    return profile.load(str(file))


@each(
    "text, line, message",
    [
        ("timeout: 5", 1, "timeout is an unknown key (did you mean 'timeout_min'?); valid: "),
        ("mem_gb: 1\ncpus: 2", 2, "cpus is an unknown key: here it is cpus_per_task"),
        ("12: 2", 1, "12 is an unknown key; valid: account, additional_parameters, array_par"),
        ("K: 2", 1, "K is no option of sbatch of one letter; those are A (account), a (array),"),
        (
            "J: my job",
            1,
            "J names the jobs, so it must be letters, digits and _ . -, at most 40 of "
            "them, as in my_job, but got 'my job'",
        ),
        ("requeue: no", 1, "requeue must be true or false, but got 'no': write false"),
        ("hold: off", 1, "hold must be true or false, but got 'off': write false"),
        ("exclusive: yes", 1, "exclusive must be true or false, but got 'yes': write true"),
        ("get-user-env: On", 1, "must be true or false, but got 'On': write true"),
        ("contiguous: 'True'", 1, "must be true or false, but got 'True': write true"),
        ("gpus: 0\ngres: gpu:1", 1, "gpus asks for no GPUs, but the profile asks for some elsew"),
        ("gpus: 0\ncpus_per_gpu: 2", 2, "cpus_per_gpu needs GPUs"),
        ("walltime: 1:00:00", 1, "is an unknown key: here it is timeout_min (or time: 4:00:00)"),
        ("cluster_name: x", 1, "cluster_name must go: jobs are submitted to, and asked of, one"),
        ("nodes: 2", 1, "nodes must be 1: workers do not talk to each other, and workers= is"),
        (
            "name: my sweep",
            1,
            "name names the jobs, so it must be letters, digits and _ . -, at most 40 of them",
        ),
        ("name: ${hydra.job.name}", 1, "name must be the value itself, as sbatch replaces no ${"),
        ("timeout_min: 30\ntime: 31", 2, "time is given twice, also as timeout_min"),
        ("gpus: 1\ngpus_per_node: 2", 2, "gpus_per_node is given twice, also as gpus"),
        ("timeout_min: 1h", 1, "timeout_min must be whole minutes, a time as Slurm writes it"),
        ("timeout_min: 1.5", 1, "timeout_min must be whole minutes"),
        ("timeout_min: 1:2:3:4", 1, "but got '1:2:3:4'"),
        ("timeout_min: -5", 1, "but got -5"),
        ("timeout_min: true", 1, "but got true"),
        ("timeout_min: 0", 1, "of at least a minute, but got 0"),
        ("timeout_min: 1", 1, "must be more than signal_delay_s, 90 seconds before it"),
        ("time: 2\nsignal_delay_s: 120", 1, "time must be more than signal_delay_s, 120 seconds"),
        ("cpus_per_task: two", 1, "cpus_per_task must be a whole number of at least 1"),
        ("gpus_per_node: 1.5", 1, "gpus_per_node must be a number of GPUs, or a kind and a num"),
        ("gpus: a100:two", 1, "gpus must be a number of GPUs, or a kind and a number as a100:2"),
        ("mem_gb: -1", 1, "mem_gb must be a number above 0, or 0 for all memory of the node"),
        ("mem: 16 G", 1, "mem must be a size like 4000M or 16G, but got '16 G'"),
        ("mem_per_cpu: lots", 1, "mem_per_cpu must be a size like 4000M or 16G, but got 'lots'"),
        ("partition: ' '", 1, "partition must be text"),
        ("setup: {a: 1}", 1, "setup must be text"),
        ("additional_parameters: 3", 1, "additional_parameters must be a mapping"),
        ("additional_parameters: {time: no}", 1, "additional_parameters.time must be whole min"),
        ("additional_parameters: {output: x}", 1, "output must go: what workers print is in"),
        ("signal: USR1@60", 1, "signal must go: it is signal_delay_s"),
        ("array: 0-9%2", 1, "array must go: workers= is how many there are, and array_paralleli"),
        ("use_srun: false", 1, "use_srun must be true: without srun no signal reaches a worker"),
        ("open_mode: truncate", 1, "open_mode must be append: a job that comes back goes on"),
        ("export: NONE", 1, "export must be ALL: workers need the environment of `sweeper run`"),
        ("export: A=1", 1, "env: {NAME: value} adds"),
        ("submitit_folder: x", 1, "submitit_folder must go: files go to the study's folder: root="),
        ("conda_environment: x", 1, "must go: workers run the Python of `sweeper run`"),
        ("modules: [cuda]", 1, "is an unknown key: here it is setup (as in setup: [module load"),
        ("max_simultaneous_jobs: 3", 1, "is an unknown key: here it is array_parallelism"),
        ("experiments_per_job: 3", 1, "must go: it is tasks_per_node, the workers of a job"),
        ("slurm: {mem: 4G}", 1, "slurm must go: its keys stand at the top of a profile"),
        ("_target_: a.b", 1, "_target_ must go: a profile holds what a job asks for"),
        ("clusters: [a, b]", 1, "clusters must go: jobs are submitted to, and asked of, one"),
        ("hold: 3", 1, "hold must be true or false, but got 3"),
        ("partition: true", 1, "partition needs a value, but got true"),
        ("constraint: [a100, v100]", 1, "constraint must be one feature, or a&b for nodes with"),
        ("mem: 4G\nmem_per_cpu: 2G", 2, "mem_per_cpu must go: memory is asked for by mem already"),
        ("cpus_per_gpu: 4", 1, "cpus_per_gpu needs GPUs, as in gpus_per_node: 1"),
        ("gpus: 1\ncpus_per_gpu: 4\ncpus_per_task: 2", 2, "must go: processors are asked for by"),
        ("dependency: singleton", 1, "must go: jobs one after the other are array_parallelism: 1"),
        ("time: 60\ntime_min: 90", 2, "time_min must be at most time, 60 minutes, but is 90"),
        ("comment: 'a\n\n  b'", 1, "comment must be one line"),
        ("env: [A=1]", 1, "env must be a mapping of keys to values"),
        ("env: {A-B: 1}", 1, "env.A-B must be the name of an environment variable"),
        ("env: {SLURM_JOB_ID: 1}", 1, "env.SLURM_JOB_ID must go: Slurm and sweeper set"),
        ("env: {HF: $HOME/hf}", 1, "a line of setup is the job's shell's: setup: [export HF=…]"),
        ("env: {A: [1]}", 1, "env.A must be text, a number, true or false"),
        ("", None, "the file is empty; a profile is a mapping"),
        ("- 1", 1, "a profile is a mapping of keys to values, but got a list"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    with pytest.raises(SweeperError, match=re.escape(message)) as refused:
        read(tmp_path, text)
    place = f"{tmp_path / 'p.yaml'}:" + (f"{line}: " if line else " ")
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("90", 90),
        ("1:30:00", 90),  # which other readers of YAML take for 5,400
        ("90:00", 90),
        ("90:01", 91),
        ("'0:02:00'", 2),
        ("2-12:00:00", 3600),
        ("2-12", 3600),
        ("1-0:30", 1470),
    ],
)
def test_times_are_minutes_or_as_slurm_writes_them(
    tmp_path: Path, written: str, minutes: int
) -> None:
    assert read(tmp_path, f"timeout_min: {written}").minutes == minutes


def test_a_key_may_be_submitits_or_slurms(tmp_path: Path) -> None:
    by_submitit = read(tmp_path, "timeout_min: 30\ntasks_per_node: 2\ncpus_per_task: 3")
    by_slurm = read(tmp_path, "time: 30\nntasks_per_node: 2\ncpus_per_task: 3")
    assert by_submitit.parameters == by_slurm.parameters
    assert (by_slurm.tasks, by_slurm.cpus) == (2, 6)
    assert [by_slurm.jobs(workers) for workers in (1, 2, 3)] == [1, 1, 2]


@each(
    "text, gpus",
    [
        ("cpus_per_task: 1", False),
        ("gpus_per_node: 1", True),
        ("gpus_per_task: 1", True),
        ("gres: gpu:a100:1", True),
        ("gres: license:1", False),
        ("gres: [gpu, tmpdisk:20]", True),
        ("gres: shard:4", True),
        ("gpus: a100:2", True),
        ("gpus_per_node: 0", False),
        ("gpus: 0", False),
        ("num_gpus: 1", True),
        ("-G: 1", True),
    ],
)
def test_whether_gpus_are_asked_for(tmp_path: Path, text: str, gpus: bool) -> None:
    assert read(tmp_path, text).gpus is gpus


@pytest.mark.parametrize("name", ["default", "gpu", "preemptible"])
def test_shipped_profiles_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for written in (name, f"{name}.yaml", f"slurm/{name}.yaml"):
        loaded = profile.load(written)
        assert loaded.file.name == f"{name}.yaml"
        assert loaded.parameters.get("partition") is None
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / f"{name}.yaml").write_text("partition: mine")
    for written in (name, f"slurm/{name}.yaml"):
        assert profile.load(written).parameters == {"partition": "mine"}, "one's own goes first"


@pytest.mark.parametrize(
    ("text", "mb"),
    [
        ("mem: 16G", 16384),
        ("mem: 16GB", 16384),
        ("mem: 1.5G", 1536),
        ("mem: 4000", 4000),
        ("mem: 2T", 2 * 1024**2),
        ("mem_gb: 1.9", 1946),
        ("mem_gb: 0", 0),
        ("mem: 0", 0),
        ("mem_per_cpu: 2G\ncpus_per_task: 3\ntasks_per_node: 2", 12288),
        ("mem_per_gpu: 8G\ngpus: a100:2", 16384),
        ("partition: x", 0),
    ],
)
def test_memory_of_a_job(tmp_path: Path, text: str, mb: float) -> None:
    assert read(tmp_path, text).memory_mb == pytest.approx(mb, abs=1)


def test_spellings_of_sbatch_submitit_and_its_lists_are_one_key(tmp_path: Path) -> None:
    wanted = {"cpus_per_task": 4, "partition": "gpu", "time": 240}
    for text in (
        "cpus_per_task: 4\npartition: gpu\ntimeout_min: 240",
        "cpus-per-task: 4\npartition: gpu\ntime: 4:00:00",
        "--cpus-per-task: 4\n--partition: [gpu]\n--time: 0-04:00:00",
        "slurm_cpus_per_task: 4\nslurm_partition: gpu\nslurm_time: 240",
        "c: 4\np: gpu\n-t: 240",
        "sbatch_options: {cpus-per-task: 4, partition: gpu, time: 0-04:00}",
        "cpus_per_task: 4\nadditional_parameters: {partition: gpu, time: 240}",
        "slurm_additional_parameters: {cpus-per-task: 4, partition: gpu, time: 240}",
        "cpus_per_task: 4\npartition: gpu\ntime: 240\ntimeout_min: 240\nqos: null\nhold: false",
        "cpus_per_task: 4\npartition: gpu\ntime: 240\narray: null\noutput: null\nsignal: false",
    ):
        assert read(tmp_path, text).parameters == wanted, text


def test_what_hydras_launcher_leaves_at_its_default_is_left_out(tmp_path: Path) -> None:
    text = (
        "timeout_min: 60\ncpus_per_task: null\ngpus_per_node: null\ntasks_per_node: 1\n"
        "mem_gb: null\nnodes: 1\nname: study\nstderr_to_stdout: false\npartition: null\n"
        "qos: null\ncomment: null\nconstraint: null\nexclude: null\ngres: null\n"
        "cpus_per_gpu: null\ngpus_per_task: null\nmem_per_gpu: null\nmem_per_cpu: null\n"
        "account: null\nsignal_delay_s: 120\nadditional_parameters: {}\n"
        "array_parallelism: 256\nsetup: null\nsrun_args: null\nuse_srun: true\n"
    )
    loaded = read(tmp_path, text)
    assert loaded.name == "study"
    assert loaded.parameters == {
        "time": 60,
        "ntasks_per_node": 1,
        "nodes": 1,
        "signal_delay_s": 120,
        "array_parallelism": 256,
    }


def test_a_batch_script_is_answered_with_the_keys_it_would_have(tmp_path: Path) -> None:
    text = (
        "#!/bin/bash\n#SBATCH --partition=gpu --mem 16G  # the large ones\n#SBATCH -c 4\n"
        "#SBATCH -t1-00:00:00\n#SBATCH --exclusive\n#SBATCH --array=0-99%10 -o logs/%A.out\n"
        "module load cuda\nsource env/bin/activate\npython train.py\n"
    )
    with pytest.raises(SweeperError) as caught:
        read(tmp_path, text)
    assert str(caught.value).endswith(
        "is a batch script, and a profile is YAML: write its lines as partition: gpu, mem: 16G, "
        "cpus_per_task: 4, time: 1-00:00:00, exclusive: true, setup: [module load cuda, source "
        "env/bin/activate]"
    )
    keyed = str(caught.value).rpartition(" as ")[2].partition(", setup")[0].replace(", ", "\n")
    assert read(tmp_path, keyed).minutes == 1440


def test_values_of_environment_variables_are_in_no_message(tmp_path: Path) -> None:
    loaded = read(tmp_path, "env: {TOKEN: hush, OMP_NUM_THREADS: 1, FAST: true, LEFT: null}")
    assert loaded.env == {"TOKEN": "hush", "OMP_NUM_THREADS": "1", "FAST": "true"}
    assert "hush" not in repr(loaded)
    with pytest.raises(SweeperError) as caught:
        read(tmp_path, "env: {TOKEN: [hush], KEY: hush$HOME}\nnodes: 2")
    assert "hush" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3


def test_no_limit_is_none_and_not_the_partitions(tmp_path: Path) -> None:
    for written in ("UNLIMITED", "unlimited", "infinite"):
        loaded = read(tmp_path, f"time: {written}")
        assert loaded.unlimited and loaded.minutes is None
        assert loaded.parameters["time"] == "UNLIMITED"
    assert not read(tmp_path, "qos: x").unlimited


def test_several_profiles_are_separated_by_commas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = profile.load_all("slurm/default.yaml, gpu")
    assert [one.file.stem for one in loaded] == ["default", "gpu"]
    with pytest.raises(SweeperError, match=r"names .*gpu.yaml twice: workers= is how many"):
        profile.load_all("gpu,slurm/gpu.yaml")
    (tmp_path / "a,b.yaml").write_text("qos: x")
    assert [one.file.name for one in profile.load_all("a,b.yaml")] == ["a,b.yaml"]


def test_mistakes_of_all_profiles_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("tiem: 60\n")
    (tmp_path / "b.yaml").write_text("time: 0\nmem_gb: x\n")
    with pytest.raises(SweeperError) as raised:
        profile.load_all("a.yaml,gone,b.yaml")
    lines = str(raised.value).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "a.yaml:1:",
        "there",
        "b.yaml:1:",
        "b.yaml:2:",
    ]


def test_submitit_has_no_key_that_a_profile_lacks() -> None:
    import submitit

    theirs = submitit.SlurmExecutor._valid_parameters() - {"dependency"}
    assert {keys.canonical(key) for key in theirs} <= keys.KEYS | {*keys.WRAPPERS}
    assert theirs >= keys.OF_SUBMITIT - {"dependency"}


def test_no_refused_key_is_a_key() -> None:
    assert not {*others.REFUSED} & keys.KEYS
    spelt = {*keys.LONG, *keys.SHORT, *keys.WRAPPERS}
    unknown = [name for name in others.INSTEAD if name in spelt | keys.KEYS | {*others.REFUSED}]
    assert not unknown


def test_every_mistake_of_a_profile_is_told(tmp_path: Path) -> None:
    with pytest.raises(SweeperError) as caught:
        read(tmp_path, "timeout: 5\nnodes: 2\nmem_gb: x\nmem_gb: 3\ncpus_per_task: 0\n")
    told = [" ".join(line.split(":", 1)[1].split()[:4]) for line in str(caught.value).splitlines()]
    assert told == [
        "1: timeout is an",
        "2: nodes must be",
        "3: mem_gb must be",
        "4: the key mem_gb",
        "5: cpus_per_task must be",
    ]


def test_a_profile_that_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SweeperError, match=r"did you mean 'slurm/gpu.yaml'.*or a file of your own"):
        profile.load("slurm/gpus.yaml")


def test_the_wheel_has_profiles_the_cluster_and_the_template() -> None:
    """A checkout's folder is what a wheel puts beside the package."""
    root = ROOT
    included = '[tool.hatch.build.targets.wheel.force-include]\n"slurm" = "sweeper/_slurm"'
    assert included in (root / "pyproject.toml").read_text()
    for pattern in ("*.yaml", "cluster", "worker.sbatch"):
        assert bundled.files("slurm", pattern)


def test_mistakes_within_what_must_go_are_told(tmp_path: Path) -> None:
    text = "hydra:\n  launcher:\n    submitit_folder: x\n    nodes: 2\n    timeout_min: 60\n"
    with pytest.raises(SweeperError) as caught:
        read(tmp_path, text)
    told = [line.split(":", 1)[1].partition(" ")[0] for line in str(caught.value).splitlines()]
    assert told == ["1:", "2:", "3:", "4:"]
