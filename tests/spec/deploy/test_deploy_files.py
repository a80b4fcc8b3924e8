"""What ships for deployment is what the program takes: units, proxy, image, roles, and a bundle without a network."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
import tarfile
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.main import get_command

from equipoise.cli import main
from equipoise.ledger.postgres import drop_schema, prepare_schema
from support.postgres import server_url

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service")) + sorted(DEPLOY.glob("*.timer"))


def settings(unit: Path) -> dict[str, dict[str, list[str]]]:
    """A unit's sections with each key's values, in order. An error for a line that is none."""
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] | None = None
    for line in unit.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
            continue
        key, equals, value = line.partition("=")
        assert equals, f"{unit.name}: {line}"
        assert key.isalpha(), f"{unit.name}: {line}"
        assert section is not None
        section.setdefault(key, []).append(value)
    return sections


def taken(words: list[str]) -> None:
    """The program takes these words: the command is there, and every option, with its value."""
    command: Any = get_command(main)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), words
    context = command.make_context(command.name, words, resilient_parsing=True)
    unknown = [word for word in words if word.startswith("--")]
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    assert set(unknown) <= options, set(unknown) - options
    assert not context.args


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_one_and_starts_what_there_is(unit: Path) -> None:
    found = settings(unit)
    assert set(found) <= {"Unit", "Service", "Timer", "Install"}
    for line in found.get("Service", {}).get("ExecStart", []):
        program, *words = shlex.split(line)
        assert program == "/opt/equipoise/bin/equipoise"
        taken(words)
    if unit.suffix == ".timer":
        assert unit.with_suffix(".service") in UNITS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_itself_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    """Where systemd's own checker is there it is asked; elsewhere its keys are held to those it has."""
    for other in UNITS:
        text = other.read_text(encoding="utf-8")
        text = text.replace("/opt/equipoise/bin/equipoise", "/bin/true")
        (tmp_path / other.name).write_text(text, encoding="utf-8")
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        known = {key for other in UNITS for section in settings(other).values() for key in section}
        assert all(key in KEYS for key in known), known - KEYS
        return
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", str(tmp_path / unit.name)],
        capture_output=True, text=True,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if unit.name in line]
    assert not said, done.stderr


KEYS = frozenset(
    [
        "Description",
        "Documentation",
        "After",
        "Before",
        "Wants",
        "Type",
        "User",
        "Group",
        "UMask",
        "ExecStart",
        "KillSignal",
        "TimeoutStopSec",
        "Restart",
        "RestartSec",
        "StateDirectory",
        "StateDirectoryMode",
        "RuntimeDirectory",
        "RuntimeDirectoryMode",
        "SupplementaryGroups",
        "NoNewPrivileges",
        "ProtectSystem",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "PrivateNetwork",
        "ProtectClock",
        "ProtectHostname",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "ProtectControlGroups",
        "ProtectProc",
        "RestrictAddressFamilies",
        "RestrictNamespaces",
        "RestrictRealtime",
        "RestrictSUIDSGID",
        "LockPersonality",
        "CapabilityBoundingSet",
        "AmbientCapabilities",
        "SystemCallArchitectures",
        "SystemCallFilter",
        "SystemCallErrorNumber",
        "LimitCORE",
        "WantedBy",
        "ReadWritePaths",
        "OnCalendar",
        "RandomizedDelaySec",
        "Persistent",
    ]
)


def test_the_services_keep_their_files_to_themselves_and_the_keeper_is_somebody_else() -> None:
    web, keeper = (
        settings(DEPLOY / f"{name}.service")["Service"]
        for name in ("equipoise", "equipoise-keeper")
    )
    for unit in (web, keeper):
        assert unit["UMask"] == ["0077"]
        assert unit["StateDirectoryMode"] == ["0700"]
        for key in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
            assert unit[key] == ["yes"], key
        assert unit["ProtectSystem"] == ["strict"]
        assert unit["CapabilityBoundingSet"] == [""]
        assert unit["LimitCORE"] == ["0"], "a core file would hold keys"
    assert web["User"] != keeper["User"]
    assert keeper["PrivateNetwork"] == ["yes"]
    assert keeper["RestrictAddressFamilies"] == ["AF_UNIX"]


def blocks(text: str) -> list[str]:
    """nginx's directives, each with the blocks it stands in; an error where braces do not match."""
    text = re.sub(r"#[^\n]*", "", text)
    found, inside, word = [], list[str](), ""
    for sign in text:
        if sign == "{":
            inside.append(" ".join(word.split()))
            word = ""
        elif sign == "}":
            assert not word.strip(), word
            inside.pop()
        elif sign == ";":
            found.append(" > ".join([*inside, " ".join(word.split())]))
            word = ""
        else:
            word += sign
    assert not inside
    assert not word.strip()
    return found


def test_the_proxy_passes_on_what_the_server_believes() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    found = blocks(text)
    root = "server > location / > "
    assert f"{root}proxy_set_header X-Forwarded-For $remote_addr" in found
    assert f"{root}proxy_set_header Host $host" in found
    assert "server > access_log off" in found, "addresses name participants and invitations"
    assert "server > ssl_protocols TLSv1.2 TLSv1.3" in found
    assert "server > return 301 https://$host$request_uri" in found
    # a form sent to one process is not sent to another
    assert not any("non_idempotent" in one for one in found)
    unit = settings(DEPLOY / "equipoise.service")["Service"]["ExecStart"][0]
    port = re.search(r"--port (\d+)", unit)
    name = re.search(r"--name (\S+)", unit)
    assert port is not None
    assert name is not None
    assert any(f"127.0.0.1:{port[1]}" in one for one in found)
    assert f"server > server_name {name[1]}" in found
    assert "--behind-proxy" in unit


def test_the_image_runs_as_nobody_in_particular_and_asks_itself_how_it_is() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    words = [line.split()[0] for line in lines]
    assert set(words) <= {
        "ARG", "FROM", "RUN", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL",
        "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    assert words.index("USER") > words.index("RUN")
    assert "USER 10001" in lines
    assert ":latest" not in text
    assert "/health" in next(line for line in lines if line.startswith("HEALTHCHECK"))
    start = next(line for line in lines if line.startswith("CMD"))
    taken(re.findall(r'"([^"]*)"', start))
    assert "STOPSIGNAL SIGINT" in lines


def test_postgresql_roles_are_what_the_guide_says() -> None:
    """The file, run as it is but for the roles' names; the writer then appends and changes nothing."""
    mark = uuid.uuid4().hex[:8]
    owner, writer, schema = f"o_{mark}", f"w_{mark}", f"t_{mark}"
    text = (DEPLOY / "postgresql.sql").read_text(encoding="utf-8")
    text = text.replace("trials_owner", owner).replace("trials_writer", writer)
    base = server_url()
    database = f"d_{mark}"
    with psycopg.connect(base, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database}".encode())
    url = re.sub(r"(//[^/]*/)[^?]*", rf"\g<1>{database}", base)
    try:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(text.encode())
            admin.execute(f"SET ROLE {owner}".encode())
            admin.execute(f"CREATE SCHEMA {schema}".encode())
            admin.execute("RESET ROLE")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                admin.execute(f"SET ROLE {writer}; CREATE SCHEMA another".encode())
            admin.execute("RESET ROLE")
            admin.execute(f"DROP SCHEMA {schema}".encode())
        prepare_schema(url, schema, writers=[writer])
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"SET ROLE {writer}".encode())
            for statement in ("UPDATE {}.events SET actor = 'x'", "DELETE FROM {}.events"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    admin.execute(statement.format(schema).encode())
        drop_schema(url, schema)
    finally:
        with psycopg.connect(base, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())
            for role in (owner, writer):
                admin.execute(f"DROP ROLE IF EXISTS {role}".encode())


def test_every_file_of_the_folder_is_told_of_in_the_guide() -> None:
    guide = (DEPLOY.parent / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    for file in DEPLOY.iterdir():
        assert f"deploy/{file.name}" in guide, file.name


# -- the bundle ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked bundle, made as `make bundle` makes it."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("bundle", DEPLOY.parent / "tools" / "bundle.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    packed = tool.make(tmp_path_factory.mktemp("dist"))
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(packed) as tar:
        tar.extractall(unpacked, filter="data")
    (folder,) = unpacked.iterdir()
    return folder


NOWHERE = {
    "PATH": "/usr/bin:/bin", "PIP_INDEX_URL": "http://127.0.0.1:9/", "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9", "PIP_NO_COMPILE": "1", "PIP_CONFIG_FILE": "/dev/null", "LC_ALL": "C.UTF-8",
}  # fmt: skip
"""An environment in which every index and every network is out of reach."""


def install(folder: Path, target: Path) -> subprocess.CompletedProcess[str]:
    import sys

    return subprocess.run(
        [str(folder / "install.sh"), str(target), sys.executable],
        capture_output=True, text=True, env=NOWHERE,
    )  # fmt: skip


@pytest.mark.thorough
@pytest.mark.xdist_group("bundle")
def test_the_bundle_installs_with_every_index_out_of_reach_and_runs(
    bundle: Path, tmp_path: Path
) -> None:
    done = install(bundle, tmp_path / "env")
    assert done.returncode == 0, done.stderr
    program = tmp_path / "env" / "bin" / "equipoise"
    record = [str(program), "check", "--format", "json"]
    trials = sorted((tmp_path / "env").glob("lib/*/site-packages/equipoise/trials/*/protocol.yaml"))
    assert len(trials) == 2
    for protocol in trials:
        checked = subprocess.run([*record, str(protocol)], capture_output=True, env=NOWHERE)
        assert checked.returncode == 0, checked.stderr
    home = tmp_path / "home"
    rehearse = [
        str(program),
        "rehearse",
        str(trials[0]),
        "--home",
        str(home),
        "--until",
        "randomized=1",
    ]
    assert subprocess.run(rehearse, capture_output=True, env=NOWHERE).returncode == 0
    out = [
        str(program),
        "export",
        "--home",
        str(home),
        "--to",
        "ledger",
        "--out",
        str(tmp_path / "a"),
    ]
    assert subprocess.run(out, capture_output=True, env=NOWHERE).returncode == 0
    verify = subprocess.run(
        ["python3", "-I", str(bundle / "verify.py"), str(home)], capture_output=True, text=True
    )
    assert verify.returncode == 0, verify.stdout


@pytest.mark.thorough
@pytest.mark.xdist_group("bundle")
def test_a_bundle_that_was_changed_installs_nothing(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle, copy)
    wheel = next((copy / "wheels").glob("equipoise-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    done = install(copy, tmp_path / "env")
    assert done.returncode != 0
    assert "not the one that was packed" in done.stderr
    assert not (tmp_path / "env").exists()


@pytest.mark.thorough
@pytest.mark.xdist_group("bundle")
def test_every_file_of_the_bundle_has_its_sum_and_every_wheel_its_hash(bundle: Path) -> None:
    sums = dict(
        reversed(line.split("  ", 1))
        for line in (bundle / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    )
    files = {
        path.relative_to(bundle).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in bundle.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert sums == files
    demanded = (bundle / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wheels = sorted((bundle / "wheels").glob("*.whl"))
    assert len(demanded) == len(wheels) > 20
    assert {line.partition("--hash=sha256:")[2] for line in demanded} == {
        sums[f"wheels/{wheel.name}"] for wheel in wheels
    }
