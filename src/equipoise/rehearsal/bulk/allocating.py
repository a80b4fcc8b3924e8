"""Allocations of a replicate in their order: the trial's own rules, with its draws made a row at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from equipoise.allocation.rules import PermutedBlocks
from equipoise.allocation.scheme import Scheme, Tally, next_allocation
from equipoise.allocation.uniforms import STREAM_ALLOCATION, PhiloxUniforms, stratum_word

_ROW = 64


class RowUniforms(PhiloxUniforms):
    """The draws of `PhiloxUniforms`, made by a compiled kernel, some ahead of their turn."""

    def __init__(self, seed: int, replicate: int) -> None:
        super().__init__(seed, replicate)
        self._rows: dict[str, npt.NDArray[np.uint64]] = {}

    def draw(self, stratum: str, index: int) -> int:
        """53 bits of Philox4x64-10."""
        row = self._rows.get(stratum)
        if row is None or index >= row.size:
            from .kernels.arrays import allocation_row

            size = _ROW if row is None else 2 * row.size
            while size <= index:
                size *= 2
            row = np.empty(size, dtype=np.uint64)
            key = (np.uint64(word) for word in self.key)
            allocation_row(
                row, np.uint64(stratum_word(stratum)), np.uint64(STREAM_ALLOCATION), *key
            )
            row >>= np.uint64(11)
            self._rows[stratum] = row
        return int(row[index])


def arms_in_order(
    scheme: Scheme, strata: Sequence[Mapping[str, str]], uniforms: PhiloxUniforms
) -> list[str]:
    """The arm of each, allocated one after the other."""
    if not isinstance(scheme.rule, PermutedBlocks):
        tally = Tally(scheme)
        arms = []
        for levels in strata:
            arms.append(next_allocation(scheme, tally, levels, uniforms).arm)
            tally.add(levels, arms[-1])
        return arms
    # the list of a stratum depends on nothing but its draws: it is read on, block by block
    names: dict[tuple[str, ...], str] = {}
    lists: dict[str, tuple[list[int], list[int]]] = {}
    arms = []
    for levels in strata:
        key = tuple(levels.values())
        name = names.get(key)
        if name is None:
            name = names[key] = scheme.stratum(levels)
            lists[name] = ([], [0, 0])
        listed, (used, blocks) = lists[name]
        if used == len(listed):
            listed.extend(scheme.rule.block(blocks, scheme.ratio, name, uniforms))
            blocks += 1
        arms.append(scheme.arm_ids[listed[used]])
        lists[name][1][:] = used + 1, blocks
    return arms
