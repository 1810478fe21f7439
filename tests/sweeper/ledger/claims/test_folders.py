"""Names are taken once whoever packs, is stopped for however long, or dies at whatever step."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.ledger.claims import folder as folder_of_claims
from sweeper.ledger.claims import folders
from sweeper.ledger.claims.folder import OPEN, begin, content
from sweeper.ledger.claims.folders import ClaimFolders
from sweeper.ledger.claims.packed import ENDING, Packed

STEPS = ("link", "open", "unlink", "mkdir", "rmdir", "listdir")
"""Operations before each of which somebody else may come."""

NAMES = [f"run{i}.0.{k}" for i in range(3) for k in range(2)]


class Actor(threading.Thread):
    """A process that takes names, as a thread that goes on step by step."""

    def __init__(self, act: Callable[[Actor], None]) -> None:
        super().__init__(daemon=True)
        self._act, self.error = act, None
        self._go, self._came = threading.Semaphore(0), threading.Semaphore(0)
        self.done = False
        self.won: list[str] = []
        self.met: dict[str, bytes] = {}

    def run(self) -> None:
        """Acts to the end, unless nobody lets it go on."""
        self._go.acquire()
        try:
            self._act(self)
        except BaseException as error:
            self.error = error
        self.done = True
        self._came.release()

    def pause(self) -> None:
        """Waits until it is its turn again."""
        self._came.release()
        self._go.acquire()

    def step(self) -> None:
        """Lets it go on until its next pause or its end."""
        self._go.release()
        assert self._came.acquire(timeout=20)


@pytest.fixture
def stepwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Actors pause before each operation on files; nothing is forced to the disk."""
    for name in STEPS:
        monkeypatch.setattr(os, name, paused(getattr(os, name)))
    monkeypatch.setattr(folders, "content", paused(content))
    monkeypatch.setattr(Packed, "read", staticmethod(paused(Packed.read)))
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def paused(real: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        actor = threading.current_thread()
        if isinstance(actor, Actor):
            actor.pause()
        return real(*args, **named)

    return call


def script(claims: Path, first: str, number: int, rng: random.Random) -> Callable[[Actor], None]:
    """Takes names, alone and together, packs now and then, and looks."""

    def act(actor: Actor) -> None:
        view = ClaimFolders(claims, first, str(number))
        for turn in range(rng.randrange(2, 5)):
            names = rng.sample(NAMES, rng.randrange(1, 4))
            data = f"{number} {turn}".encode()
            for name, met in zip(names, view.place(names, data), strict=True):
                if met is None:
                    assert name not in actor.won
                    actor.won.append(name)
                    actor.met[name] = data
                else:
                    actor.met[name] = met
            if rng.random() < 0.6:
                view.fold()
            if rng.random() < 0.3:
                view.tidy()
            name = rng.choice(NAMES)
            found = view.find(name)
            if found is not None:
                actor.met[name] = found

    return act


def play(claims: Path, seed: int) -> Iterator[Actor]:
    """Lets four actors go on in an order by `seed`; some are stopped long, one may be killed."""
    rng = random.Random(seed)
    first = begin(claims)
    actors = [Actor(script(claims, first, n, random.Random(rng.random()))) for n in range(4)]
    for actor in actors:
        actor.start()
    alive, stopped = list(actors), 0
    while alive:
        if not stopped:
            slow, stopped = rng.choice(actors), rng.randrange(200)
        stopped -= 1
        going = [actor for actor in alive if actor is not slow] or alive
        actor = rng.choice(going)
        actor.step()
        if actor.done:
            alive.remove(actor)
        elif rng.random() < 0.002:
            alive.remove(actor)  # killed: it never goes on
    yield from actors


@pytest.mark.usefixtures("stepwise")
@pytest.mark.parametrize("seed", range(60))
def test_a_name_is_taken_once_in_whatever_order_steps_are_done(tmp_path: Path, seed: int) -> None:
    actors = list(play(tmp_path, seed))
    assert [actor.error for actor in actors if actor.error] == []
    won = [name for actor in actors for name in actor.won]
    assert len(won) == len(set(won)), "two were told that they were first"
    (first,) = {f.name.removesuffix(ENDING) for f in tmp_path.glob("0.*")}
    view = ClaimFolders(tmp_path, first, "x")
    standing = view.standing()
    for actor in actors:
        for name, data in actor.met.items():
            assert standing[name] == data == view.find(name), "they do not agree who was first"
    assert set(won) <= set(standing)


def test_what_a_stopped_process_links_into_a_packed_folder_is_void(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is removed but for a name that comes late: that is taken in the next one."""
    first = begin(tmp_path)
    late, quick = (ClaimFolders(tmp_path, first, worker) for worker in ("late", "quick"))
    quick.place(["a.0.0"], b"quick")
    real = os.link

    def link(new: Path, name: Path) -> None:
        monkeypatch.setattr(os, "link", real)
        held = os.open(tmp_path / first, os.O_RDONLY)
        (tmp_path / first / OPEN).unlink()
        quick.place(["b.0.0"], b"quick")  # packs what is closed, and goes on
        real(new, f"/proc/self/fd/{held}/{name.name}")
        os.close(held)

    monkeypatch.setattr(os, "link", link)
    assert late.place(["a.0.1"], b"late") == [None]
    assert late.folder == quick.folder and (late.folder / "a.0.1").read_bytes() == b"late"
    assert late.place(["a.0.0", "b.0.0"], b"late 2") == [b"quick", b"quick"]
    late.tidy()
    assert not (tmp_path / first).exists()


@pytest.mark.parametrize("where", ["before", "after"])
def test_who_wanted_what_ended_long_ago_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Stopped before its link, or between that and its look whether the folder is open."""
    first = begin(tmp_path)
    stopped, others = (ClaimFolders(tmp_path, first, worker) for worker in ("stopped", "others"))
    real = os.link

    def link(new: Path, name: Path) -> None:
        monkeypatch.setattr(os, "link", real)
        if where == "after":
            real(new, name)
        for turn in range(3):
            others.place(["run.0.1", f"run{turn}.0.0"], b"others %d" % turn)
            others.fold()
            others.tidy()
        if where == "before":
            real(new, name)

    monkeypatch.setattr(os, "link", link)
    met = stopped.place(["run.0.1"], b"stopped")
    assert met == ([b"others 0"] if where == "before" else [None])
    assert others.find("run.0.1") == (b"others 0" if where == "before" else b"stopped")


def test_a_large_folder_is_packed_as_it_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "FOLD_AT", 40)
    monkeypatch.setattr(folders, "LOOK_EVERY", 10)
    first = begin(tmp_path)
    view = ClaimFolders(tmp_path, first, "w")
    for number in range(500):
        assert view.place([f"r{number}.0.0"], b"%d" % number) == [None]
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) < 60
    other = ClaimFolders(tmp_path, first, "x")
    assert other.standing() == {f"r{n}.0.0": b"%d" % n for n in range(500)}
    assert other.place(["r7.0.0"], b"x") == [b"7"]


def test_who_comes_later_packs_the_folder_that_is_open_then(tmp_path: Path) -> None:
    """As who concludes a study does, who has placed nothing: he knows of the first folder alone."""
    first = begin(tmp_path)
    view = ClaimFolders(tmp_path, first, "w")
    for number in range(3):
        view.place([f"r{number}.0.0"], b"%d" % number)
        ClaimFolders(tmp_path, first, "late").fold()
    files = sorted(file.name for file in tmp_path.rglob("*") if file.is_file())
    assert len(files) == 4 and files[-1] == OPEN
    assert view.standing() == {f"r{n}.0.0": b"%d" % n for n in range(3)}


def test_what_a_killed_packer_left_is_removed_and_what_a_living_one_uses_stays(
    tmp_path: Path,
) -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    first = begin(tmp_path)
    dead = begin(tmp_path, 1).replace(f"-{os.getpid()}-", f"-{pid}-")
    (tmp_path / dead).mkdir()
    (tmp_path / dead / OPEN).touch()
    view = ClaimFolders(tmp_path, first, "w")
    view.place(["a.0.0"], b"w")
    view.tidy()
    assert not (tmp_path / dead).exists() and len(list(tmp_path.glob("1.*"))) == 1
    view.fold()
    used = view.folder.name
    view.tidy()
    assert (tmp_path / used / OPEN).exists() and not (tmp_path / first).exists()


@pytest.mark.parametrize(
    "damage", ["folder gone", "packed gone", "packed empty", "packed flipped", "claims gone"]
)
def test_damaged_folders_are_gone_on_with(tmp_path: Path, damage: str) -> None:
    """What is lost is lost; who comes after takes the same folder as who is there already."""
    first = begin(tmp_path)
    there = ClaimFolders(tmp_path, first, "there")
    there.place(["a.0.0"], b"there")
    if damage != "folder gone":
        there.fold()
        there.place(["b.0.0"], b"there")
    packed = tmp_path / f"{first}{ENDING}"
    match damage:
        case "folder gone":
            for file in (tmp_path / first).iterdir():
                file.unlink()
            (tmp_path / first).rmdir()
        case "packed gone":
            packed.unlink()
        case "packed empty":
            packed.write_bytes(b"")
        case "packed flipped":
            data = packed.read_bytes()
            packed.write_bytes(data[:30] + bytes([data[30] ^ 1]) + data[31:])
        case "claims gone":
            packed.write_bytes(packed.read_bytes().partition(b"\n")[0] + b"\n")
    new = ClaimFolders(tmp_path, first, "new")
    lost = damage not in ("claims gone",)
    assert new.place(["a.0.0"], b"new") == ([None] if lost else [b""])
    assert there.place(["a.0.1"], b"there 2") == [None]
    assert new.place(["a.0.1"], b"new 2") == [b"there 2"] and new.folder == there.folder


def test_a_name_that_is_listed_and_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    """As where a client of a network file system believes that it is not there."""
    first = begin(tmp_path)
    (tmp_path / first / "a.0.0").symlink_to("nowhere")
    packer = ClaimFolders(tmp_path, first, "packer")
    packer.place(["b.0.0"], b"packer")
    packer.fold()
    assert ClaimFolders(tmp_path, first, "late").place(["a.0.0"], b"late") == [b""]


def test_a_packed_file_that_cannot_be_read_now_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begin(tmp_path)
    view = ClaimFolders(tmp_path, first, "w")
    view.place(["a.0.0"], b"w")
    view.fold()

    def broken(*_: Any) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="Input/output"):
        patched.setattr(Path, "open", broken)
        Packed.read(tmp_path / f"{first}{ENDING}")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="Input/output"):
        patched.setattr(Path, "open", broken)
        view.find("a.0.0")
    assert ClaimFolders(tmp_path, first, "late").place(["a.0.0"], b"late") == [b"w"]


def test_a_folder_that_its_maker_has_not_opened_yet_follows_none(tmp_path: Path) -> None:
    first = begin(tmp_path)
    shutil.rmtree(tmp_path / first)
    (tmp_path / "1.slow").mkdir()
    view = ClaimFolders(tmp_path, first, "w")
    assert view.place(["a.0.0"], b"w") == [None]
    assert Packed.read(tmp_path / f"{first}{ENDING}").following == view.folder.name != "1.slow"


def test_a_file_that_cannot_be_removed_yet_ends_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On NFS a file that somebody has open lives on, and its folder with it."""
    first = begin(tmp_path)
    view = ClaimFolders(tmp_path, first, "w")
    view.place(["a.0.0"], b"w")
    real = folder_of_claims.remove

    def busy(path: Path) -> None:
        if path.name == "a.0.0":
            raise OSError(errno.EBUSY, "Device or resource busy")
        real(path)

    monkeypatch.setattr(folder_of_claims, "remove", busy)
    view.fold()
    assert view.place(["a.0.0"], b"late") == [b"w"]


def test_who_wakes_where_another_study_stands_now_leaves_it_alone(tmp_path: Path) -> None:
    """Its own was renamed while it was stopped, and a new one has the old name."""
    claims = tmp_path / "claims"
    claims.mkdir()
    stopped = ClaimFolders(claims, begin(claims), "stopped")
    assert stopped.place(["run0.0.0"], b"x") == [None]
    shutil.rmtree(claims)
    claims.mkdir()
    first = begin(claims)
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "0").write_text(json.dumps({"claims": first}))
    with pytest.raises(SweeperError, match="is another study now"):
        stopped.place(["run1.0.0"], b"x")
    assert os.listdir(claims) == [first] and os.listdir(claims / first) == [OPEN]
