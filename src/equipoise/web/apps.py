"""The web room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Names the application; its tables are called `web_…`."""

    name = "equipoise.web"
    label = "web"

    def ready(self) -> None:
        """A changed account is asked for again at once."""
        from django.db.models.signals import post_delete, post_save

        from .middleware import forget_accounts
        from .models import Account

        post_save.connect(forget_accounts, sender=Account)
        post_delete.connect(forget_accounts, sender=Account)
