"""Template filters that every page has."""

from __future__ import annotations

from django.template import Library

from .vocabulary import moment, text_said

register = Library()
register.filter("moment", moment)
register.filter("told", text_said)
