"""What is reported as impossible is impossible: no participant anyone can make up is a counterexample."""

from __future__ import annotations

import os
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.protocol.checks import check_structure
from equipoise.protocol.document import SCHEMA, Protocol
from equipoise.protocol.expression import Datum, compile_expression

DEEP = 20 if os.environ.get("EQUIPOISE_DEEP") else 1

LIMITS = st.sampled_from(["0", "1", "2.5", "4", "50", "100", "150"])
SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])

tests = st.one_of(
    st.builds("platelets {} {} '10*9/L'".format, SIGNS, LIMITS),
    st.builds("platelets {} {} '/mL'".format, SIGNS, st.just("100000000")),
    st.builds("grade {} {}".format, SIGNS, st.sampled_from(["0", "1", "2", "4"])),
    st.builds("grade in ({})".format, st.sampled_from(["'0'", "0, 1", "'3', '4'"])),
    st.builds("pain {} {}".format, SIGNS, st.sampled_from(["-1", "0", "2.5", "5", "10"])),
    st.builds("alt {} {} * uln(alt)".format, SIGNS, st.sampled_from(["1", "2.5", "3"])),
    st.sampled_from(["pregnant", "pregnant == false", "known(grade)", "alt <= uln(alt)"]),
)
conditions = st.recursive(
    tests,
    lambda below: st.one_of(
        below.map("not ({})".format),
        st.builds("({}) and ({})".format, below, below),
        st.builds("({}) or ({})".format, below, below),
    ),
    max_leaves=4,
)
participants = st.fixed_dictionaries(
    {
        "platelets": st.decimals(0, 200, places=1),
        "grade": st.sampled_from("01234"),
        "pain": st.integers(0, 10).map(Decimal),
        "alt": st.decimals(0, 200, places=0),
        "upper alt": st.decimals(30, 60, places=0),
        "pregnant": st.booleans(),
    }
)


class Bed:
    def __init__(self, values: dict[str, Decimal | str | bool]) -> None:
        self.values = values

    def value(self, name: str) -> Datum:
        return Datum(self.values[name])

    def reference(self, item: str, bound: str) -> Datum:
        return Datum(self.values[f"{bound} {item}"])


def protocol_with(criteria: list[tuple[str, str]]) -> Protocol:
    return Protocol.model_validate(
        {
            "schema": SCHEMA,
            "id": "reach",
            "readiness": "draft",
            "identity": {"titles": {"brief": "Reach"}},
            "codelists": [
                {"id": "grades", "label": "G", "codes": [{"code": c, "label": c} for c in "01234"]}
            ],
            "items": [
                {"id": "platelets", "label": "P", "type": "decimal", "unit": "10*9/L",
                 "minimum": 0, "maximum": 200},
                {"id": "grade", "label": "G", "type": "code", "codelist": "grades"},
                {"id": "pain", "label": "P", "type": "integer", "minimum": 0, "maximum": 10},
                {"id": "alt", "label": "A", "type": "decimal", "unit": "U/L", "minimum": 0,
                 "laboratory": True},
                {"id": "pregnant", "label": "P", "type": "boolean"},
            ],
            "eligibility": {
                "criteria": [
                    {"id": f"c{index}", "kind": kind, "text": text, "met_when": text}
                    for index, (kind, text) in enumerate(criteria)
                ]
            },
        }
    )  # fmt: skip


kinds = st.sampled_from(["inclusion", "exclusion"])


@given(
    st.lists(st.tuples(kinds, conditions), min_size=1, max_size=3),
    st.lists(participants, min_size=10, max_size=10),
)
@settings(max_examples=40 * DEEP, deadline=None)
def test_nobody_passes_what_is_reported_as_impossible(
    criteria: list[tuple[str, str]], people: list[dict[str, Decimal | str | bool]]
) -> None:
    protocol = protocol_with(criteria)
    findings = check_structure(protocol)
    passes = [
        [
            (compile_expression(text, protocol).evaluate(Bed(person)).value is True)
            == (kind == "inclusion")
            for kind, text in criteria
        ]
        for person in people
    ]
    for finding in findings:
        if not finding.code.startswith(("criterion-", "criteria-")):
            continue
        named = [int(name[1:]) for name in finding.id.partition("/")[2].split("+")]
        if finding.code in ("criterion-never-passed", "criteria-contradict"):
            assert not any(all(person[index] for index in named) for person in passes)
        if finding.code == "criterion-without-effect":
            assert all(person[named[0]] for person in passes)


@given(kinds, st.sampled_from(["platelets", "pain"]), st.integers(0, 10), st.integers(0, 10))
@settings(max_examples=40 * DEEP, deadline=None)
def test_an_interval_is_reported_empty_exactly_when_it_is(
    kind: str, item: str, low: int, high: int
) -> None:
    mark = " '10*9/L'" if item == "platelets" else ""
    inside = f"{item} > {low}{mark} and {item} < {high}{mark}"
    empty = (high - low < 2) if item == "pain" else (low >= high)
    codes = {finding.code for finding in check_structure(protocol_with([(kind, inside)]))}
    expected = "criterion-never-passed" if kind == "inclusion" else "criterion-without-effect"
    assert (expected in codes) == empty
