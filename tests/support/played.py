"""Rehearsals shared by tests: played out in memory, once a process."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from equipoise.cli.demo import DEMO_SEED
from equipoise.home.home import RehearsalSettings, memory_trial
from equipoise.protocol.document import Futility, Protocol
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal import Played, Replicate, first_instant, play, replicate_of
from equipoise.trial import Trial
from support.story import SEED_PROTOCOL, seed_protocol

SECOND_PROTOCOL = SEED_PROTOCOL.parents[1] / "example-hypertension" / "protocol.yaml"
SEED = DEMO_SEED


def smaller(protocol: Protocol, target: int) -> Protocol:
    """The same trial with fewer participants."""
    size = protocol.design.sample_size
    assert size is not None
    design = protocol.design.model_copy(
        update={"sample_size": size.model_copy(update={"target": target})}
    )
    made = protocol.model_copy(update={"design": design})
    made.__dict__.pop("version", None)
    return made


def with_futility(protocol: Protocol, **rule: Any) -> Protocol:
    """The same trial with this rule for futility at every interim look."""
    looks = [
        look.model_copy(update={"futility": Futility(**rule)})
        for look in protocol.design.interim_looks
    ]
    design = protocol.design.model_copy(update={"interim_looks": looks})
    made = protocol.model_copy(update={"design": design})
    made.__dict__.pop("version", None)
    return made


def assuming(protocol: Protocol, **parts: Any) -> Protocol:
    """The same trial under other assumptions."""
    changed = protocol.assumptions.model_copy(update=parts)
    made = protocol.model_copy(update={"assumptions": changed})
    made.__dict__.pop("version", None)
    return made


@lru_cache(maxsize=1)
def small_protocol() -> Protocol:
    """The first trial with sixteen participants."""
    return smaller(seed_protocol(), 16)


@lru_cache(maxsize=1)
def second_protocol() -> Protocol:
    """The second trial with nine participants."""
    return smaller(load_protocol(SECOND_PROTOCOL), 9)


def stage(
    protocol: Protocol,
    *,
    seed: int = SEED,
    replicate: int = 0,
    staff: str = "assumed",
    numbers: str = "1",
) -> tuple[Trial, Replicate]:
    """An empty rehearsal in memory, on the evening before its first day."""
    options = {"staff": staff} if numbers == "1" else {"staff": staff, "numbers": numbers}
    arrays = replicate_of(protocol, seed, replicate, options)
    settings = RehearsalSettings(seed, replicate, first_instant(arrays).isoformat(), options)
    return memory_trial(protocol, settings), arrays


def rehearsed(
    protocol: Protocol, *, until: date | None = None, **options: Any
) -> tuple[Trial, Replicate, Played]:
    """A rehearsal in memory, played until a day or to the end."""
    trial, arrays = stage(protocol, **options)
    return trial, arrays, play(trial, arrays, until=until)


@lru_cache(maxsize=1)
def whole_trial() -> tuple[Trial, Replicate, Played]:
    """All two hundred participants of the first trial, to the end: what `equipoise demo` plays."""
    return rehearsed(seed_protocol())


@lru_cache(maxsize=1)
def small_trial() -> tuple[Trial, Replicate, Played]:
    """Sixteen participants of the first trial, to the end."""
    return rehearsed(small_protocol())


@lru_cache(maxsize=1)
def faultless_trial() -> tuple[Trial, Replicate, Played]:
    """Sixteen participants of the first trial with staff that make no mistake."""
    return rehearsed(small_protocol(), staff="faultless")


def person_of(trial: Trial, participant: str) -> int | None:
    """The index in the arrays of a virtual participant, or None for one enrolled by hand."""
    state = trial.participant(participant)
    assert state is not None
    name = state.identity.get("person_name", "")
    return int(name.removeprefix("Virtual ")) - 1 if name.startswith("Virtual 0") else None
