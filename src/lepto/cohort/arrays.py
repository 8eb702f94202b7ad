"""The arrays over which a cohort is answered: an entry, or a row, for each patient."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.int32]
"""The numbers of what is stated: a row a patient, a column a fact."""
Numbers: TypeAlias = NDArray[np.int64]
"""Numbers or places."""
Bits: TypeAlias = NDArray[np.int64]
"""Sets of facts or rules, a bit each."""
Codes: TypeAlias = NDArray[np.int8]
"""Standings."""
Flags: TypeAlias = NDArray[np.bool_]
