"""Write what the manual says of the interface from the program: the OpenAPI document and its table.

    python tools/interface_page.py

`docs/reference/openapi.json` is written anew; in `docs/reference/api.md` the table between the two marks.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"
PAGE = ROOT / "docs" / "reference" / "api.md"
BEGIN, END = "<!-- operations -->\n", "<!-- end -->\n"


def written() -> tuple[str, str]:
    """The OpenAPI document and the page as they have to stand. Django must be configured."""
    from equipoise.web.api.document import document, operations_table

    before, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _table, _end, after = rest.partition(END)
    page = f"{before}{BEGIN}\n{operations_table()}\n{END}{after}"
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n", page


def main() -> None:
    """Write both."""
    from equipoise.home import Home, RehearsalSettings
    from equipoise.web import configure, release

    settings = RehearsalSettings(seed=1, replicate=0, start="2026-12-01T01:00:00+00:00", options={})
    protocol = ROOT / "trials" / "nct07312656" / "protocol.yaml"
    with (
        tempfile.TemporaryDirectory() as folder,
        Home.create(Path(folder) / "home", protocol, rehearsal=settings) as home,
    ):
        configure(home)
        document, page = written()
        release()
    DOCUMENT.write_text(document, encoding="utf-8")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
