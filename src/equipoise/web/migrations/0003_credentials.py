"""Credentials: the hashed secrets of the tokens that machines sign in with."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates the credentials' table."""

    dependencies = [("web", "0002_invitations")]
    operations = [
        migrations.CreateModel(
            name="Credential",
            fields=[
                ("token", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("last_used", models.DateField(null=True)),
            ],
        ),
    ]
