"""A home's whole record as an archive that needs no Equipoise (`exchange.archive`)."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from equipoise.exchange.archive import Material, Written, write_archive
from equipoise.ledger.signing import Signer

from .home import AMENDMENTS, Home


def archive_home(
    home: Home, out: Path, *, texts: bool = False, allocations: bool = False
) -> Written:
    """Write the archive to a new folder or `.zip` file; works beside a server. A checkpoint is taken first.

    `texts` puts free texts into its tables in clear, `allocations` the arms of an open-label trial. Raises `ArchiveError`
    where it cannot be written and `LedgerDamagedError` where the ledger is not what was signed.
    """
    home.take_checkpoint("export")
    archive = home.archive()
    protocols = {home.protocol.version: home.path / "protocol.yaml"}
    for one in home.amendments:
        protocols[one.version] = home.path / AMENDMENTS / f"{one.version}.yaml"
    with ExitStack() as held:
        signer = Signer(home.keys(held).signing_key())
        material = Material(
            trial=home.protocol.id,
            store=archive.ledger.store,
            documents=archive.documents,
            protocols={one: file.read_text("utf-8") for one, file in protocols.items()},
            checkpoints=[one for one in home.checkpoints.read() if one is not None],
            decode=archive.codec.decode,
            sign=signer.sign,
            public_key=signer.public_hex,
            texts=texts,
            allocations=allocations,
        )
        return write_archive(out, material)
