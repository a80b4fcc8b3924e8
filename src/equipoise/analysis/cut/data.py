"""The data sets of one cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from equipoise.conduct.events import Mode
from equipoise.protocol.document import Protocol

from ..around import Around
from .rows import Adverse, Observation, Position, Subject

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class DataCut:
    """The data sets of one cut. `subjects` are in order of number.

    `data_use_withdrawn` counts those whose data may not be used, and of them those who had been
    randomized. `dummy_arms` says that the arms shown are not those allocated.
    """

    protocol: Protocol
    position: Position
    mode: Mode
    subjects: tuple[Subject, ...]
    observations: tuple[Observation, ...]
    adverse_events: tuple[Adverse, ...]
    data_use_withdrawn: int = 0
    data_use_withdrawn_randomized: int = 0
    dummy_arms: bool = False
    one_group: bool = False
    """Everybody stands in one group, so that nothing may tell one true arm from another."""
    around: Around = field(default_factory=Around)
    """What the trial, rather than a participant, has on file: laboratory ranges, dictionaries."""

    @property
    def hides_arms(self) -> bool:
        """Whether the arms shown are not the true ones, and nothing may give those away."""
        return self.dummy_arms or self.one_group

    @cached_property
    def randomized(self) -> tuple[Subject, ...]:
        """Participants allocated to an arm."""
        return tuple(subject for subject in self.subjects if subject.arm is not None)

    @cached_property
    def arms(self) -> tuple[str, ...]:
        """The protocol's arms, in its order."""
        return tuple(arm.id for arm in self.protocol.arms)

    @cached_property
    def by_item(self) -> Mapping[str, Mapping[str, tuple[Observation, ...]]]:
        """Item, then participant, to observations by day and ledger position."""
        gathered: dict[str, dict[str, list[Observation]]] = {}
        for one in self.observations:
            gathered.setdefault(one.item, {}).setdefault(one.participant, []).append(one)
        return {
            item: {
                participant: tuple(sorted(found, key=lambda one: (one.on, one.seq)))
                for participant, found in participants.items()
            }
            for item, participants in gathered.items()
        }

    def series(self, item: str, participant: str) -> tuple[Observation, ...]:
        """A participant's observations of an item by day; empty where there are none."""
        return self.by_item.get(item, {}).get(participant, ())

    @cached_property
    def worked_out(self) -> dict[str, Any]:
        """What other modules have worked out of this cut, kept as long as it is."""
        return {}

    # -- data frames -----------------------------------------------------------------------------

    def participants_frame(self) -> polars.DataFrame:
        """One row a participant: disposition, arm, strata (`stratum_…`) and anchors (`anchor_…`)."""
        import polars as pl

        factors = self.protocol.randomization.strata if self.protocol.randomization else []
        rows = []
        for one in self.subjects:
            row: dict[str, Any] = {
                "participant": one.id,
                "site": one.site,
                "screened_on": one.screened_on,
                "screening": one.screening,
                "consented_on": one.consented_on,
                "randomized_on": one.randomized_on,
                "number": one.number,
                "arm": one.arm,
                "left_treatment_on": one.left_treatment.on if one.left_treatment else None,
                "left_follow_up_on": one.left_follow_up.on if one.left_follow_up else None,
                "completed_on": one.completed_on,
            }
            for factor in factors:
                row[f"stratum_{factor.id}"] = one.strata.get(factor.id)
            for anchor in self.protocol.schedule.anchors:
                row[f"anchor_{anchor.id}"] = one.anchors.get(anchor.id)
            rows.append(row)
        days = {"screened_on", "consented_on", "randomized_on", "left_treatment_on"}
        days |= {"left_follow_up_on", "completed_on"}
        names = [
            "participant", "site", "screened_on", "screening", "consented_on", "randomized_on",
            "number", "arm", "left_treatment_on", "left_follow_up_on", "completed_on",
            *(f"stratum_{factor.id}" for factor in factors),
            *(f"anchor_{anchor.id}" for anchor in self.protocol.schedule.anchors),
        ]  # fmt: skip
        schema = {
            name: pl.Int64
            if name == "number"
            else pl.Date
            if name in days or name.startswith("anchor_")
            else pl.String
            for name in names
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def assessments_frame(self) -> polars.DataFrame:
        """One row a value: participant, item, value, text, on, visit, form, repeat, seq."""
        import polars as pl

        schema = {
            "participant": pl.String, "item": pl.String, "value": pl.Float64, "text": pl.String,
            "on": pl.Date, "visit": pl.String, "form": pl.String, "repeat": pl.String, "seq": pl.Int64,
        }  # fmt: skip
        return pl.DataFrame(self.observations, schema=schema, orient="row")

    def adverse_events_frame(self) -> polars.DataFrame:
        """One row an adverse event; free text stays out."""
        import polars as pl

        schema = {
            "participant": pl.String, "number": pl.Int64, "term": pl.String, "grade": pl.Int64,
            "scale": pl.String, "started_on": pl.Date, "ended_on": pl.Date, "serious": pl.Boolean,
            "outcome": pl.String,
        }  # fmt: skip
        rows = [
            (a.participant, a.number, a.term, a.grade, a.scale, a.started_on, a.ended_on,
             bool(a.seriousness), a.outcome)
            for a in self.adverse_events
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")

    def doses_frame(self) -> polars.DataFrame:
        """One row a participant and intervention: administrations recorded and taken."""
        import polars as pl

        schema = {
            "participant": pl.String, "intervention": pl.String, "recorded": pl.Int64,
            "taken": pl.Int64, "first_on": pl.Date, "last_on": pl.Date,
        }  # fmt: skip
        rows = [
            (one.id, name, *doses) for one in self.subjects for name, doses in one.doses.items()
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")
