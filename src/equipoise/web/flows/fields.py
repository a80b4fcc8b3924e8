"""Fields of a data form, made from the protocol's items."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from equipoise.conduct.sealed import GONE
from equipoise.conduct.state import FormInstance
from equipoise.protocol.document import Form, FormItem, Item, Protocol
from equipoise.quantity.readable import beside, readable_unit
from equipoise.web.vocabulary import moment, text_said

PREFIX = "v."
"""Names of data fields start with it, so that nothing else on the page can be taken for data."""
_LONG_LABEL = 18
_KINDS = {
    "integer": "number",
    "decimal": "number",
    "boolean": "boolean",
    "date": "date",
    "partial_date": "text",
    "time": "text",
    "code": "code",
    "text": "longtext",
    "identity": "text",
}


@dataclass(frozen=True, slots=True)
class DataField:
    """One item on a page, as `_field.html` draws it.

    `asked` says whether skip logic asks for it; a field that is not asked but holds something stays
    in sight, so that nothing typed disappears.
    """

    item: str
    id: str
    name: str
    label: str
    kind: str
    value: str
    choices: Sequence[tuple[str, str]]
    unit: str
    range: str
    hint: str
    error: str
    required: bool
    readonly: bool
    long: bool
    asked: bool
    conditional: bool
    meanwhile: str = ""
    """What another person has saved while this was typed."""
    verified: str = ""
    """Who verified the value against the source, or that a change has made the mark void."""
    verification_void: bool = False


def field_id(item: str, prefix: str = "") -> str:
    """The id of an item's field on a page."""
    return f"f-{prefix}{item}"


_known_choices: dict[tuple[str, str, str], tuple[tuple[str, str], ...]] = {}


def _choices(protocol: Protocol, codelist: str, language: str) -> tuple[tuple[str, str], ...]:
    key = (protocol.version, codelist, language)
    known = _known_choices.get(key)
    if known is not None:
        return known
    choices = []
    for code in protocol.codelist_by_id[codelist].codes:
        label = code.label.in_language(language)
        if code.description is not None:
            label += f": {code.description.in_language(language)}"
        choices.append((code.code, label))
    _known_choices[key] = tuple(choices)
    return _known_choices[key]


def _range(item: Item) -> str:
    low, high = item.minimum, item.maximum
    parts = []
    if low is not None and high is not None:
        parts.append(_("%(low)s to %(high)s") % {"low": low, "high": high})
    elif low is not None:
        parts.append(_("at least %(low)s") % {"low": low})
    elif high is not None:
        parts.append(_("at most %(high)s") % {"high": high})
    low, high = item.expected_minimum, item.expected_maximum
    if low is not None and high is not None:
        parts.append(_("expected %(low)s to %(high)s") % {"low": low, "high": high})
    return " · ".join(parts)


def _hint(item: Item, language: str) -> str:
    parts = []
    if item.help is not None:
        parts.append(item.help.in_language(language))
    others = [unit for unit in item.units if unit != item.unit]
    if others:
        units = ", ".join(others)
        parts.append(_("Another unit may be typed after the number: %(units)s.") % {"units": units})
    if item.type == "partial_date":
        parts.append(_("A year, a year and month (2026-03), or a full date (2026-03-14)."))
    if item.type == "time":
        parts.append(_("24 hours, for example 08:30."))
    if item.derived is not None:
        parts.append(_("Computed from the other values."))
    return " ".join(parts)


def data_fields(
    protocol: Protocol,
    form: Form,
    instance: FormInstance | None,
    language: str,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    asked: Collection[str] | None = None,
    derived: Mapping[str, str] | None = None,
    readonly: bool = False,
    prefix: str = "",
) -> list[DataField]:
    """The form's fields with what is saved, or over it what is being typed."""
    fields = []
    for entry in form.items:
        fields.append(
            _data_field(
                protocol,
                entry,
                instance,
                language,
                typed or {},
                errors or {},
                entry.item in asked if asked is not None else entry.only_when is None,
                (derived or {}).get(entry.item),
                readonly,
                prefix,
            )
        )
    return fields


def kept_gone(mark: str) -> str:
    """What a field says whose value can be read no more: the mark is not offered as something to save."""
    return _("%(what)s Leave the field empty to leave it so.") % {"what": text_said(mark)}


def _data_field(
    protocol: Protocol,
    entry: FormItem,
    instance: FormInstance | None,
    language: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    asked: bool,
    computed: str | None,
    readonly: bool,
    prefix: str,
) -> DataField:
    item = protocol.item_by_id[entry.item]
    held = instance.values.get(item.id) if instance else None
    saved = ""
    if held is not None:
        saved = held.value.raw or held.value.value or ""
        if item.derived is not None or item.type in ("boolean", "code"):
            saved = held.value.value or held.value.raw or ""
    gone = saved if saved in GONE else ""
    if gone:
        saved = ""
    value = typed.get(item.id, saved) if item.derived is None else computed or saved
    kind = _KINDS[item.type]
    choices: Sequence[tuple[str, str]] = ()
    if kind == "boolean":
        choices = (("true", _("Yes")), ("false", _("No")))
    elif kind == "code":
        choices = _choices(protocol, item.codelist or "", language)
    if choices:
        choices = (*choices, ("ND", _("Not done")))
        if saved:
            choices = (*choices, ("", _("No answer")))
    if kind == "longtext" and item.max_length <= 120:
        kind = "text"
    meanwhile = ""
    if item.id in typed and held is not None and item.derived is None and typed[item.id] != saved:
        meanwhile = _("Saved: %(value)s, by %(who)s, %(when)s") % {
            "value": text_said(gone or saved) or "–",
            "who": held.stamp.actor,
            "when": moment(held.stamp.at),
        }
    mark = instance.verified.get(item.id) if instance else None
    verified = ""
    if mark is not None:
        names = {"who": mark.stamp.actor, "when": moment(mark.stamp.at)}
        verified = _("verified by %(who)s, %(when)s") % names
        if mark.void is not None:
            verified += "; " + _("void since the change by %(who)s, %(when)s") % {
                "who": mark.void.actor,
                "when": moment(mark.void.at),
            }
    return DataField(
        item=item.id,
        id=field_id(item.id, prefix),
        name=f"{PREFIX}{prefix}{item.id}",
        label=item.label.in_language(language),
        kind=kind,
        value=text_said(gone) if gone and readonly else value,
        choices=choices,
        unit=beside(readable_unit(item.unit, language)),
        range=_range(item),
        hint=" ".join(filter(None, (gone and kept_gone(gone), _hint(item, language)))),
        error=errors.get(item.id, ""),
        required=entry.required,
        readonly=readonly or item.derived is not None,
        long=any(len(label) > _LONG_LABEL for _value, label in choices) or len(choices) > 6,
        asked=asked or bool(value or gone),
        conditional=entry.only_when is not None,
        meanwhile=meanwhile,
        verified=verified,
        verification_void=mark is not None and mark.void is not None,
    )


def typed_values(posted: Mapping[str, str], prefix: str = "") -> dict[str, str]:
    """What was typed into data fields: item to text."""
    start = PREFIX + prefix
    return {name[len(start) :]: value for name, value in posted.items() if name.startswith(start)}
