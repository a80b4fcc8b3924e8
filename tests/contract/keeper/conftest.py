"""No keeper outlives its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.keepers import closed_at_the_end


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    with closed_at_the_end():
        yield
