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
) -> None:
    """Serve the web application of a home until interrupted with Ctrl-C."""
    from equipoise.web.server import Address

    address = Address(host, port, tuple(name or ()), certificate, key, behind_proxy)
    serve_home(home, address, log=log)


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
