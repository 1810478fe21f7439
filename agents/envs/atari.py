"""Atari 2600 games (Bellemare et al. 2013), with the preprocessing of Mnih et al. 2015.

Frames equal those of Gymnasium's AtariPreprocessing, rewards and ends too, but for the last of an
episode that `env.most_frames` cuts: it is the screen then, of which learners take the value, and
not one of before.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import importlib.metadata
import importlib.util
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from agents import lookup
from agents.envs.outcome import Outcome
from agents.envs.settings import PLAIN, Settings
from agents.shape import Shape

_MINIMAL = {
    3: "freeway skiing",
    4: "atlantis breakout",
    6: "bowling demon_attack name_this_game pong qbert space_invaders up_n_down",
    7: "assault",
    8: "gopher phoenix tutankham",
    9: "asterix beam_rider crazy_climber enduro ms_pacman",
    10: "amidar time_pilot wizard_of_wor",
    14: "asteroids kung_fu_master",
    18: "alien bank_heist battle_zone berzerk boxing centipede chopper_command double_dunk "
    "fishing_derby frostbite gravitar hero ice_hockey jamesbond kangaroo krull montezuma_revenge "
    "pitfall private_eye riverraid road_runner robotank seaquest solaris star_gunner tennis "
    "venture yars_revenge zaxxon",
}
"""The 54 games of Gogianu et al. 2021 by the number of their minimal actions."""
_ACTIONS = {name: count for count, names in _MINIMAL.items() for name in names.split()}
_ALL_ACTIONS = 18
_FOR_TWO = ("combat", "joust", "maze_craze", "warlords")
"""ROMs of ale-py that its emulator of one player ends the whole process at."""
_FRAMES_PER_S = 60.0
_EMULATOR = "ale_py"
_RESIZES = "opencv-python-headless"


@dataclass
class _View:
    """What a step showed: a grey screen, and that of `env.size` once somebody wanted to see it."""

    screen: np.ndarray
    frame: np.ndarray | None = None


class Environment:
    """One game: squares of `env.size` grey points, `env.stack` of them, the oldest first.

    An action is repeated for `env.repeat` frames, fewer where the episode ends; a picture is the
    brighter of the last two frames at each point, made smaller by the mean over areas. In training
    the sum of an action's rewards is clipped to [-1, 1], and a lost life terminates an episode,
    after which the game goes on (`goes_on`); what is scored are the game's own points.

    All randomness is that of no-ops and sticky actions; the emulator has none of its own then, so
    that episodes can be restored from seed and actions.
    """

    tasks: ClassVar[tuple[str, ...]] = tuple(sorted(_ACTIONS))
    settings: ClassVar[tuple[str, ...]] = (
        *("env.repeat", "env.stack", "env.size", "env.noops", "env.sticky", "env.actions"),
        *("env.most_frames", "env.clip_rewards", "env.life_ends"),
    )
    defaults: ClassVar[Mapping[str, Any]] = {
        "repeat": 4,
        "stack": 4,
        "size": 84,
        "noops": 29,
        "sticky": 0.0,
        "actions": "minimal",
        "most_frames": 108_000,
        "clip_rewards": True,
        "life_ends": True,
    }
    unfit: ClassVar[Mapping[str, str]] = dict.fromkeys(_FOR_TWO, "it is for two players")
    extra: ClassVar[tuple[str, ...]] = ("atari", _EMULATOR, "cv2")

    @staticmethod
    def locate(task: str) -> None:
        """Raises ValueError where ale-py has no such game."""
        if task not in (known := _games()):
            raise lookup.unknown("task", f"atari/{task}", [f"atari/{name}" for name in known])

    @staticmethod
    def check(task: str, settings: Settings) -> None:
        """Raises ValueError where an episode would be over before its first action."""
        given = _every(settings)
        if given["most_frames"] <= given["noops"]:
            raise ValueError(
                "env.most_frames must be above env.noops, as an episode begins with up to "
                f"{given['noops']} no-ops, got {given['most_frames']}"
            )

    @staticmethod
    def shape(task: str, settings: Settings = PLAIN) -> Shape:
        """Returns the shape: grey images of bytes, and the game's own actions or all 18."""
        given = _every(settings)
        actions = _ALL_ACTIONS
        if given["actions"] == "minimal":
            actions = _ACTIONS.get(task) or _minimal_actions(task)
        image = (given["size"], given["size"], given["stack"])
        return Shape(image, "uint8", actions, high=255.0, stack=given["stack"])

    @staticmethod
    def bytes_each(task: str) -> int:
        """Returns bytes of one emulator, with the screens of a stack."""
        return 1_500_000

    @staticmethod
    def references(task: str) -> dict[str, tuple[float, float]]:
        """Returns under `human` the mean points of a random policy and of a human tester, if known.

        They are for whole games with no-ops at their start, whatever the settings.
        """
        return {"human": known} if (known := _references().get(task)) else {}

    @staticmethod
    def describe(task: str) -> dict[str, str]:
        """Returns what frames depend on: which ROM it is, and what makes them smaller."""
        facts = {}
        if (rom := _roms() / f"{task}.bin").is_file():
            facts["rom"] = f"md5 {hashlib.md5(rom.read_bytes()).hexdigest()}"
        with suppress(importlib.metadata.PackageNotFoundError):
            facts[_RESIZES] = importlib.metadata.version(_RESIZES)
        return facts

    def __init__(self, task: str, settings: Settings = PLAIN, training: bool = True) -> None:
        given = _every(settings)
        self.described = self.shape(task, settings)
        """The shape of its observations and actions."""
        self._size, self._repeat, self._noops = given["size"], given["repeat"], given["noops"]
        self._sticky = float(given["sticky"])
        self._clips = training and given["clip_rewards"]
        self._life_ends = training and given["life_ends"]
        self._game = game = _emulator(task, given["most_frames"])
        full = given["actions"] == "full"
        self._codes = game.getLegalActionSet() if full else game.getMinimalActionSet()
        self._random = np.random.RandomState(0)
        self._held = self._noop = self._codes[0]
        self._older, self._newer = (np.zeros(game.getScreenDims(), np.uint8) for _ in range(2))
        self._views: deque[_View] = deque(maxlen=self.described.stack)
        self._lives = 0
        game.reset_game()
        self._first, self._first_screen = game.cloneState(include_rng=True), self._newer.copy()
        self._look(self._first_screen)
        self.goes_on = False
        """Whether the episode ended with a lost life, and its game has not."""

    @property
    def pictures_per_s(self) -> float:
        """How many of its pictures pass in a second: one a step."""
        return _FRAMES_PER_S / int(self._repeat)

    def reset(self, seed: int) -> None:
        """Begins a game whose randomness all comes from `seed` (32 bits)."""
        self._random.seed(seed)
        self._held = self._noop
        self._begin()
        for _ in range(self._random.randint(self._noops + 1)):
            self._act(self._noop)
            self._look(self._newer)
            if self._game.game_over():
                self._begin()
        self._lives = self._game.lives()
        self._start()

    def _begin(self) -> None:
        """As after loading: a reset alone leaves some of the memory and the screen of before."""
        self._game.reset_game()
        self._game.restoreState(self._first)
        self._newer[:] = self._first_screen

    def go_on(self) -> None:
        """Begins an episode where the game is: its first frame is what is on the screen."""
        self._look(self._newer)
        self._start()

    def _start(self) -> None:
        self.goes_on = False
        self._views.extend([_View(self._newer.copy())] * self.described.stack)

    def step(self, action: int) -> Outcome:
        """Acts for some frames; returns what is learned from, the two ends, points and frames."""
        score, frames, most = 0, 0, self._repeat
        over = cut = lost = False
        while frames < most and not (over or cut or lost):
            score += self._act(self._codes[action])
            frames += 1
            over, cut = self._game.game_over(with_truncation=False), self._game.game_truncated()
            lost = self._loses()
            if frames >= most - 1 and not (over or cut or lost):
                self._look(self._newer if frames == most else self._older)
        if cut:  # what follows has a value, so that it is looked at
            self._look(self._newer)
        elif most > 1:
            np.maximum(self._older, self._newer, out=self._newer)
        self._views.append(_View(self._newer.copy()))
        self.goes_on = lost and not (over or cut)
        learned = min(max(score, -1), 1) if self._clips else score
        return Outcome(float(learned), over or self.goes_on, cut and not over, float(score), frames)

    def _act(self, code: Any) -> int:
        """One frame, in which the last action is held where it sticks; returns its points."""
        if not (self._sticky and self._random.random_sample() < self._sticky):
            self._held = code
        points: int = self._game.act(self._held)
        return points

    def _loses(self) -> bool:
        """Whether a life was lost that ends an episode."""
        before, self._lives = self._lives, self._game.lives()
        return self._life_ends and self._lives < before

    def _look(self, screen: np.ndarray) -> None:
        self._game.getScreenGrayscale(screen)

    def render(self) -> np.ndarray:
        """Returns the screen in its colours, uint8 [210, 160, 3]."""
        return np.array(self._game.getScreenRGB())

    def observe(self) -> np.ndarray:
        """Returns the newest frames, the oldest first along the last axis, uint8 [H, W, stack]."""
        return np.stack([self._small(view) for view in self._views], axis=-1)

    def _small(self, view: _View) -> np.ndarray:
        if view.frame is None:
            cv2, side = _cv2(), self._size
            view.frame = cv2.resize(view.screen, (side, side), interpolation=cv2.INTER_AREA)
        return view.frame


def _every(settings: Settings) -> dict[str, Any]:
    """All settings, those that are left to the family too."""
    return vars(settings.filled(Environment.defaults))


def _emulator(task: str, most_frames: int) -> Any:
    """An emulator with a game in it, which says nothing."""
    import ale_py

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    game = ale_py.ALEInterface()
    game.setInt("random_seed", 0)
    game.setFloat("repeat_action_probability", 0.0)
    game.setInt("max_num_frames_per_episode", most_frames)
    game.loadROM(_roms() / f"{task}.bin")
    return game


@functools.cache
def _cv2() -> Any:
    """OpenCV, on one thread."""
    import cv2

    cv2.setNumThreads(1)
    return cv2


@functools.cache
def _references() -> dict[str, tuple[float, float]]:
    """Points of a random policy and of a human by game; the table's head names its source."""
    table = Path(__file__).with_name("atari_references.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in table.splitlines() if not line.startswith("#"))
    return {row["game"]: (float(row["random"]), float(row["human"])) for row in rows}


@functools.cache
def _minimal_actions(task: str) -> int:
    return len(_emulator(task, 1).getMinimalActionSet())


@functools.cache
def _roms() -> Path:
    """Where the ROMs of ale-py are, which is not imported: that takes long."""
    package = importlib.util.find_spec(_EMULATOR)
    return Path(str(package.origin)).parent / "roms" if package is not None else Path()


@functools.cache
def _games() -> tuple[str, ...]:
    """Those of one player."""
    return tuple(sorted({path.stem for path in _roms().glob("*.bin")} - {*_FOR_TWO}))
