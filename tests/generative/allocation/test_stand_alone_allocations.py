"""A second program, of the standard library alone, gives every allocation that the product gives."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.allocation.commitment import commitment_hash
from equipoise.allocation.rules import PermutedBlocks
from equipoise.allocation.scheme import Scheme
from equipoise.keeper.reveal import Allocated, Reveal, allocated_arms, uniforms_of
from support.schemes import any_scheme, named, people, scheme_for

TOOL = Path(__file__).resolve().parents[3] / "tools" / "verify_allocations.py"
EXAMPLES = 3000 if os.environ.get("EQUIPOISE_DEEP") else 150


def stand_alone() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_allocations", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOLS = stand_alone()
sources = st.one_of(
    st.tuples(st.binary(min_size=32, max_size=32).map(bytes.hex), st.just("hmac-sha256")),
    st.tuples(
        st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 10**6)).map("{0[0]}:{0[1]}".format),
        st.just("philox"),
    ),
)


def revealed(scheme: Scheme, group: list[tuple[str, str]], source: tuple[str, str]) -> Reveal:
    strata = named(group)
    arms = allocated_arms(scheme, uniforms_of(*source), strata)
    allocations = tuple(
        Allocated(n, f"t/{n}", one, arm)
        for n, (one, arm) in enumerate(zip(strata, arms, strict=True), 1)
    )
    return Reveal(*source, scheme.as_document(), allocations)


@settings(max_examples=EXAMPLES, deadline=None)
@given(scheme=any_scheme(), group=people, source=sources)
def test_both_programs_give_the_same_arms_and_the_same_commitment(
    scheme: Scheme, group: list[tuple[str, str]], source: tuple[str, str]
) -> None:
    reveal = revealed(scheme, group, source)
    document = json.loads(json.dumps(reveal.as_document()))
    assert TOOLS.arms_of(document) == [one.arm for one in reveal.allocations]
    assert TOOLS.commitment(document) == reveal.commitment
    assert reveal.commitment == commitment_hash(*source, scheme.as_document())


def test_the_program_runs_alone_and_names_a_changed_arm(tmp_path: Path) -> None:
    """Without the product on its path (`-I -S`)."""
    scheme = scheme_for(PermutedBlocks((2, 4)), (1, 1))
    document = revealed(scheme, [("01", "male")] * 9, ("ab" * 32, "hmac-sha256")).as_document()
    file = tmp_path / "reveal.json"

    def run() -> subprocess.CompletedProcess[str]:
        file.write_text(json.dumps(document))
        command = [sys.executable, "-I", "-S", str(TOOL), str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run().returncode == 0
    assert "9 allocations as given" in run().stdout
    changed = document["allocations"][4]
    changed["arm"] = "b" if changed["arm"] == "a" else "a"
    assert run().returncode == 1
    assert "allocation 5" in run().stdout
