"""Every page says whether the trial is a rehearsal, training, or live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from equipoise.home import Home
from support.story import SEED_PROTOCOL
from support.web_home import stage

WORDS = {
    "training": "Invented participants only",
    "live": "Live trial",
    "rehearsal": "Virtual day:",
}


@pytest.fixture(params=["training", "live"])
def served_mode(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A home of that mode in the place of the stage's, which comes back afterwards."""
    from equipoise.web import configure

    kept = stage()
    home = Home.create(tmp_path / "home", SEED_PROTOCOL, training=request.param == "training")
    try:
        configure(home)
        yield request.param
    finally:
        configure(kept.home)
        home.close()


@pytest.mark.parametrize("address", ["/record/", "/sign-in/", "/no/such/page/"])
def test_the_mode_stands_on_every_page_before_and_after_sign_in(
    served_mode: str, address: str
) -> None:
    """The shell of all pages says it, also where there is no page."""
    from django.test import Client

    body = Client(SERVER_NAME="localhost").get(address).content.decode()
    for mode, words in WORDS.items():
        assert (words in body) is (mode == served_mode), mode


@pytest.mark.parametrize("address", ["/record/", "/sign-in/", "/today/", "/trust/", "/people/"])
def test_a_rehearsal_says_so_and_claims_nothing_else(address: str) -> None:
    """The band is on every page."""
    body = stage().client("coordinator").get(address).content.decode()
    for mode, words in WORDS.items():
        assert (words in body) is (mode == "rehearsal"), mode
