"""Breaking the blind, of one participant or of the whole trial."""

from __future__ import annotations

from typing import ClassVar, Literal

from .base import Command


class UnblindParticipant(Command, frozen=True, kw_only=True):
    """Tell the allocation of one participant to the person who asks; answers with `arm`.

    `emergency`: the care of this participant depends on it (ICH E6(R3) 2.8, 3.16). `planned`: as the
    protocol provides, for instance when the participant has ended.
    """

    binds: ClassVar[bool] = True
    participant: str
    kind: Literal["emergency", "planned"]
    reason: str


class UnblindTrial(Command, frozen=True, kw_only=True):
    """End the masking for everybody, as planned: recruitment is closed and nobody is on study."""

    binds: ClassVar[bool] = True
    reason: str


class RevealSeed(Command, frozen=True, kw_only=True):
    """Write the seed that was committed to into the ledger: anyone can recompute every allocation from then on.

    `scheme` is the scheme as committed to, as JSON; the three together give the commitment.
    """

    binds: ClassVar[bool] = True
    seed: str
    source: str
    scheme: str
