"""An OpenID Connect issuer that is not ours: django-oauth-toolkit, in a process of its own on the loopback.

What it decides (the code, its one use, PKCE, the redirect address, the secret, the ID token and its signature) is its
own. Ours are only the page on which a person gives a password there, and the account that it knows. See decision 055.

`python -m support.foreign_issuer PORT REDIRECT_ADDRESS` serves until it is ended, and writes a line when it is ready.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from support.patience import PATIENCE

CLIENT, SECRET = "equipoise at/the:hospital", "odd + but: allowed % characters="
PERSON, PASSWORD = "somebody", "reeds along the canal"


def _serve(port: int, returning: str) -> None:
    import django
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    applications = ("auth", "contenttypes", "sessions")
    settings.configure(
        SECRET_KEY="of a test",
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[*(f"django.contrib.{one}" for one in applications), "oauth2_provider"],
        # tables at once, and hashes that take no time: the issuer knows one person, for a minute
        MIGRATION_MODULES=dict.fromkeys((*applications, "oauth2_provider")),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        LOGIN_URL="/show-yourself/",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True, "OIDC_RSA_PRIVATE_KEY": key.decode(), "SCOPES": {"openid": "who it is"},
        },
    )  # fmt: skip
    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from oauth2_provider.models import get_application_model

    call_command("migrate", run_syncdb=True, verbosity=0)
    get_user_model().objects.create_user(PERSON, password=PASSWORD)
    get_application_model().objects.create(
        client_id=CLIENT, client_secret=SECRET, redirect_uris=returning, client_type="confidential",
        authorization_grant_type="authorization-code", algorithm="RS256", skip_authorization=True,
    )  # fmt: skip
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_given: Any) -> None:
            """Say nothing."""

    with make_server("127.0.0.1", port, get_wsgi_application(), handler_class=Quiet) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()


def __getattr__(name: str) -> Any:
    """The addresses of the issuer, once Django is there."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.contrib.auth import authenticate, login
    from django.http import HttpResponse, HttpResponseForbidden, HttpResponseRedirect
    from django.urls import include, path

    def show_yourself(request: Any) -> Any:
        if request.method != "POST":
            return HttpResponse("who are you?")
        who = authenticate(
            request, username=request.POST["username"], password=request.POST["password"]
        )
        if who is None:
            return HttpResponseForbidden()
        login(request, who)
        return HttpResponseRedirect(request.GET["next"])

    return [path("show-yourself/", show_yourself), path("o/", include("oauth2_provider.urls"))]


@dataclass
class Foreign:
    """The issuer, as it is known here; `subject` is what it calls the person."""

    address: str
    subject: str = "1"

    def settings(self, folder: Path, **changes: Any) -> Path:
        """Write `oidc.json` and the secret into a home's folder."""
        import json

        secret = folder / "oidc-secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        given = {
            "issuer": self.address, "client_id": CLIENT, "client_secret_file": str(secret),
            "name": "Foreign sign-in", **changes,
        }  # fmt: skip
        file = folder / "oidc.json"
        file.write_text(json.dumps(given))
        return file


@dataclass
class Browser:
    """Somebody's browser at the issuer; it keeps cookies, and gives the password where it is asked for one."""

    cookies: dict[str, str] = field(default_factory=dict)
    passwords_given: int = 0

    def follow(self, address: str) -> str:
        """Go where the page leads; the address here to which the issuer sends back."""
        there = urlsplit(address).netloc
        for _step in range(8):
            status, address = self._ask(address, there)
            if urlsplit(address).netloc != there:
                return address
        raise AssertionError(f"the issuer leads in a circle: {status} {address}")

    def _ask(self, address: str, there: str) -> tuple[int, str]:
        parts = urlsplit(address)
        shown = parts.path == "/show-yourself/"
        self.passwords_given += shown
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if shown:
            body = urlencode({"username": PERSON, "password": PASSWORD})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(there, timeout=PATIENCE)
        try:
            connection.request(
                "POST" if shown else "GET", f"{parts.path}?{parts.query}", body, headers
            )
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 302, (answer.status, said[:300])
            for line in answer.headers.get_all("Set-Cookie") or []:
                name, _is, rest = line.partition("=")
                self.cookies[name] = rest.partition(";")[0]
            return answer.status, urljoin(address, answer.headers["Location"])
        finally:
            connection.close()


@contextlib.contextmanager
def foreign(port: int, returning: str) -> Iterator[Foreign]:
    """The issuer, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "support.foreign_issuer", str(port), returning],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n", "the issuer did not start"
        yield Foreign(f"http://localhost:{port}/o")
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2])
