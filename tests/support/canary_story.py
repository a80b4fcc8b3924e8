"""A trial lived in with unmistakable words, and where those words, and the keys they are under, lie afterwards.

    python -m support.canary_story FOLDER [DATABASE SCHEMA]

prints as JSON what was found at each stage, in which files: in the home (database, log, free pages, keys), in what the
server logged, in temporary files, exports, reports, proofs, backups, and in the database server's own folder.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.home import Home
from equipoise.trial.clock import VirtualClock
from support.story import (
    INVESTIGATOR,
    MONITOR,
    RT_START,
    SEED_PROTOCOL,
    START,
    Person,
    at_site,
    expect,
    open_trial,
)

PASSWORD = "correct-horse-battery"
CLIENT = "0d8f6a1e-5a3e-4a53-8a53-0d7a4a6f4f{:02d}"
IDENTITY = {
    "person_name": "Zzyzx-Name-Quux", "national_id": "45010219740517QWZX", "phone": "+86-139-7777-0042",
}  # fmt: skip
TEXTS = {
    "drug_name": "Zzyzx-Drug-Quux", "drug_indication": "Zzyzx-Indication-Quux",
    "change": "Zzyzx-Change-Quux", "missed": "Zzyzx-Missed-Quux", "deviation": "Zzyzx-Deviation-Quux",
    "narrative": "Zzyzx-Narrative-Quux 口腔溃疡", "verbatim": "Zzyzx-Verbatim-Quux",
    "update": "Zzyzx-Update-Quux", "question": "Zzyzx-Question-Quux", "answer": "Zzyzx-Answer-Quux",
    "closing": "Zzyzx-Closing-Quux", "again": "Zzyzx-Again-Quux", "leaving": "Zzyzx-Leaving-Quux",
    "refusing": "Zzyzx-Refusing-Quux", "dose": "Zzyzx-Dose-Quux",
}  # fmt: skip


def spellings(word: str) -> dict[str, bytes]:
    """The ways in which a word may lie in a file."""
    plain = word.encode()
    return {
        "plain": plain,
        "utf-16": word.encode("utf-16-le"),
        "hex": plain.hex().encode(),
        "escaped": json.dumps(word)[1:-1].encode(),
        **{
            f"base64+{shift}": base64.b64encode(b"." * shift + plain)[4 if shift else 0 : -4]
            for shift in range(3)
        },
    }


def files_with(wanted: dict[str, list[bytes]], folders: list[Path]) -> dict[str, list[str]]:
    """The files (and names of files) that hold any spelling of each thing sought."""
    found: dict[str, list[str]] = {name: [] for name in wanted}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            try:
                content = str(path).encode() + (path.read_bytes() if path.is_file() else b"")
            except OSError:
                continue
            for name, spelled in wanted.items():
                if any(one in content for one in spelled):
                    found[name].append(str(path))
    return {name: where for name, where in found.items() if where}


@dataclass
class Story:
    """The home, who looks at it, and what has been found so far."""

    folder: Path
    home: Home
    stored: dict[str, str]
    sent: int = 0
    found: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        trial = self.home.trial()
        trial.clock = VirtualClock(START)
        open_trial(trial)
        from equipoise.web import configure

        configure(self.home)
        from equipoise.web.accounts import create_account
        from equipoise.web.log import keep_log

        for username in sorted({person for person, _role, _site in trial.state.grants}):
            create_account(username, PASSWORD)
        keep_log(str(self.folder / "server.log"))

    # -- looking ---------------------------------------------------------------------------------

    def client(self, role: str, site: str = "01") -> Any:
        """A browser of somebody of the cast."""
        from django.test import Client

        from equipoise.web.models import Account

        actor = at_site(role, site) if role in ("coordinator", "investigator") else None
        client = Client(SERVER_NAME="localhost")
        client.force_login(
            Account.objects.get(username=actor.id if actor else role),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        session = client.session
        session["role"], session["site"] = role, site if actor else ""
        session.save()
        return client

    def post(self, role: str, address: str, **fields: str) -> str:
        """Send a form, which must be taken; where it leads to."""
        self.sent += 1
        typed = {"client_id": CLIENT.format(self.sent), **fields}
        response = self.client(role).post(address, typed)
        assert response.status_code == 302, (address, response.content.decode()[-3000:])
        return str(response["location"])

    def shown(self, participants: list[str]) -> str:
        """All that anybody of the cast is shown on the pages about these participants."""
        told = []
        for role in ("coordinator", "investigator", "monitor"):
            client = self.client(role)
            waiting = [f"/participants/{one}/?trail=all" for one in participants]
            waiting += ["/today/", "/safety/", "/queries/", "/trust/", "/verification/"]
            seen: set[str] = set()
            while waiting:
                address = waiting.pop()
                if address in seen:
                    continue
                seen.add(address)
                response = client.get(address)
                assert response.status_code < 500, address
                text = response.content.decode()
                told.append(text)
                for link in re.findall(r'href="(/participants/[^"#]+)"', text):
                    if any(f"/participants/{one}/" in link for one in participants):
                        waiting.append(link.replace("&amp;", "&"))
        return "\n".join(told)

    def run(self, *arguments: str) -> None:
        """A command of the command line."""
        result = CliRunner().invoke(main, list(arguments))
        assert result.exit_code == 0, (arguments, result.output, result.stderr)

    def write_out(self, name: str, participant: str) -> None:
        """Everything that leaves a home: reports, exports, proofs, checkpoints, backups."""
        home, out = ("--home", str(self.home.path)), self.folder / name
        out.mkdir()
        self.run("export", *home, "--to", "ledger", "--out", str(out / "archive"))
        self.run("export", *home, "--to", "ledger", "--out", str(out / "archive.zip"))
        self.run("export", *home, "--to", "ledger", "--texts", "--out", str(out / "with-texts"))
        self.run("checkpoint", *home, "--out", str(out / "checkpoints.jsonl"))
        self.run("proof", *home, "--participant", participant, "--out", str(out / "proof.json"))
        self.run("backup", *home, "--out", str(out / "backups"))
        self.run("backup", *home, "--keys", str(self.folder / f"{name}-keys"))

    def look(self, stage: str, keys: dict[str, list[bytes]] | None = None) -> None:
        """Search every file for every word, and for the keys where they are given."""
        words = {**IDENTITY, **TEXTS}
        wanted = {
            name: [one for one in spellings(word).values() if len(one) > 7]
            for name, word in words.items()
        } | (keys or {})
        folders = [self.folder, *self._server()]
        self.found[stage] = files_with(wanted, folders)

    def _server(self) -> list[Path]:
        """The folder of the database server, where it can be looked into."""
        if not self.stored:
            return []
        import psycopg

        with psycopg.connect(self.stored["database"], autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            shown = connection.execute("SHOW data_directory").fetchone()
        assert shown is not None
        return [Path(shown[0])]

    # -- living ----------------------------------------------------------------------------------

    def live(self) -> list[str]:
        """Two people: one takes part and has words written about them, one declines."""
        fields = {f"identity-{name}": word for name, word in IDENTITY.items()}
        at = self.post("coordinator", "/screening/new/", **fields)
        one = Person(self.home.trial(), at=START)
        one.id = at.split("/")[2]
        one.consent().enter_screening()
        expect(one.assess())
        one.sign().randomize()
        page = f"/participants/{one.id}/"
        clock = self.home.trial().clock
        assert isinstance(clock, VirtualClock)
        clock.move_to(one.wait_until(RT_START + timedelta(days=12)).at)
        day = str(one.at.date())
        self.post(
            "coordinator", page + "deviations/new/",
            kind="other", severity="minor", occurred_on=day, text=TEXTS["deviation"],
        )  # fmt: skip
        event = c.ReportAdverseEvent(
            participant=one.id, term=TEXTS["verbatim"], grade=2, started_on=one.at.date(),
            narrative=TEXTS["narrative"],
        )  # fmt: skip
        expect(one.do(event))
        update = c.UpdateAdverseEvent(participant=one.id, number=1, grade=3, reason=TEXTS["update"])
        expect(one.do(update))
        drug = {"drug_name": TEXTS["drug_name"], "drug_indication": TEXTS["drug_indication"]}
        expect(one.save("log", "concomitant", **drug))
        expect(one.save("log", "concomitant", reason=TEXTS["change"], drug_start="2026-12"))
        expect(one.do(c.MissVisit(participant=one.id, visit="w1", reason=TEXTS["missed"])))
        asked = self.post(
            "monitor", page + "forms/log/concomitant/1/query/",
            item="drug_start", text=TEXTS["question"],
        )  # fmt: skip
        assert asked
        answer = c.AnswerQuery(participant=one.id, query=1, text=TEXTS["answer"])
        expect(one.do(answer))
        expect(one.do(c.CloseQuery(participant=one.id, query=1, text=TEXTS["closing"]), MONITOR))
        expect(one.do(c.ReopenQuery(participant=one.id, query=1, text=TEXTS["again"]), MONITOR))
        other = Person(self.home.trial(), at=one.at).screen(person_name="Virtual")
        version = self.home.trial().protocol.consents[-1].version
        declined = c.RecordConsent(
            participant=other.id, version=version, signed_on=one.at.date(), given=False,
            reason=TEXTS["refusing"],
        )  # fmt: skip
        expect(other.do(declined))
        self._dose(one, one.at.date())
        return [one.id, other.id]

    def leave(self, participant: str) -> None:
        """The one who took part withdraws."""
        page, day = f"/participants/{participant}/", str(self.home.trial().today("01"))
        self.post(
            "coordinator", page + "withdraw/",
            scope="data_use", category="other", on=day, reason=TEXTS["leaving"],
        )  # fmt: skip

    def _dose(self, one: Person, day: date) -> None:
        """A dose that was not taken, and why; or a diary changed, whatever the arm allows."""
        arm = self.home.trial().protocol.arm_by_id[one.state.arm]
        if arm.interventions:
            dose = c.RecordDose(
                participant=one.id, intervention=arm.interventions[0], day=day, occasion=1,
                taken=False, reason=TEXTS["dose"],
            )  # fmt: skip
            if one.do(dose):
                return
        address = Address("log", "concomitant")
        save = c.SaveForm(
            participant=one.id, address=address, values={"drug_start": "2026-11"},
            reason=TEXTS["dose"],
        )  # fmt: skip
        expect(one.do(save))

    def keys_of(self, participants: list[str]) -> dict[str, list[bytes]]:
        """The keys of everything sealed about them, but of their allocations."""
        found = {}
        with closing(sqlite3.connect(self.home.path / "keys.sqlite")) as keys:
            for name, key in keys.execute("SELECT id, key FROM keys WHERE key IS NOT NULL"):
                about = any(f"participant/{one}" in name for one in participants)
                if about and not name.startswith("sealing/allocation/"):
                    found[name.removeprefix("sealing/")] = [
                        key, key.hex().encode(), base64.b64encode(key)
                    ]  # fmt: skip
        return found

    def take_out(self, participants: list[str]) -> Iterator[str]:
        """Erase both, and redact every word that was written about them."""
        for one in participants:
            page = f"/participants/{one}/"
            self.post(
                "investigator", page + "erase/", reason="asked for", number=one, password=PASSWORD
            )
            yield one
            trial = self.home.trial()
            for value in trial.sealed_values(one):
                if value.text not in TEXTS.values() or not value.single:
                    continue
                if trial.sealed_values(one)[0] and not _still(trial, one, value.place):
                    continue  # a copy went with another one
                self.post("coordinator", f"{page}texts/{value.place}/redact/", reason="must go")
                number = max(trial.participant(one).redactions)
                approve = c.ApproveRedaction(participant=one, redaction=number)
                expect(trial.do(approve, INVESTIGATOR))


def _still(trial: Any, participant: str, place: str) -> bool:
    return any(one.place == place and one.text for one in trial.sealed_values(participant))


def tell(folder: Path, stored: dict[str, str]) -> dict[str, Any]:
    """The whole story."""
    planted = folder / "planted"
    planted.mkdir()
    for name, spelled in spellings(IDENTITY["person_name"]).items():
        (planted / name).write_bytes(b"xx" + spelled + b"xx")
    home = Home.create(folder / "home", SEED_PROTOCOL, training=True, **stored)
    story = Story(folder, home, stored)
    story.look("planted")
    shutil.rmtree(planted)
    participants = story.live()
    story.write_out("before", participants[0])
    story.leave(participants[0])
    words = {**IDENTITY, **TEXTS}
    shown = story.shown(participants)
    story.found["shown before"] = [name for name, word in words.items() if word in shown]
    told = repr([happening for _, happening in home.trial().events()])
    story.found["told before"] = [name for name, word in words.items() if word in told]
    keys = story.keys_of(participants)
    story.found["keys"] = sorted(keys)
    story.look("before", keys)
    list(story.take_out(participants))
    story.found["keys left"] = sorted(set(keys) & set(story.keys_of(participants)))
    shown = story.shown(participants)
    story.found["shown after"] = [name for name, word in words.items() if word in shown]
    told = repr([happening for _, happening in home.trial().events()])
    story.found["told after"] = [name for name, word in words.items() if word in told]
    # what was written out in clear before is out of reach, and looked at no more
    shutil.rmtree(folder / "before" / "with-texts")
    story.write_out("after", participants[0])
    doomed = {name: spelled for name, spelled in keys.items() if name in story.found["keys"]}
    gone = {name: doomed[name] for name in doomed if name not in story.found["keys left"]}
    story.look("after", gone)
    from equipoise.web.log import drop_log

    drop_log()
    home.close()
    story.look("after closing", gone)
    (backup,) = (folder / "before" / "backups").iterdir()
    # the old copy of the keys comes back, with the list that lies beside newer copies
    erasures = folder / "after-keys" / "erasures.jsonl"
    story.run(
        "restore", str(backup), "--home", str(folder / "again"), "--keys", str(folder / "before-keys"),
        "--erasures", str(erasures),
    )  # fmt: skip
    with Home.open(folder / "again") as again:
        told = repr([happening for _, happening in again.trial().events()])
        story.found["told by the restored"] = [n for n, word in words.items() if word in told]
    story.look("after restoring", gone)
    return story.found


if __name__ == "__main__":
    tempfile.tempdir = str(Path(sys.argv[1]) / "temporary")
    Path(tempfile.tempdir).mkdir()
    place = dict(zip(("database", "schema"), sys.argv[2:], strict=False))
    sys.stdout.write(json.dumps(tell(Path(sys.argv[1]), place)) + "\n")
