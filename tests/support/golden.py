"""Golden ledgers: events as a released version wrote them, and what they said then."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from equipoise.conduct import events as e
from equipoise.conduct.state import ParticipantState, TrialState, fold_in
from equipoise.ledger.envelope import Event, event_of
from equipoise.ledger.keys import DerivedKeys
from equipoise.ledger.sealing import DerivedNonces, Sealer
from equipoise.protocol.document import Protocol
from equipoise.protocol.document.base import Part
from equipoise.protocol.reading import load_protocol
from equipoise.trial.codec import Codec
from equipoise.trial.projecting import stamp_of

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def rows_of(folder: Path) -> list[list[Any]]:
    """The stored rows."""
    text = gzip.decompress((folder / "events.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def protocol_of(folder: Path) -> Protocol:
    """The protocol they cite."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "protocol.yaml"
        path.write_bytes(gzip.decompress((folder / "protocol.yaml.gz").read_bytes()))
        return load_protocol(path)


def defaults() -> dict[str, Any]:
    """What holds where a document says nothing, by section and field: it has no place in the content hash."""
    found: dict[str, Any] = {}
    waiting: list[type[Part]] = [Part]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if not model.__module__.startswith("equipoise.protocol.document"):
            continue
        for name, field in model.model_fields.items():
            if not field.is_required():
                default = field.get_default(call_default_factory=True)
                if isinstance(default, Part):
                    default = default.model_dump(mode="json", exclude_defaults=True)
                found[f"{model.__name__}.{name}"] = to_jsonable_python(default)
    return dict(sorted(found.items()))


def decoded(folder: Path, secret: str, protocol: Protocol) -> Iterator[tuple[Event, e.Happening]]:
    """The events as today's code reads them."""
    key = bytes.fromhex(secret)
    codec = Codec((protocol,), Sealer(DerivedKeys(key), DerivedNonces(key)))
    for row in rows_of(folder):
        event = event_of(tuple(row))  # type: ignore[arg-type]
        yield event, codec.decode(event)


def said_by(folder: Path, secret: str) -> dict[str, Any]:
    """What the ledger says to today's code: the trial as a whole, and every participant's state."""
    protocol = protocol_of(folder)
    trial = TrialState(protocol.id, protocol)
    people: dict[str, ParticipantState] = {}
    kinds: Counter[str] = Counter()
    for event, happening in decoded(folder, secret, protocol):
        kinds[event.type] += 1
        trial.apply(happening, event.site, event.server_time, event.actor)
        if event.stream.startswith("participant/"):
            number = event.stream.removeprefix("participant/")
            person = people.setdefault(number, ParticipantState(number, protocol))
            fold_in(person, happening, stamp_of(event), event.site)
    return {
        "types": dict(sorted(kinds.items())),
        "screened": trial.screened,
        "randomized": trial.randomized,
        "commitment": trial.commitment,
        "grants": sorted(map(list, trial.grants)),
        "participants": {number: _said_of(person) for number, person in sorted(people.items())},
    }


def _said_of(person: ParticipantState) -> dict[str, Any]:
    values = [
        [
            f"{address.visit}/{address.form}/{address.repeat}/{item}",
            captured.value.raw,
            captured.value.value,
            captured.value.unit,
        ]
        for address, form in person.forms.items()
        for item, captured in form.values.items()
    ]
    return {
        "site": person.site,
        "status": person.status,
        "version": person.version,
        "arm": person.arm,
        "identity": dict(sorted(person.identity.items())),
        "consents": [record.version for record in person.consents],
        "values": sorted(values, key=str),
        "diary_days": len(person.diary),
        "doses": len(person.doses),
        "queries": sorted(query.status for query in person.queries.values()),
        "adverse_events": sorted(one.term for one in person.adverse_events.values()),
        "deviations": sorted(one.kind for one in person.deviations),
    }
