"""Exposure: doses, time on treatment, adherence to what the regimen plans."""

from __future__ import annotations

from equipoise.protocol.document import Regimen

from ..cut import DataCut, Subject
from ..describe import distribution
from ..endpoints import offset_day
from ..safety_results import Exposure


def exposure(data: DataCut) -> tuple[Exposure, ...]:
    """Administrations by arm and intervention, as recorded and as planned. Nothing is shown for dummy arms.

    Time on treatment runs from the first dose taken to the last, both days included. Planned are the doses of the
    regimen up to the day of the cut, whether or not somebody stopped; whoever has no start yet has no plan.
    """
    if data.dummy_arms:
        return ()
    rows = []
    for arm in data.protocol.arms:
        members = [one for one in data.randomized if one.arm == arm.id]
        for name in arm.interventions:
            intervention = data.protocol.intervention_by_id[name]
            if intervention.regimen is None:
                continue
            doses = [one.doses[name] for one in members if name in one.doses]
            planned = [
                (one, due)
                for one in members
                if (due := planned_doses(data, one, intervention.regimen))
            ]
            rows.append(
                Exposure(
                    arm=arm.id,
                    intervention=name,
                    label=intervention.name,
                    participants=len(doses),
                    recorded=sum(one.recorded for one in doses),
                    taken=sum(one.taken for one in doses),
                    per_participant=distribution(
                        one.taken / one.recorded for one in doses if one.recorded
                    ),
                    days=distribution(
                        float((one.last_on - one.first_on).days + 1)
                        for one in doses
                        if one.first_on is not None and one.last_on is not None
                    ),
                    planned=sum(due for _, due in planned),
                    of_planned=distribution(
                        (one.doses[name].taken if name in one.doses else 0) / due
                        for one, due in planned
                    ),
                )
            )
    return tuple(rows)


def planned_doses(data: DataCut, subject: Subject, regimen: Regimen) -> int:
    """Doses the regimen plans for a participant up to the day of the cut; 0 where its days are unknown."""
    start, stop = offset_day(subject, regimen.start), offset_day(subject, regimen.stop)
    if start is None or stop is None:
        return 0
    days = (min(stop, data.position.on) - start).days + 1
    return max(days, 0) * regimen.times_a_day
