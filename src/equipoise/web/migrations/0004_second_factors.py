"""Second factors: authenticator apps, passkeys, recovery codes."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def _id() -> tuple[str, Any]:
    return (
        "id",
        models.BigAutoField(
            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
        ),
    )


def _account(kind: type[Any] = models.ForeignKey) -> tuple[str, Any]:
    return ("account", kind(on_delete=django.db.models.deletion.CASCADE, to="web.account"))


class Migration(migrations.Migration):
    """Creates the tables, and the count that ends an account's sessions."""

    dependencies = [("web", "0003_credentials")]
    operations = [
        migrations.AddField("Account", "epoch", models.IntegerField(default=0)),
        migrations.CreateModel(
            name="Authenticator",
            fields=[
                _id(),
                ("secret", models.CharField(max_length=300)),
                ("last_step", models.BigIntegerField(default=0)),
                ("added_at", models.DateTimeField(auto_now_add=True)),
                _account(models.OneToOneField),
            ],
        ),
        migrations.CreateModel(
            name="Passkey",
            fields=[
                _id(),
                ("name", models.CharField(max_length=60)),
                ("relying_party", models.CharField(max_length=253)),
                ("credential_id", models.CharField(max_length=2046, unique=True)),
                ("credential", models.BinaryField()),
                ("counter", models.BigIntegerField(default=0)),
                ("added_at", models.DateTimeField(auto_now_add=True)),
                _account(),
            ],
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[_id(), ("digest", models.CharField(max_length=64)), _account()],
        ),
        migrations.CreateModel(
            name="WrongFactor", fields=[_id(), ("at", models.DateTimeField()), _account()]
        ),
    ]
