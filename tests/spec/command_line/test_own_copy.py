"""`equipoise copy`: a participant's copy of their own data, written for its owner only and recorded as given."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

from support.web_home import new_home, participant_at


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: one process serves one home."""
    equipoise = "from equipoise.cli import main; main()"
    command = [sys.executable, "-c", equipoise, "copy", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_writes_the_copy_for_its_owner_only_and_records_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "home"
    home = new_home(path)
    person = participant_at(home.trial(), "randomized")
    home.close()
    out = tmp_path / "copy.json"
    common = ("--home", str(path), "--to", "the participant", "--reason", "asked")
    done = run(person.id, *common, "--out", str(out), "--lang", "zh-Hans", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["participant"] == person.id
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    told = json.loads(out.read_text(encoding="utf-8"))
    assert told["parts"][0]["title"] == "可识别您身份的信息"
    assert told["format"] == "equipoise/own-copy/1"
    for wrong, words in (
        ((person.id, *common, "--out", str(out)), "is there already"),
        ((person.id, *common, "--out", str(tmp_path / "copy.pdf")), "HTML or JSON"),
        (("99-9999", *common, "--out", str(tmp_path / "x.html")), "no such participant"),
        (
            (
                *(person.id, "--home", str(path), "--to", " ", "--reason", "asked"),
                *("--out", str(tmp_path / "y.html")),
            ),
            "it is not said to whom",
        ),
    ):
        refused = run(*wrong)
        assert refused.returncode == 2, refused.stdout
        assert words in refused.stderr
        assert refused.stderr.startswith("equipoise: ")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["copy.json", "home"]
