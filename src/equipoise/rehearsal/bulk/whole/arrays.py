"""Arrays of the two types that the kernel takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def whole_numbers(values: Any) -> npt.NDArray[np.int64]:
    """Integers of 64 bits."""
    return np.array(list(values), dtype=np.int64)


def reals(values: Any) -> npt.NDArray[np.float64]:
    """Numbers in double precision."""
    return np.array(list(values), dtype=np.float64)
