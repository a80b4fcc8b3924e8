#!/usr/bin/env python3
"""Pack a home as the version that is about to be released leaves it. Run once, at the release.

    python tools/golden_home.py [--accounts MIGRATION]

A real trial's home with three virtual participants and three accounts goes into tests/data/golden/VERSION/home.tar.gz,
keys and seed included: from then on `equipoise upgrade` must bring it to every later version
(tests/contract/home/test_upgrade.py). An existing one is never replaced. `--accounts` takes the accounts' tables back to an earlier
migration; 0.1.0 was packed with `--accounts 0001`, so that the first upgrade has some to make.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import io
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

PASSWORD = "a long password of {}"
PEOPLE = ("coordinator-nanning", "monitor", "administrator")


def make(path: Path, accounts: str | None) -> None:
    """A home in which a little of everything has happened."""
    from equipoise.conduct import commands as c
    from equipoise.conduct.values import Address
    from equipoise.home import Home
    from equipoise.web import configure, release

    story = importlib.import_module("support.story")
    expect, person = story.expect, story.Person
    home = Home.create(path, story.SEED_PROTOCOL)
    trial = story.open_trial(home.trial())
    one = person(trial).enroll()
    person(trial, "02").screen(person_name="Virtual Participant").consent().enter_screening()
    person(trial, "03").screen(person_name="Virtual Participant")
    laboratory = Address("unscheduled", "laboratory")
    for command in (
        c.ReportAdverseEvent(
            participant=one.id, term="fatigue", grade=3, started_on=one.at.date(),
            seriousness=("hospitalization",), narrative="Told by the ward.",
        ),
        c.RaiseQuery(
            participant=one.id, address=Address("screening", "laboratory"), item="hemoglobin",
            text="Please check.",
        ),
        c.SaveForm(participant=one.id, address=laboratory, values={"wbc": "6.1"}),
    ):  # fmt: skip
        expect(one.do(command))
    trial.checkpoint("manual")
    configure(home)
    from equipoise.web.accounts import create_account

    for name in PEOPLE:
        create_account(name, PASSWORD.format(name))
    if accounts is not None:
        from django.core.management import call_command

        call_command("migrate", "web", accounts, verbosity=0)
    release()
    home.close()


def main() -> int:
    """Pack it; exit code 1 where one stands already."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", help="the migration to take the accounts' tables back to")
    parser.add_argument("--golden", type=Path, default=ROOT / "tests" / "data" / "golden")
    given = parser.parse_args()
    packed = given.golden / version("equipoise") / "home.tar.gz"
    if packed.exists():
        print(f"{packed}: stands already, and a golden home is never replaced")
        return 1
    with tempfile.TemporaryDirectory() as name:
        make(Path(name) / "home", given.accounts)
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as tar:
            tar.add(Path(name) / "home", "home")
    packed.write_bytes(gzip.compress(content.getvalue(), 9, mtime=0))
    print(packed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
