"""How far a run is, for who looks at a terminal: bytes done, patients a second, the time that is left."""

from __future__ import annotations

import time
from types import TracebackType

from tqdm import tqdm


class Bar:
    """A bar on standard error; none where that is no terminal."""

    def __enter__(self) -> Bar:
        self._bar: tqdm[None] = tqdm(
            unit="B",
            unit_scale=True,
            disable=None,
            bar_format="{percentage:3.0f}% |{bar}| {n_fmt} of {total_fmt}, {desc}{remaining} left",
        )
        self._patients, self._begun = 0, time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def begin(self, weight: int, done: int) -> None:
        """Begin with what was done before."""
        self._bar.reset(weight)
        self._bar.initial = done
        self._bar.update(done)
        self._begun = time.monotonic()

    def advance(self, weight: int, patients: int) -> None:
        """Move on."""
        self._patients += patients
        rate = self._patients / (time.monotonic() - self._begun)
        self._bar.set_description_str(f"{self._patients:,} patients, {rate:,.0f} a second, ", refresh=False)
        self._bar.update(weight)
