"""What no page of ours sends: fields it does not have, two answers for one, text that is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from equipoise.conduct.values import is_readable
from equipoise.web.request import TrialRequest

OF_EVERY_FORM = frozenset({"csrfmiddlewaretoken", "client_id"})
MAX_TEXT = 4000
"""Characters of a free text."""
_SHOWN = 60
_LISTED = 20


def strange(
    request: TrialRequest, known: Mapping[str, str], several: Collection[str] = ()
) -> dict[str, str]:
    """What is wrong with the names that were posted: name to words; empty where nothing is.

    `known` maps the page's field names to labels; `several` may carry more than one answer. Nothing
    is taken from a request that is not understood as a whole: a field that is silently left out, or
    one of two answers silently chosen, would be a value lost.
    """
    wrong: dict[str, str] = {}
    if not request.POST:
        # of a body in another form than a page's nothing is read, and nothing is not an answer
        wrong[""] = _("Nothing of this form has arrived. Send it again.")
    for name, values in request.POST.lists():
        if name in OF_EVERY_FORM:
            continue
        if name not in known:
            shown = name if len(name) <= _SHOWN else name[: _SHOWN - 1] + "…"
            if len(wrong) < _LISTED:
                wrong[name] = _("This page has no field “%(name)s”. Open it again.") % {
                    "name": shown
                }
        elif len(values) > 1 and name not in several:
            words = _("%(field)s: two answers were sent. Give one.")
            wrong[name] = words % {"field": known[name]}
    return wrong


def text_error(text: str, limit: int = MAX_TEXT) -> str:
    """What is wrong with a free text, or nothing."""
    if len(text) > limit:
        return _("Use at most %(count)s characters; these are %(n)s.") % {
            "count": limit, "n": len(text),
        }  # fmt: skip
    if not is_readable(text):
        return _("It contains a character that cannot be read. Type it again.")
    return ""
