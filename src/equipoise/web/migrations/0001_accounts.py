"""Accounts: credentials only."""

from __future__ import annotations

from django.db import migrations, models

import equipoise.web.models


class Migration(migrations.Migration):
    """Creates the accounts' table."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                ("username", models.CharField(max_length=80, unique=True)),
                ("is_active", models.BooleanField(default=True)),
            ],
            managers=[("objects", equipoise.web.models.AccountManager())],
        ),
    ]
