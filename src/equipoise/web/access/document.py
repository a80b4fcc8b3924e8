"""The permission table as the page `docs/reference/permissions.md` of the manual."""

from __future__ import annotations

from .page import ROLES, Right
from .table import PAGES


def permissions_document() -> str:
    """The table as the page of the reference."""
    lines = [
        "# Who may open which page",
        "",
        "Generated from `equipoise.web.access.PAGES`; a test keeps it current. Pages marked",
        "*everyone* need no sign-in. **read** and **write** hold at the sites of the person's grant",
        "(a grant without a site covers all); *any* holds at every site. Everything else is refused:",
        "a role without a right gets 403, another site's participant does not exist (404), and an",
        "anonymous visitor is led to the sign-in page. What a command may do is decided once more by",
        "the trial, from the roles in the protocol.",
        "",
        "| Page | Address | Methods | Everyone | " + " | ".join(ROLES) + " |",
        "|---|---|---|---|" + "---|" * len(ROLES),
    ]
    for name, page in PAGES.items():
        cells = [_cell(page.rights.get(role)) for role in ROLES]
        lines.append(
            f"| `{name}`: {page.about} | `/{page.path}` | {' '.join(page.methods)} "
            f"| {'yes' if page.everyone else ''} | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines) + "\n"


def _cell(right: Right | None) -> str:
    if right is None:
        return ""
    scope, mode = right.split(":")
    return mode if scope == "own" else f"{mode} (any)"
