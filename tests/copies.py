"""Copies of this repository with environments of their own, for tests that change files or must not see it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
TRACES = (".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "build", "dist")
COMMAND = """#!/bin/sh
exec "$(dirname "$0")/python" -m lepto.cli "$@"
"""


def copy_of_repository(place: Path) -> Path:
    """Copy the repository, without what tools leave behind, into a folder that is made; return the folder."""
    return Path(shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*TRACES)))


def set_up(copy: Path) -> None:
    """Leave a copy as scripts/setup leaves a clone, but with the packages that run these tests."""
    python = environment(copy / ".venv")
    lend_packages(python, copy / "src")
    command = python.parent / "lepto"
    command.write_text(COMMAND, encoding="utf-8")
    command.chmod(0o755)
    stamp = subprocess.run([copy / "scripts" / "setup", "--stamp"], capture_output=True, text=True, check=True).stdout
    (copy / ".venv" / "stamp").write_text(stamp, encoding="utf-8")


def environment(place: Path) -> Path:
    """Make an environment without any package; return its Python."""
    venv.create(place, symlinks=True)
    return place / "bin" / "python"


def lend_packages(python: Path, *first: Path) -> None:
    """Let an environment see these folders, and after them the packages that run these tests."""
    (site,) = (python.parents[1] / "lib").glob("python*/site-packages")
    lent = [folder for folder in sys.path if Path(folder).name in {"site-packages", "dist-packages"}]
    assert lent, "these tests run in an environment without packages"
    (site / "lent.pth").write_text("".join(f"{folder}\n" for folder in (*first, *lent)), encoding="utf-8")


def run(*command: str | Path, cwd: Path, status: int = 0) -> str:
    """Run a command outside this process and its paths; return what it prints, both streams together."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == status, f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def run_module(module: str, *arguments: str | Path, cwd: Path) -> str:
    """Run a module of the Python that runs these tests."""
    return run(sys.executable, "-m", module, *arguments, cwd=cwd)
