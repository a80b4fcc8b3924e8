#!/usr/bin/env python3
"""Verify an archive of an Equipoise trial: Python's standard library and the files beside this one.

    python3 -I verify_archive.py [FOLDER] [--key HEX]

Checked are the manifest's signature and every file's SHA-256, that nothing else lies there, the ledger with its
heads and checkpoints (by verify.py), and that its JSON Lines say the same events as its database.
Exit code 1: something is not whole, and is named.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import io
import json
import pathlib
import sqlite3
import sys
from types import ModuleType
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
VERSION = "equipoise-archive-1"


def load(path: pathlib.Path) -> ModuleType:
    """A program beside this one, as a module; run with -I, Python does not look here by itself."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise OSError(f"{path}: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files_fault(folder: pathlib.Path, listed: dict[str, str]) -> list[str]:
    """What lies there and is not what the manifest says."""
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    there.pop("manifest.json", None)
    faults = [f"{name}: is missing" for name in listed if name not in there]
    faults += [f"{name}: is not in the manifest" for name in there if name not in listed]
    faults += [
        f"{name}: was changed"
        for name in listed
        if name in there and hashlib.sha256(there[name].read_bytes()).hexdigest() != listed[name]
    ]
    return sorted(faults)


def lines_fault(folder: pathlib.Path, verify: ModuleType) -> list[str]:
    """Where the JSON Lines and the database do not say the same events."""
    stated = verify.Chain()
    try:
        with (folder / "ledger.jsonl").open(encoding="utf-8") as lines:
            events = (json.loads(line) for line in lines)
            stated.walk(one | {"payload": verify.canonical(one["payload"])} for one in events)
        names = ("seq", "hash")
        database = sqlite3.connect(f"{(folder / 'ledger.sqlite').as_uri()}?mode=ro", uri=True)
        with contextlib.closing(database):
            kept = database.execute(
                f"SELECT {', '.join(names)} FROM events ORDER BY seq"
            ).fetchall()
    except (OSError, ValueError, KeyError, TypeError, sqlite3.Error) as error:
        return [f"ledger.jsonl: cannot be read: {type(error).__name__}"]
    faults = ["ledger.jsonl: its events do not hold, as told above"] if not stated.whole else []
    if [tuple(one) for one in stated.leaves] != kept:
        faults.append("ledger.jsonl: its events are not those of ledger.sqlite")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify an archive of a trial.")
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=HERE)
    parser.add_argument("--key", help="the signer's public key, where it is known from elsewhere")
    given = parser.parse_args()
    folder = given.folder.resolve()
    verify = load(HERE / "verify.py")
    faults: list[str] = []
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        signature = manifest.pop("signature")
        message = f"{VERSION}|{verify.canonical(manifest)}".encode()
        key, listed = str(manifest["key"]), dict(manifest["files"])
        if not verify.signature_holds(key, message, signature):
            faults.append("manifest.json: its signature does not hold")
        if given.key and given.key != key:
            faults.append("manifest.json: is signed with another key than the one given")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        print("manifest.json: is missing or cannot be read\nNOT WHOLE")
        return 1
    faults += files_fault(folder, listed)
    faults += lines_fault(folder, verify)
    said, arguments = io.StringIO(), sys.argv
    sys.argv = ["verify.py", str(folder), "--key", given.key or key]
    with contextlib.redirect_stdout(said):
        failed = verify.main()
    sys.argv = arguments
    if failed:
        faults += said.getvalue().splitlines()
    for fault in faults:
        print(fault)
    print(f"{manifest.get('events')} events, {len(listed)} files")
    print("NOT WHOLE" if faults else f"whole, signed by {key}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
