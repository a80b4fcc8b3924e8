"""No word that is to be erasable ever lies readable in a file; what was erased can be read nowhere, by no key.

A trial is lived in by pages and commands with words found nowhere else. Then every byte of everything it left is searched:
the database with its log and free pages, the key file, logs, temporary files, exports, proofs, backups, the folder of the
database server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.canary_story import IDENTITY, TEXTS
from support.postgres import new_schema

WORDS = {*IDENTITY, *TEXTS}


STORES = [
    pytest.param(
        store,
        marks=[pytest.mark.xdist_group(f"canaries-{store}")]
        + [pytest.mark.thorough] * (store == "postgresql"),
    )
    for store in ("sqlite", "postgresql")
]


@pytest.fixture(scope="module", params=STORES)
def found(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the story found, stage by stage."""
    with ExitStack() as held:
        place: tuple[str, ...] = ()
        if request.param == "postgresql":
            place = held.enter_context(new_schema())
        folder = tmp_path_factory.mktemp("canary")
        told = subprocess.run(
            [sys.executable, "-m", "support.canary_story", str(folder), *place],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 0, told.stderr[-4000:]
    answer: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return answer


def places(found: dict[str, list[str]], *allowed: str) -> dict[str, list[str]]:
    """What was found elsewhere than in the folders named."""
    left = {
        name: [path for path in paths if not any(f"/{one}/" in path for one in allowed)]
        for name, paths in found.items()
    }
    return {name: paths for name, paths in left.items() if paths}


def test_the_search_finds_every_spelling_of_a_word(found: dict[str, Any]) -> None:
    assert len(found["planted"]["person_name"]) == 7


def test_the_words_were_truly_lived_with(found: dict[str, Any]) -> None:
    assert set(found["told before"]) == WORDS
    assert {"deviation", "narrative", "verbatim", "question", "drug_name"} <= set(
        found["shown before"]
    )
    assert len(found["keys"]) >= len(TEXTS) + 1


def test_no_word_ever_lies_readable_in_a_file(found: dict[str, Any]) -> None:
    """But where somebody asked for the texts in clear: names never stand there either."""
    words = {name: paths for name, paths in found["before"].items() if name in WORDS}
    assert places(words, "with-texts") == {}
    assert set(words) <= set(TEXTS)
    assert words, "the export in clear holds the texts"


def test_the_keys_lie_in_the_key_file_and_its_copy_only(found: dict[str, Any]) -> None:
    keys = {name: paths for name, paths in found["before"].items() if name not in WORDS}
    assert set(keys) == set(found["keys"])
    for paths in keys.values():
        assert {Path(path).name.removesuffix("-wal") for path in paths} == {"keys.sqlite"}


@pytest.mark.parametrize("stage", ["after", "after closing", "after restoring"])
def test_what_was_erased_lies_nowhere_and_neither_do_its_keys(
    found: dict[str, Any], stage: str
) -> None:
    """Except for the copy of the keys that was made before: it expires, and a restore takes them from it."""
    assert places(found[stage], "before-keys") == {}
    assert found["keys left"] == []
    old = set(found[stage])
    assert len(old) >= len(TEXTS), "the old copy opens what it opened"
    assert old < set(found["keys"])


def test_nobody_is_told_what_was_erased(found: dict[str, Any]) -> None:
    assert found["shown after"] == []
    assert found["told after"] == []
    assert found["told by the restored"] == []
