"""From a validation error to plain words: what is wrong, and what would be right."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from equipoise.protocol.document import Protocol
from equipoise.quantity.closest import closest

from .faults import Fault
from .places import Places
from .tree import Node, Path, path_text


@dataclass(frozen=True, slots=True)
class _Located:
    """A validation error with its path in the file, the node there, and what was expected."""

    path: Path
    node: Node | None
    owner: type[BaseModel] | None
    expected: Any


def explain(error: ValidationError, root: Node, file: str) -> list[Fault]:
    """Every fault of a validation error, in the order of the file."""
    places = Places(root, file)
    faults: dict[tuple[str, str], Fault] = {}
    for detail in error.errors(include_url=False):
        located = _locate(detail["loc"], root)
        code, message, remedy = _words(dict(detail), located)
        path = path_text(located.path)
        line, column = places.position(located.path)
        faults.setdefault((code, path), Fault(code, file, line, column, path, message, remedy))
    return sorted(faults.values(), key=lambda fault: (fault.line, fault.column, fault.path))


def locations(error: ValidationError, root: Node) -> Iterator[tuple[str, Path]]:
    """Kind and path of every error, the path as it is in the tree."""
    for detail in error.errors(include_url=False):
        yield detail["type"], _locate(detail["loc"], root).path


def _locate(loc: tuple[str | int, ...], root: Node) -> _Located:
    """Follow a validation location through file and model; the names of union members are no steps."""
    node: Node | None = root
    expected: Any = Protocol
    owner: type[BaseModel] | None = None
    path: Path = ()
    for step in loc:
        if step == "[key]":
            continue
        members = _members(expected)
        if isinstance(step, str) and step in members and not _is_key(node, step):
            expected = members[step]
            continue
        model = _model(expected)
        owner = model or owner
        path = (*path, step)
        expected = _below(expected, step)
        node = node.child(step) if node is not None else None
    return _Located(path, node, owner, expected)


def _is_key(node: Node | None, step: str) -> bool:
    return node is not None and step in node.entries


def _bare(annotation: Any) -> Any:
    """The annotation without `Annotated` and without `None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
            continue
        if get_origin(annotation) in (Union, types.UnionType):
            rest = [part for part in get_args(annotation) if part is not type(None)]
            if len(rest) == 1:
                annotation = rest[0]
                continue
        return annotation


def _model(annotation: Any) -> type[BaseModel] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def _members(annotation: Any) -> dict[str, type[BaseModel]]:
    """The members of a tagged union by tag."""
    bare = _bare(annotation)
    if get_origin(bare) not in (Union, types.UnionType):
        return {}
    members: dict[str, type[BaseModel]] = {}
    for part in get_args(bare):
        model = _model(part)
        if model is None:
            continue
        for field in model.model_fields.values():
            if get_origin(field.annotation) is Literal:
                members.update(dict.fromkeys(get_args(field.annotation), model))
                break
    return members


def _below(annotation: Any, step: str | int) -> Any:
    bare = _bare(annotation)
    model = _model(bare)
    if model is not None:
        for name, field in model.model_fields.items():
            if step in (field.alias or name, name):
                return field.annotation
        return None
    arguments = get_args(bare)
    if get_origin(bare) in (list, tuple) and arguments:
        return arguments[0]
    if get_origin(bare) is dict and arguments:
        return arguments[1]
    return None


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys a part of the document may have, as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _given(node: Node | None) -> str:
    if node is None:
        return "nothing"
    if node.kind == "mapping":
        return "a mapping"
    if node.kind == "sequence":
        return "a list"
    value = node.value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"the number {value}"
    return f"the text {_short(str(value))}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "…")


_NAMES: Mapping[str, str] = {
    r"^[a-z][a-z0-9_]{0,63}$": "lower-case letters, digits and underscores, starting with a letter",
    r"^[a-z0-9][a-z0-9-]{0,63}$": "lower-case letters, digits and hyphens",
    r"^\d{2,4}$": "two to four digits",
    r"^[A-Za-z0-9_.+-]{1,40}$": "up to 40 letters, digits and the signs _ . + -",
}


def _as_name(text: str, pattern: str) -> str:
    joint = "-" if "0-9-]" in pattern else "_"
    name = re.sub(r"[^a-z0-9]+", joint, text.lower()).strip(joint)
    if pattern == r"^\d{2,4}$":
        digits = re.sub(r"\D", "", text)[:4]
        return f"'{digits.zfill(2)}'" if digits else "'01'"
    if re.match(pattern, name):
        return name
    candidate = f"x{joint}{name}" if name else ""
    return candidate if candidate and re.match(pattern, candidate) else ""


def _words(detail: dict[str, Any], at: _Located) -> tuple[str, str, str]:
    """Code, message and remedy."""
    kind = detail["type"]
    context = detail.get("ctx") or {}
    key = at.path[-1] if at.path else ""
    given = _given(at.node)
    if at.node is not None and at.node.kind == "alias":
        return "alias", "an alias stands here", "write the text out"
    if kind == "extra_forbidden":
        known = keys_of(at.owner) if at.owner else []
        guess = closest(str(key), known)
        remedy = f"did you mean {guess!r}?" if guess else f"the keys here are {', '.join(known)}"
        return "unknown-key", f"there is no key {str(key)!r} here", remedy
    if kind == "missing":
        return "missing-key", f"the key {str(key)!r} is missing", _how_to_write(str(key), at)
    if kind == "literal_error":
        choices = [str(choice) for choice in get_args(_bare(at.expected))]
        if at.node is not None and at.node.kind == "scalar" and at.node.value is not None:
            guess = closest(str(at.node.value), choices)
            if guess:
                return "not-a-choice", f"{given} is no choice here", f"did you mean {guess!r}?"
        return "not-a-choice", f"{given} is no choice here", f"write one of {', '.join(choices)}"
    if kind == "string_pattern_mismatch":
        pattern = context.get("pattern", "")
        text = str(key) if detail["loc"][-1] == "[key]" else str(detail.get("input", ""))
        guess = _as_name(text, pattern)
        rule = _NAMES.get(pattern, f"text like {pattern}")
        return (
            "bad-name",
            f"{_short(text)} is not a name: it needs {rule}",
            f"write for instance {guess}" if guess else "give it such a name",
        )
    if kind == "union_tag_invalid":
        tag, tags = str(context.get("tag", "")), sorted(_members(at.expected))
        guess = closest(tag, tags)
        return (
            "not-a-choice",
            f"there is no {context.get('discriminator', 'kind')} {tag!r}",
            f"did you mean {guess!r}?" if guess else f"write one of {', '.join(tags)}",
        )
    if kind == "union_tag_not_found":
        tags = sorted(_members(at.expected))
        discriminator = str(context.get("discriminator", "kind")).strip("'")
        return (
            "missing-key",
            f"the key {discriminator!r} is missing",
            f"write `{discriminator}:` with one of {', '.join(tags)}",
        )
    if kind == "value_error":
        message = str(context.get("error", detail["msg"]))
        return _value_words(message, at, given)
    return _type_or_range(kind, context, at, given)


def _how_to_write(key: str, at: _Located) -> str:
    field = _bare(at.expected)
    if get_origin(field) is Literal:
        choices = get_args(field)
        if len(choices) == 1:
            return f"write `{key}: {choices[0]}`"
        return f"write `{key}:` with one of {', '.join(map(str, choices))}"
    return f"write `{key}:`"


def _value_words(message: str, at: _Located, given: str) -> tuple[str, str, str]:
    """Errors of our own validators: what stands after the first ': ' is the way out."""
    if "not a date" in message or "no month" in message or "no day" in message:
        head, _, tail = message.partition(": ")
        return "bad-date", head, tail or "write YYYY, YYYY-MM or YYYY-MM-DD"
    if "outside the years" in message:
        return "bad-date", message, "check the year"
    if message.startswith("a date is written"):
        return "bad-date", f"{given} is not a date", "write YYYY, YYYY-MM or YYYY-MM-DD"
    if "number" in message:
        return "wrong-type", f"a number is expected, not {given}", "write a decimal number"
    if message.startswith("a text is"):
        quote = "put it in quotes" if at.node is not None and at.node.kind == "scalar" else ""
        return (
            "wrong-type",
            f"a text is expected, not {given}",
            quote or "write a string, or {en: …, zh-Hans: …}",
        )
    if "language" in message or "text is empty" in message or "text is missing" in message:
        head, _, tail = message.partition(": ")
        return "bad-text", head, tail
    head, _, tail = message.partition(": ")
    return "incomplete", head, tail


_EXPECTED: Mapping[str, str] = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "decimal_type": "a number",
}


def _type_or_range(
    kind: str, context: Mapping[str, Any], at: _Located, given: str
) -> tuple[str, str, str]:
    if kind in _EXPECTED:
        expected = _EXPECTED[kind]
        value = at.node.value if at.node is not None and at.node.kind == "scalar" else None
        remedy = {
            "string_type": "put it in quotes" if value is not None else "write a text",
            "bool_type": "write true or false, without quotes",
            "list_type": "write one `- …` line for each element"
            if value is not None or at.node is None or at.node.kind == "mapping"
            else "leave the key out, or write []",
            "int_type": f"write {value} without quotes"
            if isinstance(value, str) and value.strip().lstrip("-").isdigit()
            else "write a whole number",
        }.get(kind)
        if remedy is None:
            model = _model(at.expected)
            remedy = f"its keys are {', '.join(keys_of(model))}" if model else "write `key: value`"
        return "wrong-type", f"{expected} is expected, not {given}", remedy
    limits = {
        "greater_than_equal": ("ge", "at least"),
        "greater_than": ("gt", "more than"),
        "less_than_equal": ("le", "at most"),
        "less_than": ("lt", "less than"),
    }
    if kind in limits:
        name, words = limits[kind]
        limit = context.get(name)
        return "out-of-range", f"{given} is out of range", f"write {words} {limit}"
    if kind in ("too_short", "too_long"):
        count = context.get("min_length") if kind == "too_short" else context.get("max_length")
        words = "at least" if kind == "too_short" else "at most"
        actual = context.get("actual_length")
        return (
            "wrong-length",
            f"{actual} element{'s' if actual != 1 else ''} stand{'s' if actual == 1 else ''} here",
            f"give {words} {count}",
        )
    if kind in ("string_too_short", "string_too_long"):
        count = (
            context.get("min_length") if kind == "string_too_short" else context.get("max_length")
        )
        words = "at least" if kind == "string_too_short" else "at most"
        return "wrong-length", "the text has the wrong length", f"write {words} {count} characters"
    return "wrong-type", f"{given} does not fit here ({kind.replace('_', ' ')})", "see the schema"
