"""Random numbers are addresses, not a sequence."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from equipoise.rehearsal.streams import Streams

WORD = st.integers(0, 2**64 - 1)


@given(
    st.integers(0, 10**9), st.integers(0, 10**6), st.lists(WORD, min_size=1, max_size=4),
    st.text(max_size=12), st.integers(1, 19),
)  # fmt: skip
def test_numbers_are_those_of_numpy_s_generator(
    seed: int, replicate: int, subjects: list[int], stream: str, count: int
) -> None:
    """The vectorized Philox gives, word for word, what `numpy.random.Philox` gives."""
    streams = Streams(seed, replicate)
    words = streams.words(stream, np.array(subjects, dtype=np.uint64), count)
    for row, subject in enumerate(subjects):
        reference = np.random.Philox(
            key=np.array(streams.key, dtype=np.uint64),
            counter=np.array([0, 0, subject, Streams.number(stream)], dtype=np.uint64),
        )
        assert words[row].tolist() == reference.random_raw(count).tolist()


def test_a_person_s_numbers_do_not_depend_on_who_else_is_there() -> None:
    """The same subject has the same numbers alone and in company, in any order."""
    streams = Streams(1, 0)
    together = streams.uniforms("item/wbc", [5, 9, 7], 6)
    assert (streams.uniforms("item/wbc", [7], 6)[0] == together[2]).all()
    assert (streams.uniforms("item/wbc", [9, 5], 3)[1] == together[0, :3]).all()


def test_streams_seeds_and_replicates_are_apart() -> None:
    """No two addresses share numbers."""
    seen = {
        tuple(Streams(seed, replicate).words(stream, [1], 2)[0].tolist())
        for seed in (1, 2)
        for replicate in (0, 1)
        for stream in ("a", "b")
    }
    assert len(seen) == 8


def test_uniforms_lie_strictly_between_zero_and_one_and_normals_are_normal() -> None:
    """Their first two moments are right within five standard errors."""
    streams = Streams(3, 0)
    uniforms = streams.uniforms("u", np.arange(2000), 50)
    assert uniforms.min() > 0
    assert uniforms.max() < 1
    assert abs(uniforms.mean() - 0.5) < 5 * np.sqrt(1 / 12 / uniforms.size)
    normals = streams.normals("n", np.arange(2000), 50)
    assert abs(normals.mean()) < 5 / np.sqrt(normals.size)
    assert abs(normals.var() - 1) < 5 * np.sqrt(2 / normals.size)
