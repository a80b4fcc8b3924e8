"""Write docs/reference/command-line.md from the application itself; a test keeps it current.

python tools/command_line_page.py
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from typer import Typer
from typer.main import get_command
from typer.models import ArgumentInfo

from equipoise.cli import main

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "command-line.md"

_INTRODUCTION = """\
# Command line

Every command, argument, option and default. This page is written by `tools/command_line_page.py`
from the program itself, and a test keeps it current. `equipoise COMMAND --help` says the same.

A *home* (`--home DIR`) is one installation: a folder with a trial's protocol, ledger, signed head,
keys, accounts and settings. `--format json` prints results for programs on standard output; progress
bars and errors go to standard error.

## Exit codes

| code | means |
| --- | --- |
| 0 | done |
| 1 | something was found: `check` an error nobody has settled, `verify` a ledger that is not whole |
| 2 | an error you can mend: told in one line on standard error, beginning with `equipoise:`, without a traceback; nothing is half written |
| 130 | interrupted with Ctrl-C; a rehearsal keeps its last whole day and can be gone on with |

An uncaught exception (a traceback, exit code 1) is a fault of Equipoise, never of yours.
"""


@dataclass(frozen=True)
class Parameter:
    """An argument or an option, as the signature of its command declares it."""

    names: tuple[str, ...]
    value: str
    argument: bool
    default: Any
    required: bool
    help: str

    @property
    def shown(self) -> str:
        """How it is written: an argument by its name, an option with what follows it."""
        value = f" `{_cell(self.value)}`" if self.value and not self.argument else ""
        return ", ".join(f"`{_cell(name)}`" for name in self.names) + value

    @property
    def shown_default(self) -> str:
        """The value that holds where nothing is given."""
        if self.required:
            return "needed"
        if self.default is None or self.default is False or self.default == "":
            return ""
        return f"`{getattr(self.default, 'value', self.default)}`"


def page() -> str:
    """The page's text."""
    sections = ("\n".join(_section(name, function)) for name, function in commands(main))
    return "\n".join([_INTRODUCTION, *sections])


def commands(application: Typer, before: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every command with its function, those of a group under the group's name."""
    functions = {
        command.name or command.callback.__name__: command.callback
        for command in application.registered_commands
        if command.callback is not None
    }
    groups = {group.name: group.typer_instance for group in application.registered_groups}
    for name in get_command(application).list_commands(cast(Any, None)):  # type: ignore[attr-defined]
        group = groups.get(name)
        if group is not None:
            yield from commands(group, f"{before}{name} ")
        else:
            yield before + name, functions[name]


def _section(name: str, function: Callable[..., Any]) -> Iterator[str]:
    parameters = list(_parameters(function))
    arguments = [one.names[0] for one in parameters if one.argument]
    needed = [
        f"{one.names[0]} {one.value}" for one in parameters if one.required and not one.argument
    ]
    rest = [] if all(one.required for one in parameters) else ["[OPTIONS]"]
    yield f"## equipoise {name}\n"
    yield "```text\n" + " ".join(["equipoise", name, *arguments, *needed, *rest]) + "\n```\n"
    for paragraph in (inspect.getdoc(function) or "").split("\n\n"):
        yield " ".join(paragraph.split()) + "\n"
    yield "| argument or option | default | meaning |"
    yield "| --- | --- | --- |"
    for one in parameters:
        yield f"| {one.shown} | {one.shown_default} | {_cell(one.help)} |"
    yield ""


def _parameters(function: Callable[..., Any]) -> Iterator[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        kind, declared = get_args(hints[name])
        required = parameter.default is inspect.Parameter.empty
        argument = isinstance(declared, ArgumentInfo)
        # inside `Annotated` the first spelling stands where a default would
        spelled = (declared.default, *(declared.param_decls or ()))
        names = tuple(one for one in spelled if isinstance(one, str))
        names = names or (f"--{name.replace('_', '-')}",)
        value = declared.metavar or _value(kind)
        yield Parameter(
            (value,) if argument else names,
            value,
            argument,
            None if required else parameter.default,
            required,
            declared.help or "",
        )


def _value(kind: Any) -> str:
    """What is written for a value of this type; nothing after a flag."""
    if kind is bool:
        return ""
    if get_origin(kind) is Literal:
        return "|".join(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(str(member.value) for member in kind)
    inner = [one for one in get_args(kind) if one is not type(None)]
    if inner:
        return _value(inner[0])
    return {int: "N", float: "X", Path: "FILE"}.get(kind, "TEXT")


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
