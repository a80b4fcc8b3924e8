"""Proofs of inclusion: some events of a ledger under a signed checkpoint, without the others.

What a participant or a site may take away: its own events in full (sealed values stay sealed), and the
nodes of the Merkle tree that lead to the root of a checkpoint. It shows that these events stand in
the ledger, unchanged and in order; a gap within a stream would show in its versions. It cannot show
that nothing was appended after the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from .checkpoint import Checkpoint
from .envelope import Event, EventRow
from .errors import LedgerError
from .merkle import inclusion_nodes, leaf_of, root_with
from .store import Selection, Store
from .verification import row_fault

PROOF_VERSION = "equipoise-proof-1"


def make_proof(
    store: Store,
    checkpoint: Checkpoint,
    wanted: Callable[[EventRow], bool],
    *,
    subject: str,
    stream: str | None = None,
) -> dict[str, Any]:
    """The document of a proof for the wanted events (of one stream, where it is named).

    Raises `LedgerError` where there are none before the checkpoint.
    """
    leaves = [leaf_of(seq, hash_) for seq, hash_ in store.links(0, checkpoint.seq)]
    selection = Selection(stream=stream, upto=checkpoint.seq)
    rows = [row for row in store.events(selection) if wanted(row)]
    if not rows:
        raise LedgerError(f"{subject}: no event up to the checkpoint of {checkpoint.time}")
    nodes = inclusion_nodes(leaves, [row[0] - 1 for row in rows])
    document = {
        "format": PROOF_VERSION,
        "subject": subject,
        "stream": stream,
        "checkpoint": asdict(checkpoint),
        "events": [dict(zip(Event._fields, row, strict=True)) for row in rows],
        "nodes": nodes,
    }
    return document


def proof_problems(document: Any, *, key: str | None = None) -> list[tuple[int, str]]:
    """What is wrong with a proof: places (seq, 0 for the whole) and words; empty where it holds.

    `key` is the signer's public key as it is known from elsewhere.
    """
    if not isinstance(document, dict) or document.get("format") != PROOF_VERSION:
        return [(0, f"is no proof of the form {PROOF_VERSION}")]
    checkpoint = Checkpoint.from_document(document.get("checkpoint"))
    if checkpoint is None or not checkpoint.holds():
        return [(0, "the checkpoint's signature does not hold")]
    problems: list[tuple[int, str]] = []
    if key is not None and checkpoint.key != key:
        problems.append((0, "the checkpoint is signed with another key"))
    try:
        rows: list[Any] = [
            tuple(event[name] for name in Event._fields) for event in document["events"]
        ]
        nodes = [str(node) for node in document["nodes"]]
    except (KeyError, TypeError):
        return [*problems, (0, "events or nodes are missing")]
    stream = document.get("stream")
    streams: dict[str, int] = {}
    shown: dict[int, bytes] = {}
    for row in rows:
        place = row[0] if type(row[0]) is int else 0
        fault = row_fault(row)
        if fault is not None:
            problems.append((place, fault))
            continue
        if row[1] != checkpoint.trial:
            problems.append((place, f"it belongs to trial {row[1]}"))
        if stream is not None and (row[2], row[3]) != (stream, streams.get(stream, 0) + 1):
            problems.append((place, f"does not follow the event of {stream} before it"))
        streams[row[2]] = row[3]
        if place - 1 in shown:
            problems.append((place, "stands there twice"))
        shown[place - 1] = leaf_of(place, row[16])
    if not problems:
        problems += _root_problems(checkpoint, shown, nodes)
    return problems


def _root_problems(
    checkpoint: Checkpoint, shown: dict[int, bytes], nodes: list[str]
) -> list[tuple[int, str]]:
    try:
        if root_with(checkpoint.seq, shown, nodes) == checkpoint.root:
            return []
    except ValueError as error:
        return [(0, str(error))]
    return [(0, "events and nodes do not give the checkpoint's root")]
