"""Accounts, and the ledger's projections as Django reads them.

An account holds credentials and nothing else: roles and sites are granted in the ledger. The
unmanaged models below stand over tables that only `Trial` writes (`equipoise.trial.projections`);
a test holds their columns equal.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac


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

    username: models.CharField[str, str] = models.CharField(max_length=80, unique=True)
    is_active: models.BooleanField[bool, bool] = models.BooleanField(default=True)
    epoch: models.IntegerField[int, int] = models.IntegerField(default=0)
    """Counts what ends every session of the account, beside a new password."""

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[AccountManager] = AccountManager()

    class Meta:
        app_label = "web"

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        # Django's own, with the epoch: a session holds while neither has changed
        held = f"{self.password}|{self.epoch}"
        return salted_hmac("equipoise.session", held, secret=secret, algorithm="sha256").hexdigest()


class Invitation(models.Model):
    """A link by which a person sets a password: kept as the token's hash, deleted when it is used."""

    account: models.ForeignKey[Account, Account] = models.ForeignKey(
        Account, on_delete=models.CASCADE
    )
    digest: models.CharField[str, str] = models.CharField(max_length=64, unique=True)
    expires_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()

    class Meta:
        app_label = "web"


class Credential(models.Model):
    """The secret of a token, as its hash; who holds it and until when stands in the ledger under `token`."""

    token: models.CharField[str, str] = models.CharField(max_length=40, primary_key=True)
    digest: models.CharField[str, str] = models.CharField(max_length=64, unique=True)
    last_used: models.DateField[date | None, date | None] = models.DateField(null=True)

    class Meta:
        app_label = "web"


class Authenticator(models.Model):
    """An authenticator app: its secret, sealed under `web.key`, and the time step of the last code."""

    account: models.OneToOneField[Account, Account] = models.OneToOneField(
        Account, on_delete=models.CASCADE
    )
    secret: models.CharField[str, str] = models.CharField(max_length=300)
    last_step: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)
    added_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "web"


class Passkey(models.Model):
    """A passkey: its public key, the server's name it is bound to, and its counter."""

    account: models.ForeignKey[Account, Account] = models.ForeignKey(
        Account, on_delete=models.CASCADE
    )
    name: models.CharField[str, str] = models.CharField(max_length=60)
    relying_party: models.CharField[str, str] = models.CharField(max_length=253)
    credential_id: models.CharField[str, str] = models.CharField(max_length=2046, unique=True)
    credential: models.BinaryField[bytes, bytes] = models.BinaryField()
    counter: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)
    added_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "web"

    @property
    def slug(self) -> str:
        """How the pages name it in an address."""
        return f"passkey-{self.pk}"


class RecoveryCode(models.Model):
    """A recovery code not used yet, as its hash."""

    account: models.ForeignKey[Account, Account] = models.ForeignKey(
        Account, on_delete=models.CASCADE
    )
    digest: models.CharField[str, str] = models.CharField(max_length=64)

    class Meta:
        app_label = "web"


class WrongFactor(models.Model):
    """A wrong second factor, from wherever; kept for the quarter of an hour in which it counts."""

    account: models.ForeignKey[Account, Account] = models.ForeignKey(
        Account, on_delete=models.CASCADE
    )
    at: models.DateTimeField[datetime, datetime] = models.DateTimeField()

    class Meta:
        app_label = "web"


class ParticipantRow(models.Model):
    """One participant, without anything sealed."""

    id: models.TextField[str, str] = models.TextField(primary_key=True)
    site: models.TextField[str, str] = models.TextField()
    status: models.TextField[str, str] = models.TextField()
    screened_on: models.TextField[str, str] = models.TextField()
    consented_on: models.TextField[str, str] = models.TextField()
    randomized_on: models.TextField[str, str] = models.TextField()
    number: models.IntegerField[int | None, int | None] = models.IntegerField(null=True)
    allocation: models.TextField[str, str] = models.TextField()
    next_visit: models.TextField[str, str] = models.TextField()
    next_due: models.TextField[str, str] = models.TextField()
    open_queries: models.IntegerField[int, int] = models.IntegerField()
    adverse_events: models.IntegerField[int, int] = models.IntegerField()
    serious_events: models.IntegerField[int, int] = models.IntegerField()
    withdrawn: models.TextField[str, str] = models.TextField()
    data_use_withdrawn: models.IntegerField[int, int] = models.IntegerField()
    source_planned: models.IntegerField[int, int] = models.IntegerField()
    source_verified: models.IntegerField[int, int] = models.IntegerField()
    source_void: models.IntegerField[int, int] = models.IntegerField()
    version: models.IntegerField[int, int] = models.IntegerField()
    last_at: models.TextField[str, str] = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "participant"


class TaskRow(models.Model):
    """Something outstanding for a participant."""

    pk = models.CompositePrimaryKey("participant", "kind", "ref")
    participant: models.TextField[str, str] = models.TextField()
    kind: models.TextField[str, str] = models.TextField()
    ref: models.TextField[str, str] = models.TextField()
    site: models.TextField[str, str] = models.TextField()
    opens: models.TextField[str, str] = models.TextField()
    due: models.TextField[str, str] = models.TextField()
    closes: models.TextField[str, str] = models.TextField()
    until: models.TextField[str, str] = models.TextField()
    priority: models.IntegerField[int, int] = models.IntegerField()
    provisional: models.IntegerField[int, int] = models.IntegerField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "task"


class QueryRow(models.Model):
    """A query; its text is sealed and not here."""

    pk = models.CompositePrimaryKey("participant", "number")
    participant: models.TextField[str, str] = models.TextField()
    number: models.IntegerField[int, int] = models.IntegerField()
    site: models.TextField[str, str] = models.TextField()
    visit: models.TextField[str, str] = models.TextField()
    form: models.TextField[str, str] = models.TextField()
    repeat: models.TextField[str, str] = models.TextField()
    item: models.TextField[str, str] = models.TextField()
    check_id: models.TextField[str, str] = models.TextField()
    status: models.TextField[str, str] = models.TextField()
    raised_at: models.TextField[str, str] = models.TextField()
    raised_by: models.TextField[str, str] = models.TextField()
    due_on: models.TextField[str, str] = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "query"


class AdverseEventRow(models.Model):
    """An adverse event by term and grade, with its next deadline."""

    pk = models.CompositePrimaryKey("participant", "number")
    participant: models.TextField[str, str] = models.TextField()
    number: models.IntegerField[int, int] = models.IntegerField()
    site: models.TextField[str, str] = models.TextField()
    term: models.TextField[str, str] = models.TextField()
    grade: models.IntegerField[int, int] = models.IntegerField()
    serious: models.IntegerField[int, int] = models.IntegerField()
    started_on: models.TextField[str, str] = models.TextField()
    ended_on: models.TextField[str, str] = models.TextField()
    outcome: models.TextField[str, str] = models.TextField()
    clock_due: models.TextField[str, str] = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "adverse_event"


class CodingRow(models.Model):
    """Something to be coded, and where that stands."""

    pk = models.CompositePrimaryKey("participant", "target")
    participant: models.TextField[str, str] = models.TextField()
    target: models.TextField[str, str] = models.TextField()
    site: models.TextField[str, str] = models.TextField()
    purpose: models.TextField[str, str] = models.TextField()
    term: models.TextField[str, str] = models.TextField()
    status: models.TextField[str, str] = models.TextField()
    dictionary: models.TextField[str, str] = models.TextField()
    code: models.TextField[str, str] = models.TextField()
    since: models.TextField[str, str] = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "coding"


class DeviationRow(models.Model):
    """A departure from the protocol."""

    pk = models.CompositePrimaryKey("participant", "number")
    participant: models.TextField[str, str] = models.TextField()
    number: models.IntegerField[int, int] = models.IntegerField()
    site: models.TextField[str, str] = models.TextField()
    kind: models.TextField[str, str] = models.TextField()
    severity: models.TextField[str, str] = models.TextField()
    occurred_on: models.TextField[str, str] = models.TextField()
    automatic: models.IntegerField[int, int] = models.IntegerField()
    important: models.TextField[str, str] = models.TextField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "deviation"


class TallyRow(models.Model):
    """A count kept as it changes."""

    pk = models.CompositePrimaryKey("name", "site", "value")
    name: models.TextField[str, str] = models.TextField()
    site: models.TextField[str, str] = models.TextField()
    value: models.TextField[str, str] = models.TextField()
    n: models.IntegerField[int, int] = models.IntegerField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "tally"


class SiteRow(models.Model):
    """A site with its counts."""

    id: models.TextField[str, str] = models.TextField(primary_key=True)
    open: models.IntegerField[int, int] = models.IntegerField()
    screened: models.IntegerField[int, int] = models.IntegerField()
    randomized: models.IntegerField[int, int] = models.IntegerField()

    class Meta:
        app_label = "web"
        managed = False
        db_table = "site"


PROJECTIONS: tuple[type[models.Model], ...] = (
    ParticipantRow, TaskRow, QueryRow, AdverseEventRow, CodingRow, DeviationRow, TallyRow, SiteRow,
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
