"""Accounts, and the ledger's projections as Django reads them.

An account holds credentials and nothing else: roles and sites are granted in the ledger. The
unmanaged models below stand over tables that only `Trial` writes (`equipoise.trial.projections`);
a test holds their columns equal.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class AccountManager(BaseUserManager["Account"]):
    """Creates accounts; there are no superusers."""

    def create_user(self, username: str, password: str | None = None) -> Account:
        """A new account with its password hashed (Argon2id)."""
        account = self.model(username=username)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, username: str | None) -> Account:
        """The account with exactly this name."""
        return self.get(username=username)


class Account(AbstractBaseUser):
    """Credentials of one person."""

    username = models.CharField(max_length=80, unique=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[AccountManager] = AccountManager()

    class Meta:
        app_label = "web"


class LedgerRouter:
    """Sends projections to the ledger's database, which Django only reads and never migrates."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        """The ledger for unmanaged models, the web's own database for all others."""
        return "default" if model._meta.managed else "ledger"

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str:
        """As for reading; the ledger's connection refuses to write."""
        return self.db_for_read(model, **hints)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Only the web's own database is migrated."""
        return db == "default"
