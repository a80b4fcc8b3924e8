"""A home's derived data sets, written out for others to analyze (`exchange.datasets`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from equipoise.analysis import Position, analyze_cut
from equipoise.analysis.cut import cut, with_dummy_arms
from equipoise.analysis.datasets import datasets, trace_of
from equipoise.exchange.datasets import dataset_files

from .home import Home
from .posting import PostingError, Watched, results_may_leave


@dataclass(frozen=True, slots=True)
class WrittenDatasets:
    """What was written: rows by data set, the files' names, and where the data were cut."""

    rows: dict[str, int]
    files: tuple[str, ...]
    position: Position


def export_datasets(
    home: Home, out: Path, as_of: int | str | date | None = None, *, dummy_arms: bool = False
) -> WrittenDatasets:
    """Write a home's data sets into a new folder; works beside a server, and takes a checkpoint first.

    A live masked trial's arms leave only once it is unblinded (`PostingError`), or as dummies. Raises `CutError` for a
    cut that cannot be made, and `OSError` where the folder is there or cannot be made.
    """
    home.take_checkpoint("export")
    archive = Watched(home.archive())  # read once, by `cut`
    data = cut(archive, as_of)
    if not dummy_arms and not results_may_leave(
        data.protocol, archive.state.live, archive.state.unblinded
    ):
        raise PostingError(
            "this trial is masked and not unblinded: its arms may not leave; use --dummy-arms"
        )
    if dummy_arms:
        data = with_dummy_arms(data)
    sets = datasets(data, trace_of(home.archive(), data.position.seq))
    results = analyze_cut(data)
    files = dataset_files(data, sets, results)
    out.mkdir(parents=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    return WrittenDatasets({one.id: len(one.rows) for one in sets}, tuple(files), data.position)
