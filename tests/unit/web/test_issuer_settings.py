"""The setting of an outside issuer: read strictly, without its secret, which stays where it lies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.home import HomeError
from equipoise.home.backup import back_up
from equipoise.web.issuer.settings import read_issuer
from support.web_home import new_home

ROOT = Path(__file__).resolve().parents[3]
MANUAL = (ROOT / "docs" / "how-to" / "sign-in-from-outside.md").read_text(encoding="utf-8")

SOUND: dict[str, Any] = {
    "issuer": "https://sign-in.hospital.example/trials",
    "client_id": "equipoise",
    "client_secret_file": "secret.txt",
    "name": {"en": "Hospital sign-in", "zh-Hans": "医院统一登录"},
}


def written(folder: Path, **changes: Any) -> Path:
    """`oidc.json` with these changes; None leaves a setting out."""
    given = {name: one for name, one in {**SOUND, **changes}.items() if one is not None}
    (folder / "oidc.json").write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
    return folder


def test_without_the_file_there_is_no_issuer(tmp_path: Path) -> None:
    assert read_issuer(tmp_path) is None


def test_what_is_written_is_read_and_the_secret_is_not_part_of_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a word nobody knows\n")
    secret.chmod(0o640)
    found = read_issuer(written(tmp_path, second_factor_amr=["mfa"], second_factor_acr=["gold"]))
    assert found is not None
    assert found.issuer == SOUND["issuer"]
    assert found.name.in_language("zh-Hans") == "医院统一登录"
    assert (found.second_factor_amr, found.second_factor_acr) == ({"mfa"}, ("gold",))
    assert "a word nobody knows" not in repr(found)
    assert found.secret() == "a word nobody knows"
    secret.write_text("another one")
    assert found.secret() == "another one", "a secret renewed there is used at once"


def test_the_secret_may_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, client_secret_file=None, client_secret_env="EQUIPOISE_TEST_SECRET")
    found = read_issuer(tmp_path)
    assert found is not None
    with pytest.raises(HomeError, match="EQUIPOISE_TEST_SECRET: holds no client secret"):
        found.secret()
    monkeypatch.setenv("EQUIPOISE_TEST_SECRET", "from outside")
    assert found.secret() == "from outside"


@pytest.mark.parametrize(
    ("content", "mode", "word"),
    [
        (None, 0o600, "cannot be read"),
        (b"", 0o600, "holds no client secret"),
        (b"two\nlines", 0o600, "holds no client secret"),
        (b"x" * 5000, 0o600, "holds no client secret"),
        (b"\xff\xfe", 0o600, "is not text"),
        (b"sound", 0o644, "chmod 640"),
    ],
)
def test_a_secret_that_cannot_be_one_or_that_all_may_read_is_refused_without_showing_it(
    tmp_path: Path, content: bytes | None, mode: int, word: str
) -> None:
    secret = tmp_path / "secret.txt"
    if content is not None:
        secret.write_bytes(content)
        secret.chmod(mode)
    found = read_issuer(written(tmp_path))
    assert found is not None
    with pytest.raises(HomeError, match=word) as refused:
        found.secret()
    assert str(secret) in str(refused.value)
    assert "sound" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"issuer": None}, "holds a JSON object"),
        ({"client_id": None}, "holds a JSON object"),
        ({"name": None}, "holds a JSON object"),
        ({"client_secret": "in the clear"}, "holds a JSON object"),
        ({"issuer": "http://sign-in.hospital.example"}, "must begin with https"),
        ({"issuer": "sign-in.hospital.example"}, "give an address"),
        ({"issuer": "https://"}, "give an address"),
        ({"issuer": "https://a.example/#b"}, "give an address"),
        ({"issuer": "https://user@a.example/"}, "give an address"),
        ({"issuer": "https://a.example:port/"}, "give an address"),
        ({"issuer": "https://a.example/?tenant=b"}, "without a query"),
        ({"issuer": "https://医院.example/"}, "in ASCII"),
        ({"issuer": 5}, "1 to 500 printable"),
        ({"client_id": ""}, "1 to 500 printable"),
        ({"client_secret_file": None}, "and only one"),
        ({"client_secret_env": "SECRET"}, "and only one"),
        ({"name": {"zh-Hans": "医院"}}, "the 'en' text is missing"),
        ({"name": {"en": "Hospital", "fr": "Hôpital"}}, "unknown language"),
        ({"name": "x" * 61}, "longer than 60"),
        ({"name": 5}, "it is no text"),
        ({"second_factor_amr": "mfa"}, "a list of words"),
        ({"second_factor_amr": [""]}, "a list of words"),
        ({"second_factor_acr": ["two words"]}, "a list of words"),
        ({"ca_file": "missing.pem"}, "there is no such file"),
        ({"client_authentication": ""}, "client_secret_basic or client_secret_post"),
        ({"client_authentication": "private_key_jwt"}, "client_secret_basic or client_secret_post"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_meant_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], word: str
) -> None:
    written(tmp_path, **changes)
    with pytest.raises(HomeError, match=word) as refused:
        read_issuer(tmp_path)
    assert "oidc.json" in str(refused.value)
    assert "in the clear" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"', "[" * 100_000])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "oidc.json").write_text(text)
    with pytest.raises(HomeError, match=r"oidc\.json"):
        read_issuer(tmp_path)


def test_plain_http_is_for_this_machine_only(tmp_path: Path) -> None:
    for address in ("http://127.0.0.1:9000/x", "http://localhost", "http://[::1]:9000"):
        assert read_issuer(written(tmp_path, issuer=address)) is not None
    for address in ("http://127.0.0.1.evil.example", "http://10.0.0.1", "http://0.0.0.0"):
        with pytest.raises(HomeError):
            read_issuer(written(tmp_path, issuer=address))


def test_a_server_whose_secret_is_missing_does_not_start_and_a_backup_holds_the_setting_alone(
    tmp_path: Path,
) -> None:
    home = new_home(tmp_path / "home")
    written(home.path)
    home.close()
    stopped = CliRunner().invoke(main, ["serve", "--home", str(home.path)])
    assert stopped.exit_code != 0
    assert "secret.txt: cannot be read" in stopped.output
    (home.path / "secret.txt").write_text("a word nobody knows")
    made = back_up(home, tmp_path / "backups")
    home.close()
    assert json.loads((made.path / "oidc.json").read_text()) == SOUND
    kept = b"".join(one.read_bytes() for one in made.path.rglob("*") if one.is_file())
    assert b"a word nobody knows" not in kept


def test_the_manuals_own_example_is_taken_as_it_stands(tmp_path: Path) -> None:
    example = json.loads(re.search(r"```json\n(.+?)```", MANUAL, re.S)[1])  # type: ignore[index]
    authority = tmp_path / "root.pem"
    authority.write_text("")
    found = read_issuer(written(tmp_path, **{**example, "ca_file": str(authority)}))
    assert found is not None
    assert str(found.secret_file) == example["client_secret_file"]
    table = set(re.findall(r"`(\w+)`", MANUAL.split("| setting | meaning |")[1].split("\n\n")[0]))
    assert set(example) <= table


def test_every_word_that_the_log_may_say_of_an_issuer_stands_in_the_manual() -> None:
    """And no other: an administrator looks it up there."""
    source = "".join(
        file.read_text(encoding="utf-8")
        for file in (ROOT / "src" / "equipoise" / "web" / "issuer").glob("*.py")
    )
    said = set(re.findall(r'(?:NotAcceptedError|IssuerUnavailableError)\("([a-z-]+)"\)', source))
    said |= set(re.findall(r'jwt\.\w+: "([a-z-]+)"', source))
    said |= {"tls", "no-answer", "token-form"}  # chosen where they are raised
    assert all(f'"{word}"' in source for word in said)
    table = MANUAL.split("| word | what to look at |")[1].split("\n\n")[0]
    told = {
        word
        for row in table.splitlines()[2:]
        for word in re.findall(r"`([a-z-]+)`", row.split("|")[1])
    }
    assert told == said
