"""The forms of a page as a browser would see them: names, kinds, ids, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PageField:
    """One field: its name, kind (`text`, `longtext`, `hidden`, `radio`, `checkbox`), id and values."""

    name: str
    kind: str
    id: str
    values: list[str] = field(default_factory=list)
    """What would be sent as it stands."""
    choices: list[str] = field(default_factory=list)
    readonly: bool = False


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[dict[str, PageField]] = []
        self.within: list[str] = []
        self.area: PageField | None = None
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = True
            self.forms.append({})
        elif tag == "fieldset":
            self.within.append(given.get("id", ""))
        elif self.open and tag in ("input", "textarea") and given.get("name"):
            self._found(tag, given)

    def _found(self, tag: str, given: dict[str, str]) -> None:
        kind = "longtext" if tag == "textarea" else given.get("type", "text")
        place = (
            self.within[-1]
            if kind in ("radio", "checkbox") and self.within
            else given.get("id", "")
        )
        one = self.forms[-1].setdefault(given["name"], PageField(given["name"], kind, place))
        one.readonly = one.readonly or "readonly" in given or "disabled" in given
        if kind in ("radio", "checkbox"):
            one.choices.append(given.get("value", ""))
            if "checked" in given:
                one.values.append(given.get("value", ""))
        elif tag == "textarea":
            one.values.append("")
            self.area = one
        else:
            one.values.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = False
        elif tag == "fieldset" and self.within:
            self.within.pop()
        elif tag == "textarea":
            self.area = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.values[-1] += data


def own_form(page: str) -> dict[str, PageField] | None:
    """The fields of the page's own form (the one that becomes a command), or None."""
    reader = _Forms()
    reader.feed(page)
    return next((form for form in reader.forms if "client_id" in form), None)


def as_sent(form: dict[str, PageField]) -> list[tuple[str, str]]:
    """What a browser would send if the form were sent as it stands."""
    return [(one.name, value) for one in form.values() for value in one.values]
