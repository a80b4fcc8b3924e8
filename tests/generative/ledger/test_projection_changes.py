"""Changes of projections, folded and batched, are the changes made one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.ledger.ledger import Ledger
from equipoise.ledger.memory import MemoryStore
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.tables import Table

TABLE = Table("shelf", {"id": "text", "kind": "text", "n": "integer", "m": "integer"}, ("id",))

ids = st.sampled_from("abc")
operations = st.one_of(
    st.tuples(
        st.just("put"),
        ids,
        st.fixed_dictionaries(
            {},
            optional={
                "kind": st.none() | st.sampled_from("xy"),
                "n": st.none() | st.integers(-5, 5),
                "m": st.none() | st.integers(-5, 5),
            },
        ),
    ),
    st.tuples(st.just("remove"), ids, st.just({})),
    st.tuples(
        st.just("add"),
        ids,
        st.fixed_dictionaries({}, optional={"n": st.integers(-5, 5), "m": st.integers(-5, 5)}),
    ),
)
program = st.lists(
    st.tuples(st.lists(operations, max_size=6), st.booleans(), st.booleans()), max_size=6
)


def apply_to_model(
    model: dict[str, dict[str, Any]], operation: tuple[str, str, dict[str, Any]]
) -> None:
    kind, key, values = operation
    if kind == "remove":
        model.pop(key, None)
        return
    row = model.setdefault(key, {"id": key, "kind": None, "n": None, "m": None})
    for column, value in values.items():
        row[column] = value if kind == "put" else (row[column] or 0) + value


def run(ledger: Ledger, writes: Any) -> list[Any]:
    """Writes of a program; each may be read after, and may fail at its end."""
    seen = []
    for operations_of, fails, reads in writes:
        try:
            with ledger.write() as writing:
                for kind, key, values in operations_of:
                    if kind == "put":
                        writing.put("shelf", {"id": key, **values})
                    elif kind == "remove":
                        writing.remove("shelf", {"id": key})
                    else:
                        writing.add("shelf", {"id": key}, **values)
                if fails:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            assert fails
        if reads:
            seen.append(ledger.rows("shelf"))
    return seen


@settings(max_examples=150, deadline=None)
@given(writes=program)
def test_every_store_in_and_out_of_a_batch_gives_what_one_by_one_gives(
    writes: Any, tmp_path_factory: Any
) -> None:
    model: dict[str, dict[str, Any]] = {}
    expected = []
    for operations_of, fails, reads in writes:
        if not fails:
            for operation in operations_of:
                apply_to_model(model, operation)
        if reads:
            expected.append([dict(model[key]) for key in sorted(model)])
    final = [model[key] for key in sorted(model)]
    folder: Path = tmp_path_factory.mktemp("shelf")
    for name in ("memory", "sqlite"):
        for batched in (False, True):
            store = (
                MemoryStore([TABLE])
                if name == "memory"
                else SqliteStore(folder / f"{batched}.sqlite", [TABLE])
            )
            ledger = Ledger(store, trial="t1")
            if batched:
                with ledger.batch():
                    seen = run(ledger, writes)
            else:
                seen = run(ledger, writes)
            assert seen == expected, (name, batched)
            assert ledger.rows("shelf") == final, (name, batched)
            ledger.close()
