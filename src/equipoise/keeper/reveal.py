"""The end of concealment: from a revealed seed, every allocation again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.allocation.commitment import commitment_hash
from equipoise.allocation.scheme import (
    Scheme,
    Tally,
    next_allocation,
    scheme_from_document,
)
from equipoise.allocation.uniforms import HmacUniforms, PhiloxUniforms, Uniforms


@dataclass(frozen=True, slots=True)
class Allocated:
    """One allocation as the keeper logged it, in the order of `number`."""

    number: int
    request: str
    strata: dict[str, str]
    arm: str


@dataclass(frozen=True, slots=True)
class Reveal:
    """What a keeper discloses when the trial is over."""

    seed: str
    source: str
    scheme: dict[str, Any]
    allocations: tuple[Allocated, ...]

    def as_document(self) -> dict[str, Any]:
        """The reveal as JSON."""
        return {
            "seed": self.seed,
            "source": self.source,
            "scheme": self.scheme,
            "allocations": [
                {"number": a.number, "request": a.request, "strata": a.strata, "arm": a.arm}
                for a in self.allocations
            ],
        }

    @classmethod
    def from_document(cls, given: Mapping[str, Any]) -> Reveal:
        """The reveal in a JSON object; `ValueError` says what is missing."""
        try:
            allocations = tuple(
                Allocated(int(a["number"]), str(a["request"]), dict(a["strata"]), str(a["arm"]))
                for a in given["allocations"]
            )
            return cls(str(given["seed"]), str(given["source"]), dict(given["scheme"]), allocations)
        except (KeyError, TypeError, ValueError) as error:
            lacks = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"this is no reveal of a keeper: {lacks}") from None

    @property
    def scheme_text(self) -> str:
        """The scheme as the ledger keeps it: canonical JSON."""
        return json.dumps(self.scheme, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def commitment(self) -> str:
        """The hash that must have been published before the first participant."""
        return commitment_hash(self.seed, self.source, self.scheme)

    def recompute(self) -> list[str]:
        """The arms that seed and scheme give for the strata in the order logged.

        Raises `ValueError` where the scheme or the seed is none.
        """
        scheme = scheme_from_document(self.scheme)
        strata = [allocated.strata for allocated in self.allocations]
        return allocated_arms(scheme, uniforms_of(self.seed, self.source), strata)

    def problems(self) -> list[str]:
        """Where the log is not what seed and scheme give; one line each."""
        try:
            arms = self.recompute()
        except ValueError as error:
            return [str(error)]
        found = []
        for place, (allocated, arm) in enumerate(zip(self.allocations, arms, strict=True), 1):
            if allocated.number != place:
                found.append(f"allocation {place}: it carries number {allocated.number}")
            if allocated.arm != arm:
                found.append(
                    f"allocation {place} ({allocated.request}): {allocated.arm} was given,"
                    f" seed and scheme give {arm}"
                )
        return found


def uniforms_of(seed: str, source: str) -> Uniforms:
    """The draws a revealed seed gives; `ValueError` where it is no seed of this source."""
    try:
        if source == HmacUniforms.source:
            return HmacUniforms(bytes.fromhex(seed))
        if source == PhiloxUniforms.source:
            number, _, replicate = seed.partition(":")
            return PhiloxUniforms(int(number), int(replicate))
    except ValueError:
        raise ValueError(f"{seed!r} is no seed for {source}") from None
    raise ValueError(f"unknown source of draws: {source!r}")


def allocated_arms(
    scheme: Scheme, uniforms: Uniforms, strata: Sequence[Mapping[str, str]]
) -> list[str]:
    """The arms for participants with these strata, asking in this order."""
    tally = Tally(scheme)
    arms = []
    for one in strata:
        allocation = next_allocation(scheme, tally, one, uniforms)
        tally.add(one, allocation.arm)
        arms.append(allocation.arm)
    return arms
