"""What a row of the permission table says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ROLES = (
    "coordinator", "investigator", "pharmacist", "monitor", "statistician", "dsmb", "sponsor",
    "administrator",
)  # fmt: skip
"""The roles a person can be granted."""

Right = Literal["own:read", "own:write", "any:read", "any:write"]
READ: Right = "own:read"
WRITE: Right = "own:write"
READ_ANY: Right = "any:read"
WRITE_ANY: Right = "any:write"


@dataclass(frozen=True, slots=True)
class Page:
    """One row of the table.

    `methods` are those the page answers; a GET needs a read right, a POST a write right. `everyone`
    lets anonymous visitors in, with full use of the page.
    """

    path: str
    about: str
    methods: tuple[str, ...] = ("GET",)
    rights: Mapping[str, Right] = field(default_factory=dict)
    everyone: bool = False
