"""What holds for every test: behavior is asserted, never how long it took on a busy machine."""

import os

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from hypothesis import HealthCheck, settings

# The same examples every time, on a slow machine too; `make deep` looks for others.
settings.register_profile(
    "equipoise",
    deadline=None,
    derandomize=not os.environ.get("EQUIPOISE_DEEP"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("equipoise")

# Hundreds of accounts are made and signed in within the tests' own processes. What is weakened here is the work that
# a hash costs, not its kind; a command or a server that a test starts hashes as it does in a hospital.
Argon2PasswordHasher.time_cost = 1
Argon2PasswordHasher.memory_cost = 64
Argon2PasswordHasher.parallelism = 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes half a minute by itself is left to those who ask for everything, as CI does."""
    if os.environ.get("EQUIPOISE_ALL") or os.environ.get("EQUIPOISE_DEEP"):
        return
    reason = "takes long: EQUIPOISE_ALL=1 runs it, as CI does"
    for item in items:
        if item.get_closest_marker("thorough") is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
