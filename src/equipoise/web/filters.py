"""Template filters that every page has."""

from __future__ import annotations

from django.template import Library

from .vocabulary import moment

register = Library()
register.filter("moment", moment)
