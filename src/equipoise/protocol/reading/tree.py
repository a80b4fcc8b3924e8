"""From YAML to a tree in which every value knows its line: strict, bounded, and without surprises.

Of YAML's plain scalars only `null`, `true`, `false` and decimal numbers mean anything but
themselves: `no`, `on`, `01`, `2026-01-31` and `12:30` stay texts. Numbers become integers or exact
decimals. Aliases, tags, duplicate keys and a second document are faults; depth and size are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from equipoise.quantity.characters import lost_in_xml

from .faults import Fault

MAXIMUM_BYTES = 8 * 1024 * 1024
MAXIMUM_DEPTH = 40
MAXIMUM_NODES = 400_000
MAXIMUM_DIGITS = 34

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")

Step = str | int
Path = tuple[Step, ...]


def path_text(path: Path) -> str:
    """The path as it is printed: `eligibility.criteria[3].met_when`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@dataclass(slots=True)
class Node:
    """A value of the file: a scalar, a sequence of nodes, or a mapping from key to node.

    `path` is where it stands in the file; `keys` gives the line and column of each key.
    """

    kind: str
    line: int
    column: int
    path: Path
    value: Any = None
    quoted: bool = False
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value as Python data: dicts, lists, texts, integers, decimals, truth values, None."""
        if self.kind == "mapping":
            return {key: node.plain() for key, node in self.entries.items()}
        if self.kind == "sequence":
            return [node.plain() for node in self.items]
        return self.value

    def child(self, step: Step) -> Node | None:
        """The node one step down, if there is one."""
        if isinstance(step, int):
            inside = self.kind == "sequence" and 0 <= step < len(self.items)
            return self.items[step] if inside else None
        return self.entries.get(step)

    def walk(self) -> Iterator[Node]:
        """The node and all below it."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.items)
            stack.extend(node.entries.values())


class _StopError(Exception):
    """Reading cannot go on after this fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def decode(data: bytes, file: str) -> str | Fault:
    """The file's text, or the fault that says why it is none."""
    if len(data) > MAXIMUM_BYTES:
        return Fault(
            "file-too-large",
            file,
            1,
            1,
            "",
            f"the file has more than the {MAXIMUM_BYTES} bytes a protocol may have",
            "a protocol is a text of some hundred kilobytes; is this the right file?",
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Fault(
            "not-utf8", file, 1, 1, "", "the file is written in UTF-16", "save it as UTF-8"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        return Fault(
            "not-utf8",
            file,
            line,
            column,
            "",
            f"the byte 0x{data[error.start]:02x} is not UTF-8",
            "save the file as UTF-8; is it a text file at all?",
        )


def read_tree(text: str, file: str) -> tuple[Node | None, list[Fault]]:
    """The tree of a YAML text with every fault found; None where no tree could be made."""
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except _StopError as stop:
        return None, [*builder.faults, stop.fault]
    except yaml.MarkedYAMLError as error:
        return None, [*builder.faults, _syntax_fault(error, text, file)]
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        return None, [
            *builder.faults,
            Fault(
                "control-character",
                file,
                before.count("\n") + 1,
                len(before) - before.rfind("\n"),
                "",
                "a control character stands in the file",
                "remove it; is this a text file at all?",
            ),
        ]
    if builder.root is None:
        fault = Fault(
            "empty-file",
            file,
            1,
            1,
            "",
            "the file is empty",
            "a protocol starts with `schema: equipoise/protocol/1`",
        )
        return None, [*builder.faults, fault]
    return builder.root, builder.faults


_WORDS_FOR_SYNTAX = (
    ("mapping values are not allowed", "a ': ' stands inside a text", "put the text in quotes"),
    ("could not find expected ':'", "a key without ': '", "write `key: value`"),
    ("did not find expected key", "the indentation does not fit", "indent each level alike"),
    ("did not find expected '-'", "the indentation of a list does not fit", "align its dashes"),
    ("did not find expected ',' or ']'", "a list in brackets is not closed", "write the ']'"),
    ("did not find expected ',' or '}'", "a mapping in braces is not closed", "write the '}'"),
    ("found unexpected end of stream", "a quote is not closed", "write the closing quote"),
    ("cannot start any token", "a character that cannot start a value", "put the text in quotes"),
    ("block sequence entries are not allowed", "a dash where no list can start", "indent it"),
    ("found undefined tag", "a tag ('!…') stands here", "remove it"),
    (
        "found unknown escape character",
        "an unknown escape '\\…' in double quotes",
        "use single quotes",
    ),
    (
        "found character that cannot start",
        "a character that cannot start a value",
        "quote the text",
    ),
    ("exceeded max", "the document is nested too deeply", "flatten it"),
    ("unacceptable character", "a control character stands in the file", "remove it"),
    ("control characters are not allowed", "a control character stands in the file", "remove it"),
)


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    lines = text.splitlines()
    line = max(1, min(line, len(lines)))
    indentation = re.match(r"\s*", lines[line - 1] if lines else "")
    if indentation is not None and "\t" in indentation.group():
        return Fault(
            "tab", file, line, 1, "", "a tab stands in the indentation", "indent with spaces"
        )
    problem = error.problem or "the text is not YAML"
    for sign, message, remedy in _WORDS_FOR_SYNTAX:
        if sign in problem:
            return Fault("yaml-syntax", file, line, column, "", message, remedy)
    return Fault("yaml-syntax", file, line, column, "", problem, "see yaml.org for the syntax")


class _Builder:
    """Builds the tree from parser events with a stack of its own, so that no depth can exhaust it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.root: Node | None = None
        self.stack: list[tuple[Node, str | None]] = []
        self.documents = 0
        self.count = 0
        self.skipping = 0

    def fault(self, code: str, event: Any, message: str, remedy: str, path: Path = ()) -> Fault:
        mark = event.start_mark
        return Fault(
            code, self.file, mark.line + 1, mark.column + 1, path_text(path), message, remedy
        )

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise _StopError(
                    self.fault(
                        "second-document",
                        event,
                        "a second document starts with '---'",
                        "keep one protocol in one file",
                    )
                )
            return
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self.stack.pop()
            return
        if isinstance(event, yaml.AliasEvent):
            path = self._next_path()
            self.faults.append(
                self.fault(
                    "alias",
                    event,
                    f"the alias '*{event.anchor}' stands for text from elsewhere",
                    "write the text out, so that what is read is what is written",
                    path,
                )
            )
            self._place(Node("alias", *self._mark(event), path))
            return
        if isinstance(event, yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._value(event)

    @staticmethod
    def _mark(event: Any) -> tuple[int, int]:
        return event.start_mark.line + 1, event.start_mark.column + 1

    def _next_path(self) -> Path:
        if not self.stack:
            return ()
        parent, key = self.stack[-1]
        if parent.kind == "sequence":
            return (*parent.path, len(parent.items))
        return (*parent.path, key) if key is not None else parent.path

    def _value(self, event: Any) -> None:
        self.count += 1
        path = self._next_path()
        if self.count > MAXIMUM_NODES or len(self.stack) > MAXIMUM_DEPTH:
            raise _StopError(
                self.fault(
                    "too-deep" if self.count <= MAXIMUM_NODES else "file-too-large",
                    event,
                    f"more than {MAXIMUM_DEPTH} levels stand within each other"
                    if self.count <= MAXIMUM_NODES
                    else f"the file holds more than {MAXIMUM_NODES} values",
                    "a protocol needs no more than ten levels",
                    path[:6],
                )
            )
        if event.anchor is not None:
            self.faults.append(
                self.fault(
                    "alias",
                    event,
                    f"the anchor '&{event.anchor}' marks text for use elsewhere",
                    "remove it and write the text out where it is needed",
                    path,
                )
            )
        if event.tag is not None and event.tag != "!":
            self.faults.append(
                self.fault(
                    "tag",
                    event,
                    f"the tag {event.tag!r} has no meaning here",
                    "remove it",
                    path,
                )
            )
        if isinstance(event, yaml.ScalarEvent):
            self._shown(event, path)
            self._scalar(event, path)
            return
        kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
        node = Node(kind, *self._mark(event), path)
        if self._awaits_key():
            raise _StopError(
                self.fault("key", event, "a key is a word, not a list or a mapping", "name it")
            )
        self._place(node)
        self.stack.append((node, None))

    def _shown(self, event: Any, path: Path) -> None:
        r"""Whether every document that is made of the text can hold it: an escape such as `\x01` gets past YAML."""
        lost = lost_in_xml(event.value)
        if lost:
            self.faults.append(
                self.fault(
                    "control-character",
                    event,
                    f"the text holds the character U+{ord(lost):04X}, which no document can show",
                    "remove it",
                    path,
                )
            )

    def _awaits_key(self) -> bool:
        return (
            bool(self.stack) and self.stack[-1][0].kind == "mapping" and self.stack[-1][1] is None
        )

    def _scalar(self, event: Any, path: Path) -> None:
        quoted = event.style is not None and event.style != ""
        if self._awaits_key():
            self._key(event)
            return
        node = Node("scalar", *self._mark(event), path, quoted=quoted)
        node.value = event.value if quoted else self._meaning(event, path)
        self._place(node)

    def _key(self, event: Any) -> None:
        parent = self.stack[-1][0]
        name = event.value
        if name in parent.keys:
            self.faults.append(
                self.fault(
                    "duplicate-key",
                    event,
                    f"the key {name!r} stands here a second time, first in line {parent.keys[name][0]}",
                    "keep one of them",
                    (*parent.path, name),
                )
            )
        else:
            parent.keys[name] = self._mark(event)
        self.stack[-1] = (parent, name)

    def _place(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent, key = self.stack[-1]
        if parent.kind == "sequence":
            parent.items.append(node)
        elif key is not None:
            parent.entries.setdefault(key, node)
            self.stack[-1] = (parent, None)
        else:
            parent.entries.setdefault("*", node)
            self.stack[-1] = (parent, "*")

    def _meaning(self, event: Any, path: Path) -> Any:
        text: str = event.value
        if text in ("", "~", "null"):
            return None
        if text in ("true", "false"):
            return text == "true"
        if _LEADING_ZERO.fullmatch(text) or not _DECIMAL.fullmatch(text):
            return text
        if len(text) > MAXIMUM_DIGITS:
            self.faults.append(
                self.fault(
                    "long-number",
                    event,
                    f"the number has more than {MAXIMUM_DIGITS} characters",
                    "shorten it, or put it in quotes if it is a text",
                    path,
                )
            )
            return 0
        return int(text) if _INTEGER.fullmatch(text) else Decimal(text)
