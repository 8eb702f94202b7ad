"""The folder of a run's answers: whose it is, whether it may be written to, and what in it is old.

At whatever step a run is killed, the folder holds the whole answers of one plan, or a part of them that says so. The
plan is in `run.json`; a copy in the journal says that what lies there was made under it, and nothing under an older
one. The hashes of all files are written last of all, and are the first to be thrown away.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TextIO

from lepto.cohort.executors import WORKERS
from lepto.cohort.job import JOURNAL, TABLES
from lepto.cohort.outputs import Format, output_error, write
from lepto.cohort.seals import sums
from lepto.cohort.summary import pictures
from lepto.errors import InputError, LeptoError, one_line

RUN, SUMMARY, SUMS, LOCK = "run.json", "summary.json", "SHA256SUMS", "lock"
SECONDS: Final = 20
"""So long the processes of a run that was killed may take to notice it."""
_SINGLE: Final = (SUMS, SUMMARY, *pictures())
"""What a folder holds beside the plan, the tables and the journal."""
_PART: Final = re.compile(rf"part-\d{{5,}}\.(?:{'|'.join(form.value for form in Format)})")


def finished(out: Path) -> bool:
    """Return whether the run in a folder has come to its end."""
    return (out / SUMS).exists()


@contextmanager
def prepared(out: Path, plan: Mapping[str, Any], *, resume: bool, force: bool) -> Iterator[None]:
    """Hold the folder of a run against all other runs, ready to be written to.

    Raises InputError where it holds something else, what may not be written over, or what others have changed.
    """
    told = json.dumps(plan, indent=2).encode() + b"\n"
    try:
        _refuse(out, plan, resume, force)
        (out / JOURNAL).mkdir(parents=True, exist_ok=True)
        with _held(out):
            _refuse(out, plan, resume, force)  # What was looked at before the folder was held may have changed.
            _wait_for_workers(out)
            _sweep(out)
            if force or not _is_of(out, told):
                write(out / RUN, told)
                _throw_away(out)
                write(out / JOURNAL / RUN, told)
            elif finished(out):
                _refuse_changed(out)
            try:
                yield
            except LeptoError:
                _forget_if_nothing_is_done(out)
                raise
    except OSError as error:
        raise output_error(out, error) from None


# Whose it is


def _refuse(out: Path, plan: Mapping[str, Any], resume: bool, force: bool) -> None:
    begun = _begun(out)
    if begun is not None and not (resume or force):
        mend = "--resume goes on with it or leaves it as it is, --force throws it away"
        raise InputError(one_line(str(out)), "the folder", "it holds a cohort's answers already", mend)
    if begun is not None and not force and begun != plan:
        differ = ", ".join(sorted(name for name in {*plan, *begun} if begun.get(name) != plan.get(name)))
        fault = f"the run there was begun with something else ({differ})"
        raise InputError(one_line(str(out)), RUN, fault, "ask as it was asked then, or throw it away by --force")


def _begun(out: Path) -> dict[str, Any] | None:
    """The plan of the run that a folder holds; None where it is not there, or holds what comes before a plan."""
    for name in (JOURNAL, *TABLES):
        if (out / name).is_symlink():
            raise InputError(
                one_line(str(out)), name, "it leads elsewhere", "name a folder that holds its tables itself"
            )
    fault = "it holds something else than a cohort's answers"
    try:
        begun = json.loads((out / RUN).read_text(encoding="utf-8"))
        if isinstance(begun, dict) and begun.keys() >= {"on", "input", "guideline", "program"}:
            return begun
        fault += f" ({RUN} is of another program)"
    except FileNotFoundError:
        if not out.exists() or all(_is_before_a_plan(path) for path in out.iterdir()):
            return None
    except ValueError:
        fault += f" ({RUN} cannot be read)"
    raise InputError(one_line(str(out)), "the folder", fault, "name a new or an empty folder")


def _is_before_a_plan(path: Path) -> bool:
    if path.name == JOURNAL and path.is_dir():
        return all(one.name in (LOCK, WORKERS) for one in path.iterdir())
    return _is_partial(path)


def _is_partial(path: Path) -> bool:
    """Whether somebody was killed as he wrote this; `write` names such a file after its process."""
    named = re.fullmatch(r"\.(.+)\.\d+", path.name)
    ours = named and (named[1] in (RUN, *_SINGLE) or _PART.fullmatch(named[1]) or path.parent.name == JOURNAL)
    return bool(ours) and path.is_file()


@contextmanager
def _held(out: Path) -> Iterator[None]:
    """Hold a folder; at the end the journal is taken away where it has done its work, the lock last of all."""
    with (out / JOURNAL / LOCK).open("w") as lock:
        if not (_locked(lock) and _is_there(lock)):
            fault = "another run is at work there"
            raise InputError(one_line(str(out)), "the folder", fault, "wait for it, or name another folder")
        try:
            yield
        finally:
            if finished(out) or not (out / RUN).exists():
                _empty_journal(out)
                shutil.rmtree(out / JOURNAL, ignore_errors=True)


def _is_there(stream: TextIO) -> bool:
    """Whether an open file still has its name."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(stream.fileno()), Path(stream.name).stat())
    return False


def _wait_for_workers(out: Path) -> None:
    """Wait for the processes of a run that was killed: they may still be writing."""
    until = time.monotonic() + SECONDS
    with (out / JOURNAL / WORKERS).open("w") as workers:
        while not _locked(workers):
            if time.monotonic() > until:
                fault = "processes of a run that was killed are at work there"
                raise InputError(one_line(str(out)), "the folder", fault, "wait for them, or end them")
            time.sleep(0.05)


def _locked(stream: TextIO) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# What in it is old


def _is_of(out: Path, told: bytes) -> bool:
    """Whether what a folder holds was made under this plan, and is not being thrown away."""
    if finished(out):
        return _sums(out).get(RUN) == sha256(told).hexdigest()
    copy = out / JOURNAL / RUN
    return copy.exists() and copy.read_bytes() == told


def _throw_away(out: Path) -> None:
    """Take away a run's answers, and nothing else; what says that they are of this plan comes first."""
    (out / SUMS).unlink(missing_ok=True)
    (out / JOURNAL / RUN).unlink(missing_ok=True)
    _empty_journal(out)
    for name in _SINGLE:
        (out / name).unlink(missing_ok=True)
    for path in _parts(out):
        path.unlink()


def _forget_if_nothing_is_done(out: Path) -> None:
    """Take away the plan of a run that failed before there was anything to go on from; but where others have put
    something beside it, it still says whose the folder is.
    """
    _sweep(out)
    if {path.name for path in out.iterdir()} - {JOURNAL, RUN, *TABLES}:
        return
    done = [path for name in TABLES for path in (out / name).glob("*")]
    if not done and all(path.name in (LOCK, WORKERS, RUN) for path in (out / JOURNAL).iterdir()):
        for folder in (out / JOURNAL, out):
            (folder / RUN).unlink(missing_ok=True)
        for name in TABLES:
            with suppress(FileNotFoundError):
                (out / name).rmdir()


def _empty_journal(out: Path) -> None:
    for path in [*(out / JOURNAL).iterdir()]:
        if path.name != LOCK:
            path.unlink()


def _sweep(out: Path) -> None:
    """Take away what a run was writing when it was killed."""
    for folder in (out, *(out / name for name in (JOURNAL, *TABLES))):
        for path in [*folder.glob(".*")]:
            if _is_partial(path):
                path.unlink()


def _parts(out: Path) -> list[Path]:
    return sorted(path for name in TABLES for path in (out / name).glob("part-*") if _PART.fullmatch(path.name))


# Whether it is whole


def _refuse_changed(out: Path) -> None:
    """Refuse a finished run of which a file is gone, or changed, or added."""
    told = _sums(out)
    for name in sorted({*told, *(path.relative_to(out).as_posix() for path in _parts(out))}):
        path = out / name
        if not path.is_file() or sums(out, [path]).partition(" ")[0] != told.get(name):
            mend = "put back what was there, or throw the answers away by --force"
            raise InputError(one_line(str(out)), one_line(name), "it is not as the run left it", mend)


def _sums(out: Path) -> dict[str, str]:
    """The hashes of a finished run's files."""
    text = (out / SUMS).read_text(encoding="utf-8", errors="replace")
    told = {name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())}
    if RUN not in told:
        mend = "put back what was there, or throw the answers away by --force"
        raise InputError(one_line(str(out)), SUMS, "it is not as the run left it", mend)
    return told
