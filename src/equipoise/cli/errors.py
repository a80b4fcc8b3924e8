"""Errors the user can mend: printed as one line each, never with a traceback."""

from __future__ import annotations

EXIT_USER_ERROR = 2
"""The exit code of a command that could not do its work for a reason the user can mend."""


class UserError(Exception):
    """Something the user can mend: `message` names the offender, the rule, the way out and the place.

    A message of several lines is several errors, one a line.
    """

    def __init__(self, message: str, *, exit_code: int = EXIT_USER_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
