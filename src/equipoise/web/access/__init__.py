"""Who may open which page: one table, and the guard that denies whatever it does not grant.

A page without a row cannot be routed. A row names the page's path and, per role, whether the role
may read or write there, and whether only at the sites of its grant (`own`) or at all (`any`). What
a command may do is decided again by the trial itself; this table decides who is let in.
`docs/reference/permissions.md` is generated from it.
"""

from __future__ import annotations

from .admission import admit, first_page, guarded, may_open, right_of, site_seen
from .document import permissions_document
from .page import ROLES, Page
from .table import MENU, PAGES

__all__ = [
    "MENU", "PAGES", "ROLES", "Page", "admit", "first_page", "guarded", "may_open",
    "permissions_document", "right_of", "site_seen",
]  # fmt: skip
