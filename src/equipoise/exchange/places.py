"""Countries as records name them, and the time zone of a country that has one."""

from __future__ import annotations

from functools import cache
from importlib import resources

NOT_STATED = {"en": "Not stated in the record", "zh-Hans": "记录中未说明"}
"""What stands where the document needs a word and the record has none."""


@cache
def _zones() -> dict[str, str]:
    """English country name to its IANA zone, for the countries that have only one."""
    folder = resources.files("tzdata").joinpath("zoneinfo")
    names = {}
    for line in folder.joinpath("iso3166.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            short, name = line.split("\t")[:2]
            names[short] = name
    zones: dict[str, list[str]] = {}
    for line in folder.joinpath("zone.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            short, _, zone = line.split("\t")[:3]
            zones.setdefault(short, []).append(zone)
    return {names[short].lower(): listed[0] for short, listed in zones.items() if len(listed) == 1}


@cache
def country_names() -> frozenset[str]:
    """English names of countries, in lower case (ISO 3166 short names and the registry's own)."""
    folder = resources.files("tzdata").joinpath("zoneinfo")
    lines = folder.joinpath("iso3166.tab").read_text("utf-8").splitlines()
    listed = {line.split("\t")[1].lower() for line in lines if line and not line.startswith("#")}
    return frozenset(listed | set(_OTHER_NAMES) | {"usa", "uk"})


_OTHER_NAMES = {
    "china": "Asia/Shanghai",
    "taiwan": "Asia/Taipei",
    "united kingdom": "Europe/London",
    "south korea": "Asia/Seoul",
    "korea, republic of": "Asia/Seoul",
    "germany": "Europe/Berlin",
    "turkey": "Europe/Istanbul",
    "turkey (türkiye)": "Europe/Istanbul",
    "vietnam": "Asia/Ho_Chi_Minh",
    "czechia": "Europe/Prague",
    "united states": "UTC",
    "russia": "UTC",
    "brazil": "UTC",
    "australia": "UTC",
    "canada": "UTC",
    "mexico": "UTC",
    "spain": "UTC",
    "iran": "Asia/Tehran",
    "syria": "Asia/Damascus",
    "hong kong": "Asia/Hong_Kong",
}


def time_zone(country: str) -> str:
    """The IANA zone of a country with one; UTC where a country has several or is unknown."""
    name = country.strip().lower()
    return _OTHER_NAMES.get(name) or _zones().get(name) or "UTC"
