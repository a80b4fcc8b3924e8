"""What the staff of a replicate do: how often visits are missed or late, and what goes wrong in writing down."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from .assumptions import Staff
from .streams import Floats, Streams


class StaffArrays:
    """What staff do, as uniform numbers and days; `[person, visit]` in the schedule's order. Drawn when looked at."""

    def __init__(
        self, visits: int, plan: Staff, streams: Streams, subjects: npt.NDArray[np.uint64]
    ) -> None:
        self._visits = max(visits, 1)
        self._plan = plan
        self._streams = streams
        self._subjects = subjects

    def _per_visit(self, what: str) -> Floats:
        return self._streams.uniforms(f"staff/{what}", self._subjects, self._visits)

    @cached_property
    def missed(self) -> npt.NDArray[np.bool_]:
        """Visits to which nobody comes."""
        if self._plan.visit_missed == 0:
            return np.zeros((self._subjects.size, self._visits), dtype=np.bool_)
        return np.asarray(self._per_visit("missed") < self._plan.visit_missed)

    @cached_property
    def late(self) -> npt.NDArray[np.int64]:
        """Days by which visits are late."""
        if self._plan.visit_late == 0:
            return np.zeros((self._subjects.size, self._visits), dtype=np.int64)
        u = self._per_visit("late")
        low, high = self._plan.late_days
        spread = np.floor(u / self._plan.visit_late * (high - low + 1)).astype(np.int64)
        return np.where(u < self._plan.visit_late, low + np.minimum(spread, high - low), 0)

    @cached_property
    def typing(self) -> Floats:
        """Whether a number is mistyped at a visit."""
        return self._per_visit("typing")

    @cached_property
    def typing_item(self) -> Floats:
        """Which number."""
        return self._per_visit("typing-item")

    @cached_property
    def typing_kind(self) -> Floats:
        """In which way."""
        return self._per_visit("typing-kind")

    @cached_property
    def found(self) -> Floats:
        """Whether, and when, a monitor finds it."""
        return self._per_visit("found")

    @cached_property
    def swap(self) -> Floats:
        """Whether a form is typed into another participant's record."""
        return self._per_visit("swap")

    @cached_property
    def deviation(self) -> Floats:
        """Whether another departure from the protocol is logged."""
        return self._per_visit("deviation")

    @cached_property
    def wrong_stratum(self) -> Floats:
        """Whether a stratum is ticked wrongly, which one, and when that is found."""
        return self._streams.uniforms("staff/stratum", self._subjects, 3)

    @cached_property
    def transfer(self) -> Floats:
        """Whether a person moves to another site, when, and to which."""
        return self._streams.uniforms("staff/transfer", self._subjects, 3)

    @cached_property
    def query(self) -> Floats:
        """How long queries take."""
        return self._streams.uniforms("staff/query", self._subjects, 64)

    @cached_property
    def diary(self) -> Floats:
        """Which diary days are never reported."""
        return self._streams.uniforms("staff/diary", self._subjects, 400)
