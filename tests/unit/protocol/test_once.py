"""What follows from a protocol alone is found out once, for that protocol object and no other."""

from __future__ import annotations

import gc
import weakref

from equipoise.cli.demo import DEMO_TRIAL, shipped_protocol
from equipoise.protocol.document import Protocol
from equipoise.protocol.once import once_for_each_protocol
from equipoise.protocol.reading import load_protocol


def test_it_is_asked_once_for_each_protocol_and_name() -> None:
    asked: list[tuple[str, str]] = []

    @once_for_each_protocol
    def shout(protocol: Protocol, name: str) -> str:
        asked.append((protocol.id, name))
        return name.upper()

    first = load_protocol(shipped_protocol(DEMO_TRIAL))
    again = load_protocol(shipped_protocol(DEMO_TRIAL))
    assert [shout(first, "a"), shout(first, "a"), shout(first, "b")] == ["A", "A", "B"]
    assert len(asked) == 2
    assert shout(again, "a") == "A"
    assert len(asked) == 3, "an equal protocol read anew is another object, and asked for itself"


def test_it_keeps_no_protocol_alive() -> None:
    @once_for_each_protocol
    def items(protocol: Protocol) -> int:
        return len(protocol.items)

    protocol = load_protocol(shipped_protocol(DEMO_TRIAL))
    assert items(protocol) == len(protocol.items)
    gone = weakref.ref(protocol)
    del protocol
    gc.collect()
    assert gone() is None
