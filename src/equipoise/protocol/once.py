"""What follows from a protocol alone, found out once for each protocol object."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec, TypeVar

from .document import Protocol

_Names = ParamSpec("_Names")
_Answer = TypeVar("_Answer")


def once_for_each_protocol(
    find: Callable[Concatenate[Protocol, _Names], _Answer],
) -> Callable[Concatenate[Protocol, _Names], _Answer]:
    """Remember what `find(protocol, *names)` answers for as long as the protocol object lives.

    A protocol does not change once it is read; nobody who gets an answer may change it either.
    """
    known: dict[int, tuple[weakref.ref[Protocol], dict[tuple[object, ...], _Answer]]] = {}

    def once(protocol: Protocol, /, *names: _Names.args, **no_more: _Names.kwargs) -> _Answer:
        key = id(protocol)
        held = known.get(key)
        if held is None or held[0]() is not protocol:
            held = (weakref.ref(protocol, lambda _: known.pop(key, None)), {})
            known[key] = held
        answers = held[1]
        if names not in answers:
            answers[names] = find(protocol, *names, **no_more)
        return answers[names]

    update_wrapper(once, find)
    return once
