"""By when a query is to be answered, and its answer to be judged, as the protocol's rule says."""

from __future__ import annotations

from datetime import date, timedelta

from equipoise.protocol.document import Protocol

from .decide.context import local_day_of
from .state import Query


def query_due(protocol: Protocol, site: str, query: Query) -> date | None:
    """The last day, on the site's calendar, on which what the query waits for is in time.

    An open query waits for the site's answer, from the day it was asked, or last asked again; an answered one
    for whoever decides whether that settles it. None for a closed one, and where the protocol has no rule.
    """
    rule = protocol.monitoring.queries
    if rule is None or query.status == "closed":
        return None
    if query.status == "open":
        since, days = (query.again[-1][1] if query.again else query.raised), rule.answer_days
    elif query.answered is None or rule.close_days is None:
        return None
    else:
        since, days = query.answered, rule.close_days
    return local_day_of(protocol, site, since.at) + timedelta(days=days)
