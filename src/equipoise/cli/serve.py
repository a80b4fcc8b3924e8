"""`equipoise serve`: the web application of one home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.cli.app import main
from equipoise.cli.errors import UserError
from equipoise.cli.opening import opened

if TYPE_CHECKING:
    from equipoise.home import Home
    from equipoise.web.server import Address


@main.command()
def serve(
    home: Annotated[Path, typer.Option("--home", help="The home to serve.", metavar="DIR")],
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A name browsers use for this server.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="TLS certificate (PEM); needed beyond this machine.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="A proxy on this machine ends TLS and is the only one to ask; needs --name.",
        ),
    ] = False,
    log: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|-",
            help="Write a line of JSON for each request, without personal data; - is standard error.",
        ),
    ] = None,
    sign_ins: Annotated[
        bool,
        typer.Option(
            "--sign-ins",
            help="In a rehearsal: make and print a sign-in for each role, as `demo` does.",
        ),
    ] = False,
) -> None:
    """Serve the web application of a home until interrupted with Ctrl-C."""
    from equipoise.web.server import Address

    address = Address(host, port, tuple(name or ()), certificate, key, behind_proxy)
    greeting = ""
    if sign_ins:
        with opened(home) as rehearsed:
            if rehearsed.rehearsal is None:
                raise UserError(
                    f"--sign-ins: {home} is no rehearsal, and nobody's password may be guessed; "
                    "use `equipoise account`"
                )
            greeting = sign_ins_table(sign_ins_of(rehearsed))
    serve_home(home, address, greeting=greeting, log=log)


def sign_ins_of(home: Home) -> list[tuple[str, str, str, str]]:
    """A sign-in for everybody with a role in a rehearsal: name, password, role, site."""
    from equipoise.web import configure, release

    configure(home)
    try:
        # the web's modules can be read only once Django knows its settings
        from equipoise.web.accounts import create_demo_accounts

        return create_demo_accounts(home)
    finally:
        release()


def sign_ins_table(sign_ins: list[tuple[str, str, str, str]]) -> str:
    """One sign-in a role, and for the roles of a site one at its first site."""
    seen = set()
    rows = [("role", "site", "user name", "password")]
    for name, password, role, site in sorted(sign_ins, key=lambda row: (row[2], row[3])):
        if role not in seen:
            seen.add(role)
            rows.append((role, site or "all", name, password))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def check_port(port: int) -> None:
    """Raise `UserError` where nothing can be served on this port of this machine."""
    from equipoise.web.server import Address, UnsafeServingError, check_address

    try:
        check_address(Address(port=port))
    except UnsafeServingError as error:
        raise UserError(str(error)) from error


def serve_home(
    path: Path,
    address: Address,
    *,
    greeting: str = "",
    on_stderr: bool = False,
    log: str | None = None,
) -> None:
    """Check that it is safe, say where, and serve. `greeting` is printed before the address.

    `on_stderr` keeps standard output for a result that is read by a program. `log` takes a line for each
    request: a file, or `-` for standard error.
    """
    from equipoise.web.issuer.settings import read_issuer
    from equipoise.web.server import UnsafeServingError, check_address, check_home, claim
    from equipoise.web.server import serve as serve_forever
    from equipoise.web.upgrading import check_upgraded

    if log is not None and log != "-":
        log = str(Path(log).absolute())
        try:
            os.close(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600))
        except OSError as error:
            raise UserError(f"--log {log}: cannot be written: {error.strerror}") from None
    with opened(path) as home:
        rehearsal = home.rehearsal is not None
        alone = not home.several_processes
        check_upgraded(home)
        issuer = read_issuer(path)
        if issuer is not None:
            issuer.secret()
    try:
        check_home(path, rehearsal=rehearsal)
        check_address(address)
        claimed = claim(path, alone=alone)
    except UnsafeServingError as error:
        raise UserError(str(error)) from error

    def started() -> None:
        if greeting:
            typer.echo(greeting, err=on_stderr)
        kind = "rehearsal" if rehearsal else "trial"
        told = f"Serving the {kind} in {path} at {address.url} (Ctrl-C ends)"
        typer.echo(told, err=on_stderr)

    try:
        serve_forever(path, address, started=started, log=log)
    finally:
        os.close(claimed)
