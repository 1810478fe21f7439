"""Pictures of MuJoCo's scenes, drawn at their own size and at a quality that training can afford.

    python -m agents.envs.drawing     # prints what draws here and how fast, as JSON

`physics.render` of dm_control and `mujoco.Renderer` draw 640 x 480 points with a shadow map of
2048 x 2048 and fine meshes, whatever size is asked for: some tens of frames a second
(docs/measured/pixels).
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.envs import display

_MOST_GEOMS = 1_000
_MESHES = {"numslices": 10, "numstacks": 6, "numquads": 1}
_MEASURED_S = 0.1
_SMALL = """<mujoco><asset><texture name="tiles" type="2d" builtin="checker" width="64" height="64"
rgb1=".1 .2 .3" rgb2=".2 .3 .4"/><material name="tiles" texture="tiles" reflectance=".2"/></asset>
<worldbody><light pos="0 0 4"/><camera pos="0 -4 2" xyaxes="1 0 0 0 1 2"/><geom type="plane"
size="4 4 1" material="tiles"/><body pos="0 0 1"><freejoint/><geom type="capsule" size=".2 .5"/>
<geom size=".4" pos=".5 0 0"/></body></worldbody></mujoco>"""


@dataclass(frozen=True)
class Quality:
    """Samples a point (0: no smooth edges), the shadow map's side (0: no shadows), reflections."""

    samples: int
    shadows: int
    reflects: bool


QUALITIES = {"near": Quality(4, 256, True), "lean": Quality(0, 0, False)}
"""`near` is near to what MuJoCo draws by default; `lean` is brighter, without smooth edges."""


class Painter:
    """Draws scenes at one size, in the process that made it alone.

    It is never freed, nor are its buffers (`agents.envs.display`).
    """

    def __init__(self, model: Any, height: int, width: int) -> None:
        """Raises ValueError where nothing draws on this machine."""
        import mujoco

        self._display = display.display()
        self._size = (height, width, 3)
        model.vis.global_.offheight, model.vis.global_.offwidth = height, width
        self._mujoco, self._area = mujoco, mujoco.MjrRect(0, 0, width, height)
        with self._display.current():
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)

    def draw(self, scene: Any) -> np.ndarray:
        """Returns what a scene's camera sees, uint8 [H, W, 3]."""
        mujoco, frame = self._mujoco, np.empty(self._size, np.uint8)
        with self._display.current():
            mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
            mujoco.mjr_render(self._area, scene, self._context)
            mujoco.mjr_readPixels(frame, None, self._area, self._context)
        return frame[::-1]


_PAINTERS: dict[tuple[int, str, str, int, int], Painter] = {}
"""By process, by whose models and at what quality and size they draw."""


class Camera:
    """A camera of a model, all of whose pictures have one quality.

    What it sees is taken as a scene, which costs microseconds, and drawn or not.
    """

    def __init__(self, name: str, model: Any, camera: int, quality: str) -> None:
        """`name` stands for models that differ in numbers alone: they share what draws them."""
        import mujoco

        self._mujoco, self._model, self._name = mujoco, model, name
        self._quality, self._kept = quality, QUALITIES[quality]
        details = {"offsamples": self._kept.samples, "shadowsize": self._kept.shadows, **_MESHES}
        for detail, value in details.items():  # which strings are taken by, too: of each model
            setattr(model.vis.quality, detail, value)
        self._options, self._perturb = mujoco.MjvOption(), mujoco.MjvPerturb()
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = camera

    def scene(self) -> Any:
        """Returns a scene to take."""
        flags = self._mujoco.mjtRndFlag
        made = self._mujoco.MjvScene(self._model, _MOST_GEOMS)
        made.flags[flags.mjRND_SHADOW] = self._kept.shadows > 0
        made.flags[flags.mjRND_REFLECTION] = self._kept.reflects
        return made

    def take(self, data: Any, scene: Any) -> None:
        """Puts what there is to see of a simulation now into a scene."""
        every = self._mujoco.mjtCatBit.mjCAT_ALL
        self._mujoco.mjv_updateScene(
            self._model, data, self._options, self._perturb, self._camera, every, scene
        )

    def draw(self, scene: Any, height: int, width: int) -> np.ndarray:
        """Returns the picture of a scene, uint8 [H, W, 3].

        Raises ValueError where nothing draws on this machine.
        """
        return self.painter(height, width).draw(scene)

    def painter(self, height: int, width: int) -> Painter:
        """Returns what draws at a size in this process."""
        key = (os.getpid(), self._name, self._quality, height, width)
        if key not in _PAINTERS:
            _PAINTERS[key] = Painter(self._model, height, width)
        return _PAINTERS[key]


def measured(size: int = 84) -> dict[str, float]:
    """Returns how many frames of a small scene a core draws in a second, by quality."""
    import mujoco

    model = mujoco.MjModel.from_xml_string(_SMALL)
    data, rates = mujoco.MjData(model), {}
    mujoco.mj_forward(model, data)
    for quality in QUALITIES:
        camera = Camera("small", model, 0, quality)
        scene = camera.scene()
        camera.take(data, scene)
        camera.draw(scene, size, size)
        begin, frames = time.process_time(), 0
        while time.process_time() - begin < _MEASURED_S:
            camera.draw(scene, size, size)
            frames += 1
        rates[quality] = frames / (time.process_time() - begin)
    return rates


def main() -> None:
    """Prints what draws here, and frames a second by quality, as JSON; or why nothing does."""
    try:
        print(json.dumps({**display.display().described(), "frames_per_s": measured()}))
    except ImportError as error:
        print(json.dumps({"missing": error.name}))
    except ValueError as error:
        print(json.dumps({"problem": str(error)}))


if __name__ == "__main__":
    main()
