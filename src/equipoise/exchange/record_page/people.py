"""Sponsors, responsible party, sites, contacts, numbers."""

from __future__ import annotations

import re
from typing import Any

from ..places import NOT_STATED, time_zone
from ..record import code, language_map, slug
from .lines import Line, is_country, key_of, labeled
from .page import Page
from .vocabulary import AGENCIES, STATUSES

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"\+?[\d(][\d\s().+-]{5,24}(?:\s*(?:ext|x)\.?\s*\d+)?")


def read_sponsors(page: Page, identity: dict[str, Any]) -> None:
    """Sponsors and collaborators, with role and kind."""
    found: list[dict[str, Any]] = []
    identity["sponsors"] = found
    role: str | None = None
    for line in page.sections.get("sponsors", []):
        label, value = labeled(line.words)
        path = f"identity.sponsors[{len(found) - 1}]"
        key = re.sub(
            r"_?(sponsors?|organization)$",
            "",
            Line(0, value, value).code if "role" in label else line.code,
        )
        if key in ("lead", "collaborator", "collaborators"):
            written = "lead" if key == "lead" else "collaborator"
            if "role" in label and found:
                found[-1]["role"] = written
                page.take(line, f"{path}.role", written)
            else:
                role = written
        elif (
            found
            and "type" not in found[-1]
            and (line.code in AGENCIES or (key_of(value) in AGENCIES and label))
        ):
            found[-1]["type"] = code(value if label else line.words)
            page.take(line, f"{path}.type", found[-1]["type"])
        else:
            name = value if "sponsor" in label or "collaborator" in label else line.words
            if not name:
                continue
            found.append({"name": language_map(name)})
            if label.startswith("lead") or "lead" in label:
                found[-1]["role"] = "lead"
            elif "collaborator" in label:
                found[-1]["role"] = "collaborator"
            elif role is not None:
                found[-1]["role"] = role
            page.take(line, f"identity.sponsors[{len(found) - 1}].name.en", found[-1]["name"]["en"])


def read_party(page: Page, identity: dict[str, Any]) -> None:
    """The responsible party."""
    party: dict[str, Any] = {}
    for line in page.sections.get("party", []):
        label, value = labeled(line.words)
        key = Line(0, value, value).code if label else line.code
        if (
            key in ("sponsor", "principal_investigator", "sponsor_investigator")
            and "type" not in party
        ):
            party["type"] = key
            page.take(line, "identity.responsible_party.type", key)
            continue
        names = [
            name
            for name in ("name", "title", "affiliation")
            if name not in party and (name in label or not label)
        ]
        if names and value:
            party[names[0]] = language_map(value)
            page.take(line, f"identity.responsible_party.{names[0]}.en", party[names[0]]["en"])
    if party:
        identity["responsible_party"] = party


def read_sites(page: Page, identity: dict[str, Any]) -> None:
    """Sites, each with city, country and status."""
    found: list[dict[str, Any]] = []
    keys: set[str] = set()
    identity["sites"] = found
    for line in page.sections.get("locations", []):
        label, value = labeled(line.words)
        path = f"identity.sites[{len(found) - 1}]"
        status = Line(0, value, value).code if "status" in label else line.code
        parts = [part.strip() for part in re.split(r"[,，]", line.words)]
        if status in STATUSES and found:
            found[-1]["recruitment_status"] = status
            page.take(line, f"{path}.recruitment_status", status)
        elif len(parts) > 1 and is_country(parts[-1]):
            if not found or found[-1]["country"] != NOT_STATED:
                _add_site(page, found, keys, None)
                path = f"identity.sites[{len(found) - 1}]"
            site = found[-1]
            names = {"city": parts[0], "country": parts[-1]}
            if len(parts) > 2:
                names["region"] = ", ".join(parts[1:-1])
            for name in ("city", "region", "country"):
                if names.get(name):
                    site[name] = language_map(names[name])
                    page.take(line, f"{path}.{name}.en", site[name]["en"])
            site["timezone"] = time_zone(parts[-1])
        else:
            _add_site(page, found, keys, line)


def _add_site(page: Page, found: list[dict[str, Any]], keys: set[str], line: Line | None) -> None:
    key = slug(line.words if line else "", fallback="site", taken=keys)
    keys.add(key)
    found.append(
        {
            "id": f"{len(found) + 1:02d}",
            "key": key,
            "name": language_map(line.words) if line else dict(NOT_STATED),
            "city": dict(NOT_STATED),
            "country": dict(NOT_STATED),
            "timezone": "UTC",
            "recruitment_status": "not_stated",
        }
    )
    if line is not None:
        page.take(line, f"identity.sites[{len(found) - 1}].name.en", found[-1]["name"]["en"])


def read_contacts(page: Page, found: list[dict[str, Any]], section: str) -> None:
    """Contacts of a section: central ones, or those of the facilities."""
    first = len(found)
    for line in page.sections.get(section, []):
        label, value = labeled(line.words)
        word = value if label else line.words
        path = f"identity.contacts[{len(found) - 1}]"
        open_contact = found[-1] if len(found) > first else None
        name = (
            "role" if label == "role"
            else "email" if _EMAIL.fullmatch(word)
            else "phone" if _PHONE.fullmatch(word)
            else None
        )  # fmt: skip
        if name is not None:
            if open_contact is not None and name not in open_contact and word:
                open_contact[name] = code(word) if name == "role" else word
                page.take(line, f"{path}.{name}", open_contact[name])
        elif word:
            found.append({"name": language_map(word), "kind": section})
            page.take(line, f"identity.contacts[{len(found) - 1}].name.en", found[-1]["name"]["en"])


def read_identifiers(page: Page, found: list[dict[str, Any]]) -> None:
    """Further numbers of the trial."""
    first = len(found)
    for line in page.sections.get("identifiers", []):
        label, value = labeled(line.words)
        path = f"identity.identifiers[{len(found) - 1}]"
        if "type" in label or "source" in label:
            name = "type" if "type" in label else "source"
            if len(found) > first and value.strip("-–— ") and name not in found[-1]:
                found[-1][name] = value
                page.take(line, f"{path}.{name}", value)
        else:
            found.append({"id": line.words})
            page.take(line, f"identity.identifiers[{len(found) - 1}].id", line.words)
