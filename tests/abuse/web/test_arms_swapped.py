"""In the double-blind trial, nobody who is masked sees anything change when the arms are swapped.

The same trial is lived through twice, to the second; behind the keeper every arm of the second time is
another one. Every page in both languages, what a randomization answers, the number of SQL statements,
headers, logs and file sizes must be the same for every masked role.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.played import second_protocol

MASKED = [grant.role for grant in second_protocol().roles if not grant.sees_allocation]
MASKED = [role for role in MASKED if role != "participant"]
SEEING = [grant.role for grant in second_protocol().roles if grant.sees_allocation]

OPENED = (
    *("/participants/11-0002/", "/participants/11-0003/"),
    *("/api/v1/participants/11-0002", "/api/v1/participants/11-0003"),
)
"""The pages of those whom the investigator unblinds, on a page and by a command."""
UNBLINDED = ("11-0002", "11-0003")
TRAIL = "/trail/"
"""The audit trail of everybody: it tells the investigator these two arms, each in a line of its own."""


def _about_the_others(body: str) -> str:
    lines = body.splitlines()
    return "\n".join(line for line in lines if not any(number in line for number in UNBLINDED))


pytestmark = [pytest.mark.xdist_group("arms-swapped"), pytest.mark.thorough]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What is answered with the arms as drawn, and with every arm another one."""
    tests = str(Path(__file__).parents[2])
    running = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "support.masked_story"),
                *(str(tmp_path_factory.mktemp(f"swapped{steps}")), str(steps)),
            ],
            env={**os.environ, "PYTHONPATH": tests, "PYTHONHASHSEED": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for steps in (0, 1)
    ]
    answers = []
    for process in running:
        printed, errors = process.communicate()
        assert process.returncode == 0, errors[-3000:]
        answers.append(json.loads(printed))
    return answers


def test_the_arms_are_swapped_and_those_who_may_see_them_see_it(told: list[dict[str, Any]]) -> None:
    drawn, swapped = told
    assert all(one != other for one, other in zip(drawn["arms"], swapped["arms"], strict=True))
    assert set(SEEING) == {"pharmacist", "dsmb"}
    for role in SEEING:
        assert drawn["roles"][role] != swapped["roles"][role]


@pytest.mark.parametrize("role", MASKED)
def test_a_masked_role_gets_the_same_bytes_by_the_same_number_of_statements(
    told: list[dict[str, Any]], role: str
) -> None:
    drawn, swapped = (one["roles"][role] for one in told)
    assert set(drawn) == set(swapped)
    assert len(drawn) > 20
    assert not [address for address, page in drawn.items() if page["status"] >= 500]
    # the investigator unblinded two participants, and is shown their arms alone
    open_to = OPENED if role == "investigator" else ()
    leaking = [
        (address, what)
        for address in drawn
        if not address.split(" ")[1].startswith(open_to or ("-",))
        for what in ("status", "headers", "statements", "body")
        if drawn[address][what] != swapped[address][what]
        and not (open_to and what == "body" and _only_the_unblinded(address, drawn, swapped))
    ]
    assert leaking == []


def _only_the_unblinded(address: str, drawn: dict[str, Any], swapped: dict[str, Any]) -> bool:
    """Whether what differs is told of nobody but those whom the investigator unblinded."""
    if not address.split(" ")[1].startswith(TRAIL):
        return False
    one, other = (_about_the_others(told[address]["body"]) for told in (drawn, swapped))
    return "11-0001" in one and one == other


def test_whoever_unblinded_a_participant_is_shown_that_arm_and_no_other(
    told: list[dict[str, Any]],
) -> None:
    drawn, swapped = (one["roles"]["investigator"] for one in told)
    assert drawn["en /participants/11-0003/"] != swapped["en /participants/11-0003/"]
    for role in set(MASKED) - {"investigator"}:
        for one in told:
            page = one["roles"][role].get("en /participants/11-0003/")
            assert page is None or 'class="mark arm"' not in page["body"]


def test_unblinding_takes_two_steps_a_reason_the_number_and_the_password(
    told: list[dict[str, Any]],
) -> None:
    """Nothing typed; why alone; a wrong password; another's number; and then it is done."""
    for one in told:
        assert one["unblinding"]["answers"] == [[422, 0], [200, 0], [422, 0], [422, 0], [302, 1]]
    drawn, swapped = (one["unblinding"]["asked"] for one in told)
    assert drawn == swapped
    assert "Collapsed at home." in drawn


def test_monitor_and_sponsor_are_told_of_an_unblinding(told: list[dict[str, Any]]) -> None:
    for role in ("monitor", "sponsor"):
        page = told[0]["roles"][role]["en /safety/"]["body"]
        assert "Collapsed at home." in page
        assert "Fell down." in page


def test_a_masked_participants_copy_of_their_data_tells_nothing_even_of_who_was_unblinded(
    told: list[dict[str, Any]],
) -> None:
    drawn, swapped = (one["copies"] for one in told)
    assert len(drawn) >= 10
    assert drawn == swapped
    assert all("11-000" in copy for copy in drawn.values())
    assert all("not told while masked" in copy or "盲态期间不写" in copy for copy in drawn.values())


def test_randomizing_logs_and_files_tell_nothing(told: list[dict[str, Any]]) -> None:
    drawn, swapped = told
    assert drawn["randomizing"]["status"] == 200
    for what in ("randomizing", "log", "sizes"):
        assert drawn[what] == swapped[what], what


@pytest.mark.parametrize("role", MASKED)
def test_no_page_of_a_masked_role_names_an_arm_beside_a_participant(
    told: list[dict[str, Any]], role: str
) -> None:
    """The arms' names stand on the pages about the protocol and on the dummy results only."""
    labels = [arm.label.en for arm in second_protocol().arms if arm.label.en != "Placebo"]
    for address, page in told[0]["roles"][role].items():
        about = address.split(" ")[1]
        unblinded = role == "investigator" and about.startswith(OPENED)
        if about.startswith("/participants/") and not unblinded:
            assert not [label for label in labels if label in page["body"]], address
