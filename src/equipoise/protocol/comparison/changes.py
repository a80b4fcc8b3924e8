"""What differs between two protocol documents: every leaf, at its address.

Lists whose members have a name of their own (arms by id, consents by version, form items by item) are
compared member by member, wherever a member stands; that their order changed is a change of its own.
All other lists are one value. A text in two languages is one value too, and the change says
which languages it touches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from equipoise.quantity.text import LANGUAGES

from ..document import Protocol

Kind = Literal["added", "removed", "changed", "reordered"]

Step = str | tuple[str]
"""A key of a mapping, or (in a tuple of one) the name of a list's member."""

_NAMES = ("id", "version", "finding", "item", "code", "intervention")
"""Keys that name a member of a list, the first that every member has being the one."""

_GRANTS: tuple[Step, ...] = ("roles",)
"""Where members are named by their role; elsewhere (contacts, sponsors) a role names nobody."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: where, of which kind, and both sides as plain JSON (None on the side without).

    `languages` names the languages in which a text differs; it is empty for anything but a text.
    """

    path: tuple[Step, ...]
    kind: Kind
    before: Any
    after: Any
    languages: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The address as people write it: `schedule.visits[w3].after`."""
        shown = ""
        for step in self.path:
            shown += f"[{step[0]}]" if isinstance(step, tuple) else f".{step}"
        return shown.removeprefix(".")


def differences(old: Protocol, new: Protocol) -> list[Difference]:
    """Every difference between two documents, in the order of the newer one's sections."""
    return list(_mapping((), _plain(old), _plain(new)))


def _plain(protocol: Protocol) -> dict[str, Any]:
    plain: dict[str, Any] = protocol.model_dump(mode="json", by_alias=True)
    return plain


def _compare(path: tuple[Step, ...], before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if _is_text(before) and _is_text(after):
        touched = tuple(tag for tag in LANGUAGES if before.get(tag) != after.get(tag))
        yield Difference(path, "changed", before, after, touched)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mapping(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _sequence(path, before, after)
    elif before is None or after is None:
        kind: Kind = "added" if before is None else "removed"
        yield Difference(path, kind, before, after)
    else:
        yield Difference(path, "changed", before, after)


def _is_text(value: Any) -> bool:
    return isinstance(value, Mapping) and "en" in value and set(value) <= set(LANGUAGES)


def _mapping(
    path: tuple[Step, ...], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    for key in (*after, *(key for key in before if key not in after)):
        if key not in before:
            yield Difference((*path, key), "added", None, after[key])
        elif key not in after:
            yield Difference((*path, key), "removed", before[key], None)
        else:
            yield from _compare((*path, key), before[key], after[key])


def _sequence(
    path: tuple[Step, ...], before: Sequence[Any], after: Sequence[Any]
) -> Iterator[Difference]:
    name = _name_of_members(path, before, after)
    if name is None:
        yield Difference(path, "changed", list(before), list(after))
        return
    old = {member[name]: member for member in before}
    new = {member[name]: member for member in after}
    for key, member in new.items():
        step = (*path, (str(key),))
        if key in old:
            yield from _compare(step, old[key], member)
        else:
            yield Difference(step, "added", None, member)
    for key, member in old.items():
        if key not in new:
            yield Difference((*path, (str(key),)), "removed", member, None)
    kept = [key for key in old if key in new]
    now = [key for key in new if key in old]
    if kept != now:
        yield Difference(path, "reordered", kept, now)


def _name_of_members(
    path: tuple[Step, ...], before: Sequence[Any], after: Sequence[Any]
) -> str | None:
    members = [*before, *after]
    if not members or not all(isinstance(member, Mapping) for member in members):
        return None
    for name in ("role",) if path == _GRANTS else _NAMES:
        sides = [[member.get(name) for member in side] for side in (before, after)]
        if all(
            all(isinstance(one, str) for one in side) and len(set(side)) == len(side)
            for side in sides
        ):
            return name
    return None
