#!/usr/bin/env python3
"""Keep the web's catalog of words: gather the phrases, update the .po file, compile it.

    python tools/wording.py            # update and compile; exit code 1 if a phrase has no translation
    python tools/wording.py --check    # change nothing; exit code 1 if anything would change

Needs Babel and Django, not GNU gettext. Phrases are gathered from `_`, `gettext`, `ngettext`, `noop`
and `say` in Python, and from `translate` and `blocktranslate` in templates.
"""

from __future__ import annotations

import ast
import io
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

WEB = Path(__file__).resolve().parents[1] / "src" / "equipoise" / "web"
PO = WEB / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")
MARKERS = frozenset({"_", "gettext", "gettext_noop", "noop", "say"})
_CALL = re.compile(
    r"""\b(n?gettext)\((u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")(?:,\s*(u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*"))?"""
)

HEADERS = (
    ("Project-Id-Version", "Equipoise"),
    ("Language", "zh_Hans"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
    ("Plural-Forms", "nplurals=1; plural=0;"),
)
"""No dates: equal words are equal bytes."""

Phrase = str | tuple[str, str]


def phrases() -> dict[Phrase, str]:
    """Every phrase of the web room, and the first file it stands in; plurals are pairs."""
    found: dict[Phrase, str] = {}
    for path in sorted([*WEB.rglob("*.py"), *WEB.rglob("*.html")]):
        text = path.read_text(encoding="utf-8")
        gather = _in_python if path.suffix == ".py" else _in_template
        for phrase in gather(text):
            found.setdefault(phrase, path.relative_to(WEB).as_posix())
    return found


def _in_python(text: str) -> Iterator[Phrase]:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        words = [
            argument.value
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        if name in MARKERS and words:
            yield words[0]
        elif name == "ngettext" and len(words) >= 2:
            yield words[0], words[1]


def _in_template(text: str) -> Iterator[Phrase]:
    for kind, first, second in _CALL.findall(templatize(text)):
        one = ast.literal_eval(first)
        yield (one, ast.literal_eval(second)) if kind == "ngettext" else one


def read_catalog() -> Catalog:
    """The catalog as it stands; an empty one where there is none."""
    if not PO.exists():
        return new_catalog()
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def new_catalog() -> Catalog:
    """A catalog without phrases. Its header carries no dates, so that equal words are equal bytes."""
    catalog = Catalog(
        locale="zh_Hans",
        project="Equipoise",
        fuzzy=False,
        header_comment="# Words of the web pages in Simplified Chinese.",
    )
    catalog.mime_headers = list(HEADERS)
    return catalog


def updated(old: Catalog) -> Catalog:
    """The catalog with exactly the phrases in use, keeping the translations there are."""
    catalog = new_catalog()
    for phrase, place in sorted(phrases().items(), key=lambda pair: (pair[1], str(pair[0]))):
        key = phrase[0] if isinstance(phrase, tuple) else phrase
        message = old.get(key)
        string = message.string if message else ""
        forms = _forms(string)
        kept = forms if isinstance(phrase, tuple) else forms[0]
        catalog.add(phrase, kept, locations=[(place, 0)])
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """The catalog as text."""
    out = io.BytesIO()
    head = "".join(f'"{name}: {value}\\n"\n' for name, value in HEADERS)
    out.write(f'{new_catalog().header_comment}\nmsgid ""\nmsgstr ""\n{head}\n'.encode())
    write_po(out, catalog, width=100, omit_header=True, include_lineno=False)
    return out.getvalue()


def mo_bytes(po: bytes) -> bytes:
    """The text compiled: the same words are the same bytes, whichever version of Babel is at hand.

    Format: magic, revision, count, offsets of two tables of (length, offset), and the texts, with the
    phrases in byte order (GNU gettext manual, "The Format of GNU MO Files").
    """
    header = "".join(f"{name}: {value}\n" for name, value in HEADERS)
    texts = {b"": header.encode()}
    for message in read_po(io.BytesIO(po), locale="zh_Hans"):
        if message.id:
            source = _forms(message.id)
            target = _forms(message.string)
            texts["\0".join(source).encode()] = "\0".join(target).encode()
    pairs = sorted(texts.items())
    at = 28 + 16 * len(pairs)
    tables, content = [], b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), at + len(content)))
            content += pair[column] + b"\0"
    count = len(pairs)
    head = struct.pack("<IIIIIII", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, at)
    return head + b"".join(tables) + content


def _forms(text: object) -> tuple[str, ...]:
    """The singular and plural forms of a message; a message without plural is one form."""
    if isinstance(text, tuple | list):
        return tuple(str(form) for form in text)
    return (str(text or ""),)


def untranslated(catalog: Catalog) -> list[str]:
    """Phrases without a translation."""
    return [
        str(message.id)
        for message in catalog
        if message.id
        and not (all(message.string) if isinstance(message.string, tuple) else message.string)
    ]


def main(arguments: list[str]) -> int:
    """Update or check; see the module."""
    catalog = updated(read_catalog())
    po = po_bytes(catalog)
    mo = mo_bytes(po)
    missing = untranslated(catalog)
    for phrase in missing:
        print(f"no translation: {phrase}", file=sys.stderr)
    if "--check" in arguments:
        same = PO.exists() and PO.read_bytes() == po and MO.exists() and MO.read_bytes() == mo
        if not same:
            print("the catalog is not up to date: run python tools/wording.py", file=sys.stderr)
        return 0 if same and not missing else 1
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(po)
    MO.write_bytes(mo)
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
