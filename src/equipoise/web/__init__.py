"""The web application: a thin Django shell around one home.

`configure(home)` makes Django ready to serve that home in this process; `application()` is then the
WSGI callable. Every change goes through `Trial.do`; pages read the trial's state and projections.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler

    from equipoise.home import Home

    from .issuer.provider import Provider
    from .policy import SignInPolicy

_serving: dict[str, Any] = {}


def configure(
    home: Home, *, hosts: Sequence[str] = (), https: bool = False, upgrade: bool = False
) -> None:
    """Make Django serve this home, and make the web's own tables where there are none.

    A process serves one home at a time; configuring another one lets go of the first. Raises `HomeError` for a home
    that another release left, which `upgrade` lets pass: then its tables are brought up to date.
    """
    import django
    from django.conf import settings

    from .issuer.provider import Provider
    from .issuer.settings import read_issuer
    from .policy import read_policy
    from .settings import databases, secret_key, session_engine, settings_for
    from .upgrading import check_upgraded

    if not upgrade:
        check_upgraded(home)
    _serving["home"] = home
    _serving["policy"] = read_policy(home.path)
    issuer = read_issuer(home.path)
    _serving["issuer"] = Provider(issuer) if issuer is not None else None
    if not settings.configured:
        settings.configure(**settings_for(home, hosts=hosts, https=https))
        django.setup()
    else:
        from django.core.cache import cache
        from django.db import connections

        from .middleware import forget_accounts

        connections.close_all()
        connections.settings.update(connections.configure_settings(databases(home)))
        for alias in connections.settings:
            if hasattr(connections._connections, alias):  # type: ignore[attr-defined]
                del connections[alias]
        settings.SECRET_KEY = secret_key(home)
        settings.SESSION_ENGINE = session_engine(home)
        cache.clear()
        forget_accounts()
    with _one_at_a_time(home):
        _migrate()


def release() -> None:
    """Close the web's database and let go of the home: the end of what `configure` began."""
    if _serving.pop("home", None) is not None:
        from django.db import connections

        connections.close_all()


def serving() -> Home:
    """The home this process serves."""
    home: Home | None = _serving.get("home")
    if home is None:
        raise RuntimeError("no home is being served: call equipoise.web.configure(home) first")
    return home


def sign_in_policy() -> SignInPolicy:
    """How strict signing in is where this process serves."""
    policy: SignInPolicy = _serving["policy"]
    return policy


def sign_in_issuer() -> Provider | None:
    """The outside issuer with whose word people sign in here; None where there is none."""
    provider: Provider | None = _serving["issuer"]
    return provider


def application() -> WSGIHandler:
    """The WSGI application, after `configure`."""
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


@contextmanager
def _one_at_a_time(home: Home) -> Iterator[None]:
    """Of several processes that start together, the first brings the tables up to date."""
    file = os.open(home.path / "web.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", database="default", verbosity=0, interactive=False)
