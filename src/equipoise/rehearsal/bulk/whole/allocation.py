"""Strata and permuted blocks: the kernel's table of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from equipoise.allocation.rules import PermutedBlocks
from equipoise.allocation.scheme import scheme_of
from equipoise.allocation.uniforms import STREAM_ALLOCATION, stratum_word

from ...lean import stream_word
from .arrays import whole_numbers
from .errors import BeyondError
from .known import Known


def allocation(known: Known) -> tuple[dict[str, Any], tuple[Mapping[str, str], ...]]:
    """The fields of `kernels.trial.Allocation`; and of each stratum the levels of its factors."""
    scheme = scheme_of(known.randomization)
    if not isinstance(scheme.rule, PermutedBlocks):
        raise BeyondError(f"randomization by {scheme.rule.type}")
    items = list(known.categories)
    most = max((len(known.categories[name][0]) for name in items), default=1)
    cumulated = np.ones((max(len(items), 1), most))
    for at, name in enumerate(items):
        cumulated[at, : len(known.categories[name][0])] = known.categories[name][1]
    places: dict[str, int] = {}
    levels_of: list[dict[str, str]] = []
    stratum_of = np.zeros((len(known.sites), len(known.joint)), dtype=np.int64)
    for at, site in enumerate(known.sites):
        for to, levels in enumerate(known.joint):
            strata = {
                factor.id: site if factor.source == "site" else levels[factor.item or ""]
                for factor in known.randomization.strata
            }
            name = scheme.stratum(strata)
            if name not in places:
                places[name] = len(places)
                levels_of.append(strata)
            stratum_of[at, to] = places[name]
    tables = {
        "item_streams": np.array([stream_word(f"item/{name}") for name in items], dtype=np.uint64),
        "item_levels": whole_numbers([len(known.categories[name][0]) for name in items]),
        "item_cumulated": cumulated,
        "stratum_of": stratum_of,
        "stratum_words": np.array([stratum_word(name) for name in places], dtype=np.uint64),
        "block_sizes": whole_numbers(scheme.rule.sizes),
        "ratio": whole_numbers(scheme.ratio),
        "arm_of": whole_numbers([known.arms.index(arm) for arm in scheme.arm_ids]),
        "seed": np.uint64(known.simulator.seed & (2**64 - 1)),
        "stream": np.uint64(STREAM_ALLOCATION),
    }
    return tables, tuple(levels_of)
