"""A keeper's world in tests: a small protocol, a ledger's key, and eligibility signed with it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from equipoise.keeper import (
    AllocationRequest,
    FileKeeper,
    RemoteKeeper,
    SignedEligibility,
    serve_keeper,
)
from equipoise.ledger.signing import Signer, attestation
from equipoise.protocol.document import (
    Minimization,
    PermutedBlocks,
    Protocol,
    Randomization,
    StratumFactor,
)

from .patience import PATIENCE

SITES, CHEMO = ("01", "02", "03"), ("true", "false")
LEDGER = Signer(b"L" * 32)
STRANGER = Signer(b"S" * 32)
SIZES = (4, 6)


def protocol(kind: str = "blocks", trial: str = "t1", purpose: str = "treatment") -> Protocol:
    scheme: Any = (
        PermutedBlocks(type="permuted_blocks", sizes=list(SIZES))
        if kind == "blocks"
        else Minimization(type="minimization")
    )
    randomization = Randomization(
        ratio={"spray": 1, "control": 1},
        scheme=scheme,
        strata=[
            StratumFactor(id="site", source="site", levels=list(SITES)),
            StratumFactor(id="chemo", item="concurrent_chemo", levels=list(CHEMO)),
        ],
    )
    return Protocol.model_validate(
        {
            "schema": "equipoise/protocol/1", "id": trial, "readiness": "draft",
            "identity": {"titles": {"brief": {"en": "A trial"}}}, "design": {"purpose": purpose},
            "randomization": None if kind == "none" else randomization,
        }
    )  # fmt: skip


def signed(
    participant: str,
    trial: str = "t1",
    signer: Signer = LEDGER,
    kind: str = "blocks",
    **changes: Any,
) -> SignedEligibility:
    """The event of an investigator's signature, signed by the ledger."""
    event = {
        "type": "EligibilitySigned", "trial": trial, "stream": f"participant/{participant}",
        "protocol": protocol(kind, trial).version, **changes,
    }  # fmt: skip
    text = json.dumps(event, sort_keys=True, separators=(",", ":"))
    unsigned = SignedEligibility(text, "0" * 64, "")
    message = attestation("eligibility", unsigned.hash)
    return SignedEligibility(text, "0" * 64, signer.sign(message))


def request(
    n: int, site: str = "01", chemo: str = "true", kind: str = "blocks", **changes: Any
) -> AllocationRequest:
    facts: dict[str, Any] = {
        "request": f"t1/{n}", "trial": "t1", "participant": f"{site}-{n:04}",
        "strata": {"site": site, "chemo": chemo},
    } | changes  # fmt: skip
    facts.setdefault("eligibility", signed(facts["participant"], facts["trial"], kind=kind))
    return AllocationRequest(**facts)


def intact_blocks(arms: list[str]) -> bool:
    """Whether the list can be cut into whole blocks of 4 or 6 (and the beginning of one)."""
    reachable = {0}
    for start in range(len(arms)):
        if start not in reachable:
            continue
        for size in SIZES:
            block = arms[start : start + size]
            if len(block) < size:
                if max(Counter(block).values()) <= size // 2:
                    return True
            elif block.count(block[0]) == size // 2:
                reachable.add(start + size)
    return len(arms) in reachable


@contextmanager
def closed_at_the_end() -> Iterator[None]:
    """Close every keeper that was opened meanwhile, here or over a socket."""
    opened: list[Any] = []
    kinds = (FileKeeper, RemoteKeeper)
    begun = [kind.__init__ for kind in kinds]

    def remembering(begin: Any) -> Any:
        def remember(self: Any, *arguments: Any, **options: Any) -> None:
            begin(self, *arguments, **options)
            opened.append(self)

        return remember

    for kind in kinds:
        kind.__init__ = remembering(kind.__init__)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for kind, begin in zip(kinds, begun, strict=True):
            kind.__init__ = begin  # type: ignore[method-assign]
        for keeper in opened:
            keeper.close()


@contextmanager
def served(
    keeper: FileKeeper, socket: Path, public_key: str = LEDGER.public_hex, timeout: float = 30
) -> Iterator[RemoteKeeper]:
    """The keeper behind a socket, and one who asks it."""
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=serve_keeper, args=(keeper, socket), kwargs={"started": ready.set, "stop": stop}
    )
    thread.start()
    assert ready.wait(PATIENCE)
    remote = RemoteKeeper(socket, keeper.status().trial, public_key, timeout=timeout)
    try:
        yield remote
    finally:
        remote.close()
        stop.set()
        thread.join()
