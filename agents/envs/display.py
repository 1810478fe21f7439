"""What draws where there is no display: EGL or OSMesa, whichever is there, by its C functions.

    python -m agents.envs.display     # prints what this machine draws with, as JSON

There is one OpenGL context a process. It is never freed before the process ends: MuJoCo's freeing
of any leaves none current, and what is drawn next is the old picture, without an error.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

_LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa"}
"""Libraries by the names that MUJOCO_GL has for them."""
_PACKAGES = "libegl1, libopengl0 and libgl1-mesa-dri, or libosmesa6"
_PATIENCE_S = 30.0
_STRINGS = {"renderer": 0x1F01, "OpenGL": 0x1F02}
"""GL_RENDERER and GL_VERSION, by what a study calls them."""


def choose_display() -> None:
    """MuJoCo and SDL draw without a display where there is none and nobody says otherwise.

    To be called before MuJoCo is imported, which fails where a library is named that is not there.
    """
    if sys.platform != "linux" or {"DISPLAY", "WAYLAND_DISPLAY"} & {*os.environ}:
        return
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    for name, library in _LIBRARIES.items():
        if _found(library):
            os.environ.setdefault("MUJOCO_GL", name)


@functools.cache
def _found(library: str) -> str | None:
    """The file of a library; other programs are asked for it."""
    return ctypes.util.find_library(library)


class _Library(Protocol):
    """A library's context, without a window, for whichever thread binds it."""

    def bind(self) -> None:
        """Makes it current in this thread; raises OSError where it cannot be."""

    def release(self) -> None:
        """Makes none current in this thread, so that another may bind it."""

    def function(self, name: str) -> Any:
        """Returns the address of a function of OpenGL."""


class _Egl:
    """A context without a surface on the first device that there is, GPUs first."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._egl = library
        for name in ("GetProcAddress", "CreateContext", "GetCurrentContext", "GetCurrentDisplay"):
            getattr(library, f"egl{name}").restype = ctypes.c_void_p
        library.eglGetCurrentSurface.restype = ctypes.c_void_p
        self._display = self._opened()
        config, found = ctypes.c_void_p(), ctypes.c_int()
        # A pbuffer with OpenGL, of 8 bits a colour, 24 of depth and 8 of stencil.
        wanted = {
            0x3033: 1,
            0x3040: 8,
            **dict.fromkeys((0x3024, 0x3023, 0x3022, 0x3021, 0x3026), 8),
        }
        pairs = [number for pair in {**wanted, 0x3025: 24}.items() for number in pair]
        listed = (ctypes.c_int * (len(pairs) + 1))(*pairs, 0x3038)
        library.eglChooseConfig(self._display, listed, ctypes.byref(config), 1, ctypes.byref(found))
        library.eglBindAPI(0x30A2)
        context = library.eglCreateContext(self._display, config, None, None)
        if not (found.value and context):
            raise OSError("it makes no OpenGL context")
        self._context = ctypes.c_void_p(context)
        self._before = self._current()

    def _opened(self) -> ctypes.c_void_p:
        query = self._extension("eglQueryDevicesEXT", ctypes.c_uint)
        display_of = self._extension("eglGetPlatformDisplayEXT", ctypes.c_void_p)
        devices, count = (ctypes.c_void_p * 64)(), ctypes.c_int()
        query(64, devices, ctypes.byref(count))
        for number in _chosen(count.value):
            display = ctypes.c_void_p(display_of(0x313F, ctypes.c_void_p(devices[number]), None))
            if display and self._egl.eglInitialize(display, None, None):
                return display
        raise OSError(f"none of its {count.value} devices can be opened")

    def _extension(self, name: str, kind: Any) -> Any:
        address = self.function(name)
        if not address:
            raise OSError(f"it has no {name}")
        return ctypes.CFUNCTYPE(kind, *_ARGUMENTS[name])(address)

    def bind(self) -> None:
        """Makes it current in this thread; raises OSError where it cannot be."""
        self._egl.eglBindAPI(0x30A2)  # of the thread
        self._before = self._current()  # as of dm_control, which trusts in it
        if not self._egl.eglMakeCurrent(self._display, None, None, self._context):
            raise OSError(f"EGL cannot draw in this thread: error {self._egl.eglGetError():#x}")

    def _current(self) -> list[ctypes.c_void_p | None]:
        """What is current in this thread: display, surfaces to draw to and read from, context."""
        egl = self._egl
        context = egl.eglGetCurrentContext()
        if not context:
            return [self._display, None, None, None]
        surfaces = [egl.eglGetCurrentSurface(kind) for kind in (0x3059, 0x305A)]
        return [*map(ctypes.c_void_p, (egl.eglGetCurrentDisplay(), *surfaces, context))]

    def release(self) -> None:
        """Makes current what was before; another thread may bind it then."""
        self._egl.eglMakeCurrent(*self._before)

    def function(self, name: str) -> Any:
        """Returns the address of a function of EGL or OpenGL."""
        return self._egl.eglGetProcAddress(name.encode())


def _chosen(count: int) -> Sequence[int]:
    """The numbers of the devices to try, of so many; raises OSError where another is asked for."""
    asked, valid = os.environ.get("MUJOCO_EGL_DEVICE_ID"), range(count)
    if asked is not None and asked not in map(str, valid):
        listed = ", ".join(map(str, valid)) or "none, as there is no device"
        raise OSError(f"MUJOCO_EGL_DEVICE_ID must be one of {listed}, got {asked!r}")
    return valid if asked is None else [int(asked)]


_ARGUMENTS = {
    "eglQueryDevicesEXT": (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    "eglGetPlatformDisplayEXT": (ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
}


class _OsMesa:
    """A context over a little memory: pictures are drawn into buffers of OpenGL's own."""

    _SIDE = 64

    def __init__(self, library: ctypes.CDLL) -> None:
        self._osmesa = library
        library.OSMesaGetProcAddress.restype = ctypes.c_void_p
        library.OSMesaCreateContextExt.restype = ctypes.c_void_p
        context = library.OSMesaCreateContextExt(0x1908, 24, 8, 0, None)
        if not context:
            raise OSError("it makes no OpenGL context")
        self._context = ctypes.c_void_p(context)
        self._memory = (ctypes.c_ubyte * (4 * self._SIDE**2))()

    def bind(self) -> None:
        """Makes it current in this thread; raises OSError where it cannot be."""
        given = (self._memory, 0x1401, self._SIDE, self._SIDE)
        if not self._osmesa.OSMesaMakeCurrent(self._context, *given):
            raise OSError("OSMesa cannot draw in this thread")

    def release(self) -> None:
        """Makes none current in this thread, so that another may bind it."""
        self._osmesa.OSMesaMakeCurrent(None, None, 0, 0, 0)

    def function(self, name: str) -> Any:
        """Returns the address of a function of OpenGL."""
        return self._osmesa.OSMesaGetProcAddress(name.encode())


class Display:
    """The OpenGL context of a process; threads take turns."""

    def __init__(self) -> None:
        """Raises ValueError that names Debian's packages where nothing draws."""
        os.environ.setdefault("LP_NUM_THREADS", "0")  # Mesa's threads: a worker has one core
        self._lock = threading.Lock()
        self._library = _opened()

    @contextmanager
    def current(self) -> Iterator[None]:
        """Within it OpenGL draws here."""
        with self._lock:
            self._library.bind()
            try:
                yield
            finally:
                self._library.release()

    def described(self) -> dict[str, str]:
        """Returns what pictures depend on: `renderer`, and the version of `OpenGL` and driver."""
        string = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_uint)
        with self.current():
            read = string(self._library.function("glGetString"))
            return {name: (read(number) or b"").decode() for name, number in _STRINGS.items()}


_DISPLAYS: dict[int, Display] = {}
"""Those of this process and of processes that it was forked from, which must not be freed."""


def display() -> Display:
    """Returns that of this process; raises ValueError where nothing draws.

    To be called before MuJoCo is imported, which draws with the same library then.
    """
    here = os.getpid()
    if here not in _DISPLAYS:
        _DISPLAYS[here] = Display()
    return _DISPLAYS[here]


@functools.cache
def described() -> dict[str, str]:
    """Returns what pictures depend on here, or that nothing draws; found by another process.

    What plans a study loads no driver.
    """
    command = [sys.executable, "-P", "-m", __name__]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=True)
        found: dict[str, str] = json.loads(done.stdout)
        return found
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return {"renderer": f"unknown: {error}"}


def _opened() -> _Library:
    kinds: dict[str, Callable[[ctypes.CDLL], _Library]] = {"egl": _Egl, "osmesa": _OsMesa}
    asked = os.environ.get("MUJOCO_GL", "").lower()
    problems = []
    for name in sorted(kinds, key=lambda name: name != asked):
        library = _found(_LIBRARIES[name])
        try:
            if library is None:
                raise OSError("it is not installed")
            opened = kinds[name](ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL))
            os.environ["MUJOCO_GL"] = name  # MuJoCo and the suite cannot be imported with another
            return opened
        except (OSError, AttributeError) as error:
            problems.append(f"{_LIBRARIES[name]}: {error}")
    raise ValueError(
        f"nothing draws pictures on this machine ({'; '.join(problems)}): install {_PACKAGES}, as "
        "Debian calls them"
    )


def main() -> None:
    """Prints what this machine draws with, as JSON."""
    try:
        print(json.dumps(display().described()))
    except ValueError:
        print(json.dumps({"renderer": "none on this machine"}))


if __name__ == "__main__":
    main()
