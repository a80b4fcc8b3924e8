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


class ParticipantRow(models.Model):
    """One participant, without anything sealed."""

    id = models.TextField(primary_key=True)
    site = models.TextField()
    status = models.TextField()
    screened_on = models.TextField()
    consented_on = models.TextField()
    randomized_on = models.TextField()
    number = models.IntegerField(null=True)
    allocation = models.TextField()
    next_visit = models.TextField()
    next_due = models.TextField()
    open_queries = models.IntegerField()
    adverse_events = models.IntegerField()
    serious_events = models.IntegerField()
    withdrawn = models.TextField()
    data_use_withdrawn = models.IntegerField()
    version = models.IntegerField()
    last_at = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "participant"


class TaskRow(models.Model):
    """Something outstanding for a participant."""

    pk = models.CompositePrimaryKey("participant", "kind", "ref")
    participant = models.TextField()
    kind = models.TextField()
    ref = models.TextField()
    site = models.TextField()
    opens = models.TextField()
    due = models.TextField()
    closes = models.TextField()
    priority = models.IntegerField()
    provisional = models.IntegerField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "task"


class QueryRow(models.Model):
    """A query; its text is sealed and not here."""

    pk = models.CompositePrimaryKey("participant", "number")
    participant = models.TextField()
    number = models.IntegerField()
    site = models.TextField()
    visit = models.TextField()
    form = models.TextField()
    repeat = models.TextField()
    item = models.TextField()
    check_id = models.TextField()
    status = models.TextField()
    raised_at = models.TextField()
    raised_by = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "query"


class AdverseEventRow(models.Model):
    """An adverse event by term and grade, with its next deadline."""

    pk = models.CompositePrimaryKey("participant", "number")
    participant = models.TextField()
    number = models.IntegerField()
    site = models.TextField()
    term = models.TextField()
    grade = models.IntegerField()
    serious = models.IntegerField()
    started_on = models.TextField()
    ended_on = models.TextField()
    outcome = models.TextField()
    clock_due = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "adverse_event"


class DeviationRow(models.Model):
    """A departure from the protocol."""

    pk = models.CompositePrimaryKey("participant", "number")
    participant = models.TextField()
    number = models.IntegerField()
    site = models.TextField()
    kind = models.TextField()
    severity = models.TextField()
    occurred_on = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "deviation"


class TallyRow(models.Model):
    """A count kept as it changes."""

    pk = models.CompositePrimaryKey("name", "site", "value")
    name = models.TextField()
    site = models.TextField()
    value = models.TextField()
    n = models.IntegerField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "tally"


class SiteRow(models.Model):
    """A site with its counts."""

    id = models.TextField(primary_key=True)
    open = models.IntegerField()
    screened = models.IntegerField()
    randomized = models.IntegerField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "site"


PROJECTIONS: tuple[type[models.Model], ...] = (
    ParticipantRow, TaskRow, QueryRow, AdverseEventRow, DeviationRow, TallyRow, SiteRow,
)  # fmt: skip
"""Every model over a table of the ledger's database."""


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
