"""The data of an archive as tables that any program reads: CSV, one row a thing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from equipoise.conduct.state import Captured, ParticipantState
from equipoise.ledger.envelope import Event
from equipoise.protocol.document import Protocol
from equipoise.quantity.cells import harmless

SEALED = "[sealed]"
"""Stands for a free text that was not to be archived in clear."""
Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its file name without ending, what it holds in English and Chinese, its columns and rows."""

    name: str
    about: str
    about_zh: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def text(self) -> str:
        """The table as CSV (RFC 4180), every cell `harmless`."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows(
            [harmless("" if cell is None else str(cell)) for cell in row] for row in self.rows
        )
        return out.getvalue()


def tables(
    protocol: Protocol,
    states: Sequence[ParticipantState],
    trail: Iterable[Event],
    *,
    texts: bool,
    unblinded: bool,
) -> list[Table]:
    """Every table. Identifying values stand in none; of participants who withdrew the use of their data only
    what became of them is told."""
    maker = _Maker(protocol, [one for one in states if not one.data_use_withdrawn], texts)
    return [
        _participants(states, unblinded),
        maker.values(),
        maker.diary(),
        maker.doses(),
        maker.adverse_events(),
        maker.queries(),
        maker.deviations(),
        maker.supply(),
        _events(trail),
        _items(protocol),
        _codes(protocol),
    ]


def _participants(states: Sequence[ParticipantState], unblinded: bool) -> Table:
    factors = sorted({factor for state in states for factor in state.strata_used})
    rows = []
    for state in states:
        consent, left = state.consent, state.withdrawals[-1] if state.withdrawals else None
        row: list[Cell] = [
            state.id, state.site, state.status, _day(state.screened_on),
            consent.version if consent else None, _day(consent.signed_on) if consent else None,
            _day(state.randomized_on), state.randomization_number, _day(state.completed_on),
            left.scope if left else None, _day(left.on) if left else None,
            *(state.strata_used.get(factor) for factor in factors),
        ]  # fmt: skip
        rows.append(tuple(row + ([state.arm] if unblinded else [])))
    columns = (
        "participant", "site", "status", "screened_on", "consent_version", "consented_on",
        "randomized_on", "randomization_number", "completed_on", "withdrawn_from", "withdrawn_on",
        *(f"stratum_{factor}" for factor in factors), *(("arm",) if unblinded else ()),
    )  # fmt: skip
    return Table(
        "participants",
        "Everybody on the screening log, and how far they came.",
        "筛选日志上的所有受试者及其进展。",
        columns,
        tuple(rows),
    )


class _Maker:
    """The tables of what was recorded about participants."""

    def __init__(self, protocol: Protocol, states: Sequence[ParticipantState], texts: bool) -> None:
        self._protocol, self._states, self._texts = protocol, states, texts

    def _free(self, text: str) -> str:
        return text if self._texts or not text else SEALED

    def _captured(
        self, state: ParticipantState, values: Mapping[str, Captured]
    ) -> Iterator[tuple[Cell, ...]]:
        known = state.protocol.item_by_id
        for name, captured in values.items():
            value, item = captured.value, known.get(name)
            kind = item.type if item is not None else "identity"
            if kind == "identity":
                continue
            raw, content = value.raw, value.value
            if kind == "text":
                raw, content = self._free(raw), self._free(content or "")
            stamp = captured.stamp
            yield (
                name, content, value.unit, value.code, value.precision, raw, stamp.actor, stamp.at,
                stamp.seq,
            )  # fmt: skip

    def values(self) -> Table:
        """What the forms say now; earlier values are in the ledger."""
        rows = [
            (state.id, *address, _day(form.performed_on), *cells)
            for state in self._states
            for address, form in state.forms.items()
            for cells in self._captured(state, form.values)
        ]
        return Table(
            "values",
            "Every value of every form as it stands; what it was before is in the ledger.",
            "各表单当前的全部数值；更早的数值见账本。",
            ("participant", "visit", "form", "repeat", "performed_on", *_VALUE),
            tuple(rows),
        )

    def diary(self) -> Table:
        """What the diaries say."""
        rows = [
            (state.id, diary, _day(day), int(entry.assisted), *cells)
            for state in self._states
            for (diary, day), entry in state.diary.items()
            for cells in self._captured(state, entry.values)
        ]
        return Table(
            "diary",
            "Every value of the diaries; assisted is 1 where staff wrote it down.",
            "日记的全部数值；assisted 为 1 表示由工作人员代记。",
            ("participant", "diary", "day", "assisted", *_VALUE),
            tuple(rows),
        )

    def doses(self) -> Table:
        """Doses recorded one by one."""
        rows = [
            (state.id, name, _day(day), occasion, int(taken))
            for state in self._states
            for (name, day, occasion), taken in state.doses.items()
        ]
        return Table(
            "doses", "Doses taken (1) and not taken (0).", "已用（1）与未用（0）的剂次。",
            ("participant", "intervention", "day", "occasion", "taken"), tuple(rows),
        )  # fmt: skip

    def adverse_events(self) -> Table:
        """Adverse events as known now."""
        rows = [
            (
                state.id, event.number, event.term, self._free(event.verbatim), event.grade,
                event.scale, _day(event.started_on), _day(event.ended_on),
                " ".join(event.seriousness), event.outcome, event.action,
                " ".join(f"{name}={judged}" for name, judged in event.causality.items()),
                self._free(event.narrative), event.reported.actor, event.reported.at,
                event.reported.seq,
            )
            for state in self._states
            for event in state.adverse_events.values()
        ]  # fmt: skip
        return Table(
            "adverse_events", "Adverse events as known at the end of the ledger.",
            "截至账本末尾所知的不良事件。",
            (
                "participant", "number", "term", "verbatim", "grade", "scale", "started_on",
                "ended_on", "seriousness", "outcome", "action", "causality", "narrative",
                "reported_by", "reported_at", "seq",
            ),
            tuple(rows),
        )  # fmt: skip

    def queries(self) -> Table:
        """Questions about data."""
        rows = [
            (
                state.id, query.number, *query.address, query.item, query.check,
                self._free(query.text), query.status, self._free(query.answer),
                query.raised.actor, query.raised.at, query.raised.seq,
            )
            for state in self._states
            for query in state.queries.values()
        ]  # fmt: skip
        return Table(
            "queries", "Questions about data, and their answers.", "数据质疑及其答复。",
            (
                "participant", "number", "visit", "form", "repeat", "item", "check", "text",
                "status", "answer", "raised_by", "raised_at", "seq",
            ),
            tuple(rows),
        )  # fmt: skip

    def deviations(self) -> Table:
        """Departures from the protocol."""
        rows = [
            (
                state.id, one.kind, one.severity, _day(one.occurred_on),
                self._free(one.text) if one.quotes else one.text, int(one.automatic),
                one.stamp.actor, one.stamp.at, one.stamp.seq,
            )
            for state in self._states
            for one in state.deviations
        ]  # fmt: skip
        return Table(
            "deviations", "Departures from the protocol.", "方案偏离。",
            (
                "participant", "kind", "severity", "occurred_on", "text", "automatic",
                "logged_by", "logged_at", "seq",
            ),
            tuple(rows),
        )  # fmt: skip

    def supply(self) -> Table:
        """Units handed out and taken back."""
        rows = [
            (
                state.id, name, one.ordered, one.dispensed, one.returned_unused, one.returned_used,
            )
            for state in self._states
            for name, one in state.supply.items()
        ]  # fmt: skip
        return Table(
            "supply", "Units of each product by what became of them.", "各产品单位的去向。",
            (
                "participant", "intervention", "ordered", "dispensed", "returned_unused",
                "returned_used",
            ),
            tuple(rows),
        )  # fmt: skip


_VALUE = ("item", "value", "unit", "code", "precision", "typed", "entered_by", "entered_at", "seq")


def _events(trail: Iterable[Event]) -> Table:
    rows = [
        (
            one.seq, one.server_time, one.type, one.stream, one.version, one.site, one.actor,
            one.role, one.device_time, one.protocol,
        )
        for one in trail
    ]  # fmt: skip
    return Table(
        "events",
        "The audit trail: who did what and when; the content of each event is in the ledger.",
        "稽查轨迹：何人何时做了何事；各事件内容见账本。",
        (
            "seq", "server_time", "type", "stream", "version", "site", "actor", "role",
            "device_time", "protocol",
        ),
        tuple(rows),
    )  # fmt: skip


def _items(protocol: Protocol) -> Table:
    rows = [
        (
            item.id, item.type, item.unit, item.codelist,
            item.label.in_language("en"), item.label.in_language("zh-Hans"),
        )
        for item in protocol.items
    ]  # fmt: skip
    return Table(
        "items", "The data dictionary: what each item is.", "数据字典：各数据项的含义。",
        ("item", "type", "unit", "codelist", "label_en", "label_zh"), tuple(rows),
    )  # fmt: skip


def _codes(protocol: Protocol) -> Table:
    rows = [
        (
            codelist.id, code.code, code.label.in_language("en"),
            code.label.in_language("zh-Hans"),
        )
        for codelist in protocol.codelists
        for code in codelist.codes
    ]  # fmt: skip
    return Table(
        "codes", "The codelists: what each code says.", "代码表：各代码的含义。",
        ("codelist", "code", "label_en", "label_zh"), tuple(rows),
    )  # fmt: skip


def _day(day: object) -> str | None:
    return None if day is None else str(day)
