"""How long a test waits for what must happen, before it says that it did not."""

PATIENCE = 180
"""Seconds. Many times what an idle machine needs: a busy one is slow and not wrong."""
