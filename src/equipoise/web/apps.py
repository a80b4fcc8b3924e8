"""The web room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Names the application; its tables are called `web_…`."""

    name = "equipoise.web"
    label = "web"
