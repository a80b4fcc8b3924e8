"""Every command can be told from another one that came with the same client id."""

from __future__ import annotations

from equipoise.conduct import events as e
from equipoise.conduct.decide import COMMANDS
from equipoise.trial.answers import FIRST_EVENTS


def test_every_command_is_known_by_the_event_it_begins_with() -> None:
    assert set(FIRST_EVENTS) == set(COMMANDS)
    for command, kinds in FIRST_EVENTS.items():
        assert set(kinds) <= set(e.EVENT_TYPES), command
