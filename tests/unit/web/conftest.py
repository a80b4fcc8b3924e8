"""The web's unit tests share one home in a process: what one of them locks must not stop the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings


@pytest.fixture(autouse=True)
def nobody_stays_locked_out() -> Iterator[None]:
    """Wrong passwords and wrong codes count within a test."""
    yield
    if settings.configured:
        from axes.utils import reset

        from equipoise.web.models import WrongFactor

        reset()
        WrongFactor.objects.all().delete()
