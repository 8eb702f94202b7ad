"""Where slices are answered: in this process, or in several on this machine."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice, repeat
from multiprocessing import get_context
from threading import current_thread, main_thread
from typing import TextIO, TypeAlias

from lepto.cohort.job import JOURNAL, Done, Job, Task
from lepto.cohort.work import Work
from lepto.errors import LeptoError
from lepto.processes import end_with_parent

Executor: TypeAlias = Callable[[Job, Sequence[Task]], Iterator[Done]]
"""Answers tasks in any order, and yields each when it is finished."""
WORKERS = "workers"
"""The file, in the journal, that each process holds in common with others while it may write."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerLostError(LeptoError):
    """A process that answered slices was ended from outside."""

    status = 4


def processes(many: int) -> Executor:
    """Return what answers in so many processes, of which this is one."""

    def here(job: Job, tasks: Sequence[Task]) -> Iterator[Done]:
        return map(Work(job).do, tasks)

    def side_by_side(job: Job, tasks: Sequence[Task]) -> Iterator[Done]:
        others, waiting = min(many, len(tasks)) - 1, iter(tasks)
        pool = ProcessPoolExecutor(others, get_context("spawn"), _begin, (job,))
        running: set[Future[Done]] = set()

        def hand_out() -> None:
            for task in islice(waiting, 2 * others - len(running)):
                running.add(pool.submit(_do, task))

        try:
            with _no_interrupt(), _threads(max(1, cores() // many)):
                hand_out()
            work = Work(job)
            for own in chain(waiting, repeat(None)):
                if own is not None:
                    yield work.do(own)
                elif not running:
                    break
                yield from _finished(running, None if own is None else 0)
                hand_out()
        except BrokenProcessPool:
            mend = "was there memory enough? --jobs takes fewer processes, --resume goes on from what is finished"
            raise WorkerLostError(f"a process that answered patients was ended from outside; {mend}") from None
        finally:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)

    return lambda job, tasks: (side_by_side if min(many, len(tasks)) > 1 else here)(job, tasks)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Have processes that are begun now ignore the interrupt of a terminal, which goes to all and is for the first."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _threads(many: int) -> Iterator[None]:
    """Have Polars take so many threads in processes that are begun now, unless somebody has told it otherwise."""
    if (name := "POLARS_MAX_THREADS") in os.environ:
        yield
        return
    os.environ[name] = str(many)
    try:
        yield
    finally:
        del os.environ[name]


def _finished(running: set[Future[Done]], seconds: float | None) -> Iterator[Done]:
    """What is finished by now, or within so many seconds, or (None) ever."""
    done, _ = wait(running, seconds, FIRST_COMPLETED)
    running -= done
    return iter([one.result() for one in done])


def held(job: Job) -> TextIO:
    """Return the file that this process holds, until it ends, so that nobody begins anew while it may still write."""
    workers = (job.out / JOURNAL / WORKERS).open("w")
    fcntl.flock(workers, fcntl.LOCK_SH)
    return workers


_works: dict[Job, tuple[Work, TextIO]] = {}
"""What this process has prepared for the job that it works on, and what it holds."""


def _begin(job: Job) -> None:
    """Prepare a process."""
    end_with_parent()
    _works[job] = Work(job), held(job)


def _do(task: Task) -> Done:
    ((work, _),) = _works.values()
    return work.do(task)
