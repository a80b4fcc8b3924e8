"""What a ledger promises, whatever store is under it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from equipoise.ledger.envelope import NO_EVENT, Draft, Head, chain_hash
from equipoise.ledger.errors import LedgerError, NotCanonicalError, RepeatedClientIdError
from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.signing import Signer
from equipoise.ledger.store import Store
from equipoise.ledger.tables import Table

Make = Callable[..., Draft]
NewStore = Callable[[str, Path], AbstractContextManager[Store]]


def append(ledger: Ledger, *drafts: Draft) -> None:
    with ledger.write() as writing:
        writing.append(drafts)


# Events


def test_an_empty_ledger_is_whole_and_begins_at_zero(ledger: Ledger) -> None:
    assert ledger.head() == Head(0, NO_EVENT)
    assert list(ledger.events()) == []
    assert ledger.verify().ok


def test_events_come_back_as_they_went_in(ledger: Ledger, draft: Make) -> None:
    given = draft("participant/01-0001", "FormSaved", "c1", weight="63.5", codes=["a", None, True])
    with ledger.write() as writing:
        (appended,) = writing.append([given])
    (read,) = ledger.events()
    assert read == appended
    assert read.payload == {"weight": "63.5", "codes": ["a", None, True]}
    assert (read.seq, read.version, read.trial, read.client_index) == (1, 1, "t1", 0)
    assert read.hash == chain_hash(NO_EVENT, read)


def test_every_event_names_the_hash_of_the_one_before(ledger: Ledger, draft: Make) -> None:
    for n in range(5):
        append(ledger, draft(n=n), draft(n=-n))
    events = list(ledger.events())
    assert [e.seq for e in events] == list(range(1, 11))
    assert [e.previous for e in events] == [NO_EVENT, *(e.hash for e in events[:-1])]
    assert ledger.head() == Head(10, events[-1].hash)


def test_versions_count_within_a_stream(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft("site/01"), draft("site/02"), draft("site/01"))
    append(ledger, draft("site/01"))
    assert [(e.stream, e.version) for e in ledger.events()] == [
        ("site/01", 1), ("site/02", 1), ("site/01", 2), ("site/01", 3),
    ]  # fmt: skip
    assert ledger.stream_version("site/01") == 3
    assert ledger.stream_version("site/09") == 0


def test_a_write_sees_what_it_has_appended(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft("site/01", "Opened", "c1"))
    with ledger.write() as writing:
        writing.append([draft("site/01", "Closed", "c2")])
        assert writing.stream_version("site/01") == 2
        assert [e.type for e in writing.events(stream="site/01")] == ["Opened", "Closed"]
        assert [e.type for e in writing.events(types=["Closed"], after=1)] == ["Closed"]
        assert [e.seq for e in writing.by_client("c2")] == [2]
        assert [e.seq for e in writing.by_client("c1")] == [1]
        assert writing.head.seq == 2


def test_nobody_else_sees_a_write_before_it_ends(ledger: Ledger, draft: Make) -> None:
    seen: list[int] = []
    with ledger.write() as writing:
        writing.append([draft()])
        thread = threading.Thread(target=lambda: seen.append(ledger.head().seq))
        thread.start()
        thread.join()
    assert seen == [0]
    assert ledger.head().seq == 1


def test_an_exception_leaves_everything_as_it_was(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft("site/01", client="c1"))
    before = ledger.head()
    with pytest.raises(ZeroDivisionError), ledger.write() as writing:  # noqa: PT012
        writing.append([draft("site/01", client="c2")])
        writing.put("participant", {"id": "01-0001", "site": "01"})
        raise ZeroDivisionError
    assert ledger.head() == before
    assert ledger.stream_version("site/01") == 1
    assert ledger.rows("participant") == []
    assert ledger.by_client("c2") == []
    append(ledger, draft("site/01", client="c2"))
    assert ledger.stream_version("site/01") == 2
    assert ledger.verify().ok


def test_a_refused_draft_leaves_the_write_as_it_was(ledger: Ledger, draft: Make) -> None:
    with ledger.write() as writing:
        writing.append([draft(n=1)])
        with pytest.raises(NotCanonicalError, match=r"payload\.dose"):
            writing.append([draft(n=2), draft(dose=1.5)])
        writing.append([draft(n=3)])
    assert [e.payload["n"] for e in ledger.events()] == [1, 3]
    assert ledger.verify().ok


def test_only_one_write_is_open_in_a_thread(ledger: Ledger, draft: Make) -> None:
    with ledger.write() as first:
        with pytest.raises(LedgerError, match="open already"), ledger.write():
            pass
        first.append([draft()])
    with pytest.raises(LedgerError, match="has ended"):
        first.append([draft()])
    assert ledger.head().seq == 1


def test_events_are_selected_by_stream_type_and_place(ledger: Ledger, draft: Make) -> None:
    for n in range(30):
        append(ledger, draft(f"site/{n % 3:02}", "AB"[n % 2], n=n))
    every = list(ledger.events())
    for stream in (None, "site/01"):
        for types in (None, ["A"], ["A", "B"], []):
            for after, upto in ((0, None), (7, None), (0, 20), (7, 20), (20, 7), (40, 50)):
                for limit in (None, 0, 3):
                    wanted = [
                        e
                        for e in every
                        if (stream is None or e.stream == stream)
                        and (types is None or e.type in types)
                        and after < e.seq <= (upto or 99)
                    ]
                    for descending in (False, True):
                        expected = wanted[::-1] if descending else wanted
                        assert list(
                            ledger.events(
                                stream=stream, types=types, after=after, upto=upto,
                                descending=descending, limit=limit,
                            )
                        ) == (expected if limit is None else expected[:limit])  # fmt: skip


def test_a_long_ledger_is_read_whole_in_both_directions(ledger: Ledger, draft: Make) -> None:
    with ledger.batch():
        for n in range(2500):
            append(ledger, draft("site/01" if n % 2 else "trial", n=n))
    assert [e.seq for e in ledger.events()] == list(range(1, 2501))
    assert [e.seq for e in ledger.events(descending=True)] == list(range(2500, 0, -1))
    odd = [e.seq for e in ledger.events(stream="site/01", limit=1200)]
    assert odd == list(range(2, 2401, 2))


def test_reading_goes_on_while_events_are_appended(ledger: Ledger, draft: Make) -> None:
    append(ledger, *(draft(n=n) for n in range(10)))
    seen = 0
    for event in ledger.events():
        append(ledger, draft(n=event.seq))
        seen += 1
    assert seen == 10
    assert ledger.head().seq == 20


# Client ids


def test_a_repeated_client_id_is_found(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft(client="form-7", n=1), draft("site/01", client="form-7", n=2))
    append(ledger, draft(client="form-8"))
    assert [(e.payload["n"], e.client_index) for e in ledger.by_client("form-7")] == [
        (1, 0),
        (2, 1),
    ]
    assert ledger.by_client("form-9") == []
    assert ledger.by_client("") == []


def test_a_client_id_cannot_be_appended_twice(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft(client="form-7"))
    with pytest.raises(RepeatedClientIdError):
        append(ledger, draft(client="form-7"))
    assert ledger.head().seq == 1
    append(ledger, draft(client="form-8"))
    assert ledger.verify().ok


def test_events_without_a_client_id_are_never_repetitions(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft(), draft())
    append(ledger, draft())
    assert ledger.head().seq == 3


# Canonical form


def test_equal_texts_are_equal_bytes(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft("site/Cafe\u0301", note="Cafe\u0301", keys={"e\u0301": "x"}))
    append(ledger, draft("site/Caf\u00e9", note="Caf\u00e9", keys={"\u00e9": "x"}))
    first, second = ledger.events()
    assert first.payload == second.payload == {"note": "Caf\u00e9", "keys": {"\u00e9": "x"}}
    assert (first.stream, second.version) == (second.stream, 2)
    assert ledger.verify().ok


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (1.5, r"payload\.v"),
        (float("nan"), r"payload\.v"),
        ({"a": [1, {"b": 0.0}]}, r"payload\.v\.a\[1\]\.b"),
        ({1: "a"}, r"payload\.v"),
        ({"a": {None: "b"}}, r"payload\.v\.a"),
        ("\ud800", "is not a character"),
        (b"bytes", r"payload\.v"),
        ({"a", "b"}, r"payload\.v"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_place(
    ledger: Ledger, draft: Make, value: object, place: str
) -> None:
    with pytest.raises(NotCanonicalError, match=place):
        append(ledger, draft(v=value))
    assert ledger.head().seq == 0


@pytest.mark.parametrize(
    "text", ["", '"', "\\", "\n\u0303", "\x00", "\x7f\u2028", "\u6c14", "\U0001f9ea", "a" * 70000]
)
def test_any_text_survives(ledger: Ledger, draft: Make, text: str) -> None:
    append(ledger, draft(client=text.replace("\0", ""), text=text, **{text: [text]}))
    (event,) = ledger.events()
    assert event.payload == {"text": text, text: [text]}
    assert ledger.verify().ok


def test_the_character_that_a_database_column_cannot_hold_is_refused_there(
    ledger: Ledger, draft: Make
) -> None:
    for misfit in (draft("site/\0"), draft(client="c\0")):
        with pytest.raises(NotCanonicalError, match=r"U\+0000"):
            append(ledger, misfit)
    assert ledger.head().seq == 0
    with ledger.write() as writing:
        writing.append([draft()])
        writing.put("participant", {"id": "a", "status": "x\0y"})
    assert ledger.rows("participant")[0]["status"] == "x\ufffdy"


# Batches


def test_a_batch_commits_at_its_end_and_its_own_thread_sees_it(ledger: Ledger, draft: Make) -> None:
    seen: list[int] = []

    def look() -> None:
        seen.append(ledger.head().seq)
        seen.append(len(list(ledger.events())))

    with ledger.batch():
        append(ledger, draft("site/01", client="c1"))
        append(ledger, draft("site/01"))
        assert ledger.head().seq == 2
        assert ledger.stream_version("site/01") == 2
        assert [e.seq for e in ledger.events(stream="site/01")] == [1, 2]
        assert [e.seq for e in ledger.by_client("c1")] == [1]
        with ledger.write() as writing:
            writing.put("participant", {"id": "01-0001", "site": "01"})
        assert [row["id"] for row in ledger.rows("participant")] == ["01-0001"]
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        append(ledger, draft("site/01"))
    assert seen == [0, 0]
    assert ledger.head().seq == 3
    assert ledger.verify().ok


def test_a_failed_write_in_a_batch_loses_that_write_only(ledger: Ledger, draft: Make) -> None:
    with ledger.batch():
        append(ledger, draft(n=1))
        with pytest.raises(ZeroDivisionError), ledger.write() as writing:  # noqa: PT012
            writing.append([draft(n=2)])
            writing.put("participant", {"id": "01-0001"})
            raise ZeroDivisionError
        append(ledger, draft(n=3))
    assert [e.payload["n"] for e in ledger.events()] == [1, 3]
    assert ledger.rows("participant") == []
    assert ledger.verify().ok


def test_a_failed_batch_is_lost_as_a_whole(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft("site/01", client="c0"))
    with ledger.write() as writing:
        writing.put("participant", {"id": "01-0001", "site": "01", "doses": 3})
        writing.put("participant", {"id": "01-0002", "site": "01"})
    with pytest.raises(ZeroDivisionError), ledger.batch():  # noqa: PT012
        for n in range(1200):
            with ledger.write() as writing:
                writing.append([draft("site/01", client=f"c{n + 1}")])
                writing.add("participant", {"id": "01-0001"}, doses=1)
        with ledger.write() as writing:
            writing.remove("participant", {"id": "01-0002"})
            writing.put("participant", {"id": "01-0003"})
        assert ledger.stream_version("site/01") == 1201
        assert len(ledger.rows("participant")) == 2
        raise ZeroDivisionError
    assert ledger.head().seq == 1
    assert ledger.stream_version("site/01") == 1
    assert [(r["id"], r["doses"]) for r in ledger.rows("participant")] == [
        ("01-0001", 3), ("01-0002", None),
    ]  # fmt: skip
    append(ledger, draft("site/01", client="c1"))
    assert ledger.verify().ok


def test_an_empty_write_and_an_empty_batch_change_nothing(ledger: Ledger, draft: Make) -> None:
    append(ledger, draft())
    before = ledger.head()
    with ledger.write():
        pass
    with ledger.batch():
        pass
    assert ledger.head() == before
    assert ledger.verify().ok


# Projections


def test_projections_change_with_the_events(ledger: Ledger, draft: Make) -> None:
    with ledger.write() as writing:
        writing.append([draft()])
        writing.put("participant", {"id": "01-0001", "site": "01", "status": "screened"})
        writing.add("tally", {"site": "01", "name": "screened"}, n=1)
    with ledger.write() as writing:
        writing.put("participant", {"id": "01-0001", "status": "randomized"})
        writing.add("participant", {"id": "01-0001"}, doses=3)
        writing.add("tally", {"site": "01", "name": "screened"}, n=2)
    assert ledger.rows("participant") == [
        {"id": "01-0001", "site": "01", "status": "randomized", "doses": 3}
    ]
    assert ledger.rows("tally") == [{"site": "01", "name": "screened", "n": 3}]
    with ledger.write() as writing:
        writing.remove("participant", {"id": "01-0001"})
        writing.remove("participant", {"id": "never"})
    assert ledger.rows("participant") == []
    assert ledger.verify().ok, "projections alone need no new signature"


def test_a_row_put_after_it_was_removed_starts_empty(ledger: Ledger) -> None:
    with ledger.write() as writing:
        writing.put("participant", {"id": "a", "site": "01", "doses": 5})
    with ledger.write() as writing:
        writing.remove("participant", {"id": "a"})
        writing.put("participant", {"id": "a", "status": "new"})
    assert ledger.rows("participant") == [{"id": "a", "site": None, "status": "new", "doses": None}]


def test_rows_are_filtered_ordered_and_limited(ledger: Ledger) -> None:
    with ledger.write() as writing:
        for n in range(12):
            writing.put(
                "participant",
                {
                    "id": f"{n:02}",
                    "site": f"0{n % 3}",
                    "status": None if n % 2 else "on",
                    "doses": n,
                },
            )

    def ids(**how: object) -> list[object]:
        return [row["id"] for row in ledger.rows("participant", **how)]  # type: ignore[arg-type]

    assert ids(where={"site": "01"}) == ["01", "04", "07", "10"]
    assert ids(where={"site": ["00", "01"], "status": None}) == ["01", "03", "07", "09"]
    assert ids(where={"site": []}) == []
    assert ids(order="-doses", limit=2) == ["11", "10"]
    assert ids(order=("-site", "doses"), limit=3) == ["02", "05", "08"]
    assert ids(order="status", limit=3) == ["01", "03", "05"], "unknown values come first"
    assert ids(order="-status", limit=2) == ["00", "02"]
    assert ids(limit=0) == []


@pytest.mark.parametrize(
    "misuse",
    [
        lambda w: w.put("nowhere", {"id": "a"}),
        lambda w: w.put("participant", {"site": "01"}),
        lambda w: w.put("participant", {"id": "a", "color": "red"}),
        lambda w: w.put("participant", {"id": "a", "doses": "three"}),
        lambda w: w.put("participant", {"id": "a", "doses": True}),
        lambda w: w.put("participant", {"id": 7}),
        lambda w: w.add("participant", {"id": "a"}, site=1),
        lambda w: w.add("participant", {"id": "a"}, doses="1"),
        lambda w: w.add("participant", {"id": "a"}, color=1),
        lambda w: w.remove("participant", {}),
    ],
)
def test_a_row_that_does_not_fit_its_table_is_refused(ledger: Ledger, misuse: object) -> None:
    with pytest.raises(LedgerError), ledger.write() as writing:
        misuse(writing)  # type: ignore[operator]
    assert ledger.rows("participant") == []


def test_unknown_tables_and_columns_cannot_be_asked_for(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no table"):
        ledger.rows("events")
    with pytest.raises(LedgerError, match="no column"):
        ledger.rows("participant", where={"id = 1 --": "x"})
    with pytest.raises(LedgerError, match="no column"):
        ledger.rows("participant", order="-id; DROP TABLE events")


@pytest.mark.parametrize(
    ("name", "columns", "key"),
    [
        ("events", {"id": "text"}, ("id",)),
        ("Bad Name", {"id": "text"}, ("id",)),
        ("table", {'i"d': "text"}, ('i"d',)),
        ("table", {"id": "text"}, ()),
        ("table", {"id": "text"}, ("no",)),
    ],
)
def test_a_table_that_cannot_be_is_refused(name: str, columns: dict, key: tuple) -> None:
    with pytest.raises(LedgerError):
        Table(name, columns, key)


# Threads, and agreement among stores


def test_sixteen_threads_write_one_whole_chain(ledger: Ledger, draft: Make) -> None:
    def enter(thread: int) -> None:
        for n in range(25):
            with ledger.write() as writing:
                stream = f"participant/{(thread + n) % 5}"
                expected = writing.stream_version(stream) + 1
                (event, _) = writing.append(
                    [draft(stream, client=f"{thread}-{n}"), draft("trial", client=f"{thread}-{n}")]
                )
                assert event.version == expected
                writing.add("tally", {"site": "01", "name": "saved"}, n=1)
            assert len(ledger.by_client(f"{thread}-{n}")) == 2

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(enter, range(16)))
    assert ledger.head().seq == 16 * 25 * 2
    assert ledger.rows("tally")[0]["n"] == 400
    assert ledger.verify().ok


def test_threads_wait_for_a_batch(ledger: Ledger, draft: Make) -> None:
    started = threading.Event()

    def other() -> None:
        started.set()
        append(ledger, draft(who="other"))

    thread = threading.Thread(target=other)
    with ledger.batch():
        thread.start()
        started.wait()
        for n in range(50):
            append(ledger, draft(who="batch", n=n))
    thread.join()
    assert [e.payload["who"] for e in ledger.events()] == ["batch"] * 50 + ["other"]
    assert ledger.verify().ok


def test_all_stores_give_the_same_root_for_the_same_events(
    new_store: NewStore, tmp_path: Path, draft: Make
) -> None:
    roots = set()
    for kind in ("memory", "sqlite", "postgresql"):
        with new_store(kind, tmp_path) as store:
            ledger = Ledger(
                store,
                trial="t1",
                signer=Signer(b"s" * 32),
                head_file=HeadFile(tmp_path / f"head-{kind}"),
            )
            append(ledger, *(draft(f"site/{i % 3}", n=i) for i in range(7)))
            with ledger.batch():
                append(ledger, draft(text="\u6c14"))
                append(ledger, draft(client="c"))
            verified = ledger.verify()
            assert verified.ok
            assert ledger.root() == verified.root
            roots.add((verified.root, verified.head, store.signed_head()))
            ledger.close()
    assert len(roots) == 1
