"""Django's settings, made from a home. Nothing is read from the environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from equipoise.home import Home

HERE = Path(__file__).parent
SESSION_HOURS = 10
"""A working day; the browser forgets the session when it is closed."""
MAX_UPLOAD = 2 * 1024 * 1024
"""Bytes of a request's body; no page sends nearly as much."""


def secret_key(home: Home) -> str:
    """The key that signs sessions' cookies, made on first use and kept beside the accounts."""
    path = home.path / "web.key"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        pass
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    key = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key


def session_engine(home: Home) -> str:
    """Sessions are kept in the database, and read from memory where no other process can end one."""
    return f"django.contrib.sessions.backends.{'db' if home.several_processes else 'cached_db'}"


def databases(home: Home) -> dict[str, dict[str, Any]]:
    """The web's own tables, and the ledger's projections opened for reading only."""
    return {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(home.web_database),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 10,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        },
        "ledger": _ledger_database(home),
    }


def _ledger_database(home: Home) -> dict[str, Any]:
    if home.database is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": home.ledger_database.resolve().as_uri() + "?mode=ro",
            "CONN_MAX_AGE": None,
            "OPTIONS": {"timeout": 10, "init_command": "PRAGMA query_only=ON;"},
        }
    from psycopg.conninfo import conninfo_to_dict

    options = {key: value for key, value in conninfo_to_dict(home.database.url).items() if value}
    asked = f"{options.pop('options', '')} -c search_path={home.database.schema}"
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": options.pop("dbname", ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Django names four of libpq's settings itself; the others go through as they are.
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": options.pop("port", ""),
        "OPTIONS": {
            **options,
            "options": f"{asked} -c default_transaction_read_only=on".strip(),
        },
    }


def settings_for(home: Home, *, hosts: Sequence[str] = (), https: bool = False) -> dict[str, Any]:
    """Settings for serving one home; `hosts` are further names under which it may be asked for."""
    return {
        "DEBUG": False,
        "SECRET_KEY": secret_key(home),
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]", *hosts],
        "ROOT_URLCONF": "equipoise.web.urls",
        "DATABASES": databases(home),
        "DATABASE_ROUTERS": ["equipoise.web.models.LedgerRouter"],
        "INSTALLED_APPS": [
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "axes",
            "equipoise.web.apps.WebConfig",
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "equipoise.web.middleware.content_policy",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "equipoise.web.log.logged",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "equipoise.web.middleware.sound_session_key",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "equipoise.web.middleware.person_and_trial",
            "axes.middleware.AxesMiddleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.template.context_processors.i18n",
                        "django.contrib.messages.context_processors.messages",
                        "equipoise.web.context.shell",
                    ],
                    "loaders": [
                        (
                            "django.template.loaders.cached.Loader",
                            ["django.template.loaders.filesystem.Loader"],
                        )
                    ],
                    "builtins": [
                        "django.templatetags.i18n",
                        "django.templatetags.static",
                        "equipoise.web.filters",
                    ],
                },
            }
        ],
        # accounts
        "AUTH_USER_MODEL": "web.Account",
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",
            "django.contrib.auth.backends.ModelBackend",
            "equipoise.web.factors.proof.SecondFactorBackend",
            "equipoise.web.issuer.recognition.IssuerBackend",
        ],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 12},
            },
            {
                "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
                "OPTIONS": {"user_attributes": ["username"]},
            },
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
        ],
        "LOGIN_URL": "sign_in",
        "AXES_FAILURE_LIMIT": 8,
        "AXES_COOLOFF_TIME": 0.25,  # hours
        "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
        "AXES_RESET_ON_SUCCESS": True,
        "AXES_DISABLE_ACCESS_LOG": True,
        "AXES_VERBOSE": False,
        # failed requests are kept for the count, without anything that proves or nearly proves somebody
        "AXES_SENSITIVE_PARAMETERS": [
            "username",
            "ip_address",
            "old",
            "again",
            "code",
            "new_code",
            "passkey",
            "credential",
            "state",
            "iss",
            "session_state",
            "error_description",
        ],
        "AXES_LOCKOUT_CALLABLE": "equipoise.web.accounts.locked_out",
        # the client's address is the peer's: no proxy header is believed
        "AXES_CLIENT_IP_CALLABLE": "equipoise.web.accounts.peer_address",
        "SILENCED_SYSTEM_CHECKS": ["axes.W006"],
        "SESSION_ENGINE": session_engine(home),
        "SESSION_COOKIE_NAME": "equipoise_session",
        "SESSION_COOKIE_AGE": SESSION_HOURS * 3600,
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": https,
        "CSRF_COOKIE_NAME": "equipoise_csrf",
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SECURE": https,
        "CSRF_FAILURE_VIEW": "equipoise.web.errors.forged",
        "MESSAGE_STORAGE": "django.contrib.messages.storage.cookie.CookieStorage",
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "OPTIONS": {"MAX_ENTRIES": 5000},
            }
        },
        # headers
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "SECURE_HSTS_SECONDS": 31_536_000 if https else 0,
        "X_FRAME_OPTIONS": "DENY",
        "CONTENT_SECURITY_POLICY": {
            "DIRECTIVES": {
                "default-src": [NONE],
                "script-src": [SELF],
                "style-src": [SELF],
                "img-src": [SELF],
                "font-src": [SELF],
                "connect-src": [SELF],
                "manifest-src": [SELF],
                "form-action": [SELF],
                "base-uri": [NONE],
                "frame-ancestors": [NONE],
            }
        },
        # input
        "DATA_UPLOAD_MAX_MEMORY_SIZE": MAX_UPLOAD,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 2000,
        "FILE_UPLOAD_HANDLERS": [],  # no page takes a file
        # languages
        "USE_I18N": True,
        "LANGUAGE_CODE": "en",
        "LANGUAGES": [("en", "English"), ("zh-hans", "简体中文")],
        "LANGUAGE_COOKIE_NAME": "equipoise_language",
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "LANGUAGE_COOKIE_AGE": 365 * 86400,
        "LOCALE_PATHS": [HERE / "locale"],
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        # static files
        "STATIC_URL": "/static/",
        "STATICFILES_DIRS": [HERE / "static"],
        "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"],
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {"BACKEND": "equipoise.web.static_urls.ContentVersionedStorage"},
        },
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
        "WHITENOISE_ALLOW_ALL_ORIGINS": False,
        "WHITENOISE_MAX_AGE": 31_536_000,
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": {"()": "equipoise.web.log.JsonLines"}},
            "handlers": {
                "console": {
                    "class": "logging.StreamHandler",
                    "level": "ERROR",
                    "formatter": "lines",
                }
            },
            "root": {"handlers": ["console"], "level": "ERROR"},
            # a wrong Host header or a stale form is the sender's fault, and answered
            "loggers": {"django.security": {"handlers": [], "propagate": False}},
        },
    }
