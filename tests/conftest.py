"""What holds for every test: behavior is asserted, never how long it took on a busy machine."""

from hypothesis import settings

settings.register_profile("equipoise", deadline=None)
settings.load_profile("equipoise")
