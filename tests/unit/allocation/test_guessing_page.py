"""The figures the manual prints of how well a scheme can be guessed are those the code computes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from equipoise.allocation.guessing import guessing_probability
from equipoise.allocation.scheme import scheme_of
from equipoise.protocol.document import Randomization

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "randomization.md"
ROWS = re.findall(r"^\| `(\{type.+?\})` \| ([\d:]+) \| (.+?) \|$", PAGE.read_text("utf-8"), re.M)


def test_every_type_of_scheme_stands_in_the_table() -> None:
    types = {yaml.safe_load(scheme)["type"] for scheme, _, _ in ROWS}
    assert types == {"simple", "permuted_blocks", "biased_coin", "urn", "minimization"}


@pytest.mark.parametrize(("scheme", "ratio", "printed"), ROWS)
def test_the_printed_figure_is_computed(scheme: str, ratio: str, printed: str) -> None:
    fields = yaml.load(scheme, Loader=yaml.BaseLoader)
    if "sizes" in fields:
        fields["sizes"] = [int(size) for size in fields["sizes"]]
    for name in ("alpha", "beta"):
        if name in fields:
            fields[name] = int(fields[name])
    declared = Randomization.model_validate(
        {
            "ratio": {f"arm{n}": int(share) for n, share in enumerate(ratio.split(":"))},
            "scheme": fields,
            "strata": [{"id": "site", "source": "site", "levels": ["01", "02"]}],
        }
    )
    guessing = guessing_probability(scheme_of(declared), 100)
    said = f"{float(guessing.proportion) * 100:.1f} %"
    assert printed == (f"at most {said}" if guessing.bound else said)
