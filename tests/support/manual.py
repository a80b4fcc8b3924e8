"""The manual as a script: what its pages show is typed, and what they say is printed must be printed.

In a page of `docs/`

- a `console` block is typed into a shell, one command after each `$ `; what is shown below a command
  must be what it prints, where `...` stands for anything, and line breaks and spaces do not matter;
- a `diff` block is made in the file it names: its old lines must stand there once;
- `equipoise serve` is started and left running until the page ends, on a free port instead of 8000.

A command must end with exit code 0, unless the next one is `echo $?`.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser

from support.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_COMMAND = re.compile(r"^\$ (.*(?:\n> .*)*)", re.MULTILINE)


@dataclass
class Reader:
    """Somebody who follows a page of the manual, in a folder of their own."""

    folder: Path
    printed: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    code: int = 0
    _serving: list[subprocess.Popen[str]] = field(default_factory=list)

    def __enter__(self) -> Reader:
        for name in ("trials", "tools"):
            shutil.copytree(ROOT / name, self.folder / name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._serving:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=PATIENCE)

    def follow(self, page: Path) -> int:
        """Do what a page says; answers with the number of blocks that were typed or made."""
        parsers = [
            CodeBlockParser(language="console", evaluator=self._type),
            CodeBlockParser(language="diff", evaluator=self._change),
        ]
        examples = list(Sybil(parsers=parsers).parse(page).examples())
        for example in examples:
            example.evaluate()
        return len(examples)

    def _type(self, example: Example) -> str | None:
        block = str(example.parsed)
        found = list(_COMMAND.finditer(block))
        assert found, f"no command in {block!r}"
        ends = [match.start() for match in found[1:]] + [len(block)]
        for number, (match, end) in enumerate(zip(found, ends, strict=True)):
            command = match[1].replace("\n> ", "\n")
            shown = block[match.end() : end].strip()
            if command.startswith("equipoise serve"):
                printed = self._serve(command)
            else:
                printed = self._run(command)
                asked = number + 1 < len(found) and found[number + 1][1] == "echo $?"
                if self.code != 0 and not asked:
                    return f"$ {command}\nexit code {self.code}\n{printed}"
            self.printed.append(printed)
            if shown and not doctest.OutputChecker().check_output(
                shown + "\n", printed.strip() + "\n", _OPTIONS
            ):
                return f"$ {command}\n--- the page shows\n{shown}\n--- printed is\n{printed}"
        return None

    def _run(self, command: str) -> str:
        # the exit code before is what `echo $?` asks for
        script = f"(exit {self.code}); {command}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.code = done.returncode
        return done.stdout

    def _serve(self, command: str) -> str:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        log = self.folder / f"serve-{port}.log"
        with log.open("w") as out:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {command} --port {port}"],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._serving.append(server)
        address = f"127.0.0.1:{port}"
        until = time.monotonic() + PATIENCE
        while f"http://{address}/" not in log.read_text(encoding="utf-8"):
            assert server.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < until, "the server does not say where it serves"
            time.sleep(0.05)
        self.addresses.append(address)
        return log.read_text(encoding="utf-8").replace(address, "127.0.0.1:8000")

    def _change(self, example: Example) -> str | None:
        lines = str(example.parsed).splitlines()
        assert lines[0].startswith("--- "), "a diff names its file in its first line"
        path = self.folder / lines[0].removeprefix("--- ").strip()
        for hunk in _hunks(lines):
            old = "".join(f"{line[1:]}\n" for line in hunk if line[:1] in (" ", "-", ""))
            new = "".join(f"{line[1:]}\n" for line in hunk if line[:1] in (" ", "+", ""))
            text = path.read_text(encoding="utf-8")
            if text.count(old) != 1:
                return f"{path.name} holds {text.count(old)} times, not once:\n{old}"
            path.write_text(text.replace(old, new), encoding="utf-8")
        return None

    def _environment(self) -> dict[str, str]:
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return os.environ | {"PATH": programs, "COLUMNS": "100", "NO_COLOR": "1"}


def _hunks(lines: list[str]) -> list[list[str]]:
    """The parts of a diff, without its file names and without the lines between them."""
    hunks: list[list[str]] = [[]]
    for line in lines:
        if line.startswith(("--- ", "+++ ")):
            continue
        if line.startswith("@@"):
            hunks.append([])
        else:
            hunks[-1].append(line)
    return [hunk for hunk in hunks if hunk]
