"""The reference of the command line says what the program does: commands, options, defaults, exit codes."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from equipoise.cli import main

ROOT = Path(__file__).resolve().parents[3]


def _load_page_writer() -> ModuleType:
    path = ROOT / "tools" / "command_line_page.py"
    spec = importlib.util.spec_from_file_location("command_line_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["command_line_page"] = module
    spec.loader.exec_module(module)
    return module


page_writer = _load_page_writer()
PAGE = page_writer.PAGE.read_text(encoding="utf-8")
COMMANDS = [name for name, _ in page_writer.commands(main)]


def test_the_page_is_current() -> None:
    """Run `python tools/command_line_page.py` after changing a command."""
    assert page_writer.page() == PAGE


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_has_every_option_that_the_help_of_a_command_shows(command: str) -> None:
    shown = CliRunner().invoke(main, [*command.split(), "--help"], terminal_width=200)
    assert shown.exit_code == 0
    options = set(re.findall(r"(?<=[\s│])--[a-z-]+", shown.output)) - {"--help"}
    section = PAGE.split(f"\n## equipoise {command}\n")[1].split("\n## ")[0]
    assert options <= set(re.findall(r"--[a-z-]+", section))


PRINT_NO_RESULT = {
    "page", "serve", "explore", "prepare-database", "keeper serve", "keeper accept", "keeper escrow",
    "keeper recover", "keeper reveal", "keeper publish",
}  # fmt: skip
"""One prints a page as HTML, others serve until they are stopped, or write a file and say so."""


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - PRINT_NO_RESULT))
def test_every_command_that_prints_results_prints_them_for_programs_too(command: str) -> None:
    section = PAGE.split(f"\n## equipoise {command}\n")[1].split("\n## ")[0]
    assert r"`--format` `text\|json`" in section
