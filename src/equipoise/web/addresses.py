"""Addresses of pages, remembered: lists ask for the same ones again and again."""

from __future__ import annotations

from functools import lru_cache

from django.urls import reverse


@lru_cache(maxsize=16384)
def address_of(page: str, *arguments: str) -> str:
    """The address of a page of the permission table."""
    return reverse(page, args=arguments)
