"""Read first by every Python that has this folder in its path: it is killed at a certain step on the files of a folder.

A step writes, renames or removes something below the folder `BLOW_IN`; at the step of number `BLOW_AT` the process is
ended by SIGKILL before the step is done. Of a file that is about to reach the disk a half is lost.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from typing import Any

FOLDER, AT = os.environ["BLOW_IN"], int(os.environ["BLOW_AT"])
BY_NAME = {"os.mkdir": 2, "os.rename": 2, "os.remove": 1, "os.rmdir": 1}
"""Events of Python's audit, each with the place of the open folder that a relative name is meant in."""
_steps = count(1)
_fsync = os.fsync


def _step() -> bool:
    return next(_steps) == AT


def _seen(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        changes = isinstance(path, str) and FOLDER in path and flags & (os.O_WRONLY | os.O_RDWR)
    else:
        changes = event in BY_NAME and (FOLDER in os.fspath(arguments[0]) or arguments[BY_NAME[event]] != -1)
    if changes and _step():
        os.kill(os.getpid(), signal.SIGKILL)


def _lost(fd: Any) -> None:
    if _step():
        os.ftruncate(fd, os.fstat(fd).st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    _fsync(fd)


sys.addaudithook(_seen)
os.fsync = _lost
