"""Simulations that were computed before, found again by everything that decides their figures."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError
from .files import write_whole

if TYPE_CHECKING:
    from equipoise.protocol.document import Protocol
    from equipoise.rehearsal.bulk import Characteristics, Scenario


def name_of(
    protocol: Protocol, scenario: Scenario, *, replicates: int, seed: int, first: int, numbers: int
) -> str:
    """The SHA-256 of protocol, assumptions, numbers, code and environment: one name for one answer."""
    from equipoise.analysis.provenance import environment

    said = {
        "protocol": protocol.model_dump_json(),
        "scenario": scenario.name,
        "effect": scenario.effect,
        "assumptions": scenario.assumptions.model_dump_json(),
        "replicates": replicates,
        "seed": seed,
        "first": first,
        "numbers": numbers,
        "environment": environment().digest,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def find(folder: Path, name: str) -> Characteristics | None:
    """What was kept under the name; None where nothing was, or where it is not what was kept."""
    from pydantic import TypeAdapter

    from equipoise.rehearsal.bulk import Characteristics

    try:
        text = (folder / f"{name}.json").read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(
            f"--keep {folder}: cannot be read: {error.strerror}; name another folder"
        ) from error
    try:
        given = json.loads(text)
        if given != _sealed(name, given["answer"]):
            return None
        return TypeAdapter(Characteristics).validate_python(given["answer"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _sealed(name: str, answer: Any) -> dict[str, Any]:
    """What is kept: the answer, and a hash of it under its name, so that one spoiled or put elsewhere is not taken.

    It is no signature: whoever can write to the folder can keep any answer there, as they could change any result.
    """
    text = json.dumps([name, answer], ensure_ascii=False, sort_keys=True, allow_nan=False)
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "answer": answer}


def keep(folder: Path, name: str, found: Characteristics) -> None:
    """Keep an answer under its name, whole or not at all."""
    answer = json.loads(json.dumps(found.to_json(), ensure_ascii=False, allow_nan=False))
    text = json.dumps(_sealed(name, answer), ensure_ascii=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"--keep {folder}: cannot be made: {error.strerror}; name another folder"
        ) from error
    write_whole(folder / f"{name}.json", text.encode())
