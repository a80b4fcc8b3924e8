"""The pages on which a replicate of a simulation is picked and opened as a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from equipoise.protocol.document import Protocol
from equipoise.quantity.text import LANGUAGES
from equipoise.rehearsal.bulk import Compared
from equipoise.rehearsal.picking import Pick, Seen

from .figures.replicates import replicates_figure
from .format import number, p_phrase, p_value
from .paper.html import paper_style
from .render import to_html
from .table import Column, Row, Table
from .words import say, text_of

_MONTH = 365.25 / 12
_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Exploration:
    """What was simulated. `rejected` counts the replicates whose first analysis crossed a boundary."""

    protocol: Protocol
    scenario: str
    seed: int
    seen: tuple[Seen, ...]
    rejected: int
    compared: tuple[Compared, ...]
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A replicate that is being opened: `state` is `playing`, `ready` or `failed`.

    `address` and `sign_ins` (role, site, name, password) are those of the ready trial; `played` its estimates, lower
    and upper limits and p by comparison; `error` says why it failed.
    """

    replicate: int
    state: str
    address: str = ""
    sign_ins: tuple[tuple[str, ...], ...] = ()
    played: Mapping[str, tuple[float, float, float, float]] | None = None
    simulated: Mapping[str, tuple[float, float, float, float]] | None = None
    error: str = ""


def replicates_page(explored: Exploration, token: str, language: str) -> str:
    """All replicates as a figure, the picks as a table, a button beside each."""
    protocol = explored.protocol
    early = [one.stopped is not None for one in explored.seen]
    first = explored.compared[0]
    analysis = next(one for one in protocol.analyses if one.id == first.analysis)
    title = text_of(analysis.label, language) if analysis.label else first.id
    marked: dict[str, float] = {}
    for pick in explored.picks[:3]:
        marked[say(f"pick_{pick.reason}", language)] = pick.seen.estimate
    figure = replicates_figure(
        [one.estimate for one in explored.seen],
        early,
        marked,
        say("pick_dots", language, analysis=title),
        language,
    )
    lead = say(
        "replicates_lead", language, count=len(explored.seen), seed=explored.seed,
        scenario=say(f"scenario_{explored.scenario}", language), rejects=explored.rejected,
        early=sum(early),
    )  # fmt: skip
    other = (
        f'<form method="post" action="open">{_hidden(token, language)}'
        f'<label>{escape(say("pick_any", language))} <input name="replicate" inputmode="numeric" '
        f'pattern="[0-9]+" required size="7"></label> '
        f"<button>{escape(say('pick_open', language))}</button></form>"
    )
    body = (
        f'<p class="answer">{escape(lead)}</p><figure tabindex="0">{figure}</figure>'
        f"{_picks(explored, token, language)}{other}"
    )
    return _page(protocol, body, language, "/")


def _picks(explored: Exploration, token: str, language: str) -> str:
    heads = ["replicate", "pick_estimate", "pick_p", "pick_arms", "pick_months"]
    head = f'<th scope="col">{escape(say("pick_why", language))}</th><td></td>' + "".join(
        f'<th scope="col" class="n">{escape(say(one, language))}</th>' for one in heads
    )
    rows = []
    for pick in explored.picks:
        seen = pick.seen
        estimate, lower, upper, p = seen.estimates[0]
        shown = f"{number(estimate, _DECIMALS)} ({number(lower, _DECIMALS)}, {number(upper, _DECIMALS)})"
        why = say(f"pick_{pick.reason}", language)
        cells = [
            str(seen.replicate), shown, p_value(p), " / ".join(map(str, seen.arms)),
            number(seen.days / _MONTH, 1),
        ]  # fmt: skip
        button = (
            f'<form method="post" action="open">{_hidden(token, language)}'
            f'<button name="replicate" value="{seen.replicate}" '
            f'aria-label="{escape(say("pick_open", language))}: {seen.replicate}">'
            f"{escape(say('pick_open', language))}</button></form>"
        )
        rows.append(
            f'<tr><th scope="row">{escape(why)}</th><td>{button}</td>'
            + "".join(f'<td class="n">{escape(cell)}</td>' for cell in cells)
            + "</tr>"
        )
    name = escape(say("replicates", language))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _hidden(token: str, language: str) -> str:
    return (
        f'<input type="hidden" name="token" value="{escape(token)}">'
        f'<input type="hidden" name="lang" value="{language}">'
    )


def opened_page(protocol: Protocol, opened: Opened, language: str) -> str:
    """How far the opening of a replicate is; and when it is done, where the trial stands and who may sign in."""
    back = f'<p><a href="/?lang={language}">{escape(say("pick_back", language))}</a></p>'
    said = say(f"pick_{opened.state}", language, replicate=opened.replicate)
    body = f'<p class="answer" role="status">{escape(said)}</p>'
    if opened.state == "failed":
        body += f'<pre tabindex="0">{escape(opened.error)}</pre>'
    if opened.state == "ready":
        body += f'<p><a href="{escape(opened.address)}">{escape(say("pick_go", language))}</a></p>'
        body += to_html(_sign_ins(opened, language))
        body += to_html(_two_roads(opened, language))
    refresh = opened.state == "playing"
    where = f"/replicate/{opened.replicate}"
    return _page(protocol, body + back, language, where, refresh=refresh)


def _sign_ins(opened: Opened, language: str) -> Table:
    heads = [("role", "Role", "角色"), ("site", "Site", "中心"), ("name", "User name", "用户名"),
             ("password", "Password", "密码")]  # fmt: skip
    place = LANGUAGES.index(language) + 1
    return Table(
        id="sign-ins",
        caption=say("pick_sign_ins", language),
        columns=tuple(Column(one[place]) for one in heads),
        rows=tuple(Row(tuple(row)) for row in opened.sign_ins),
    )


def _two_roads(opened: Opened, language: str) -> Table:
    rows = []
    played, simulated = opened.played or {}, opened.simulated or {}
    for name in simulated:
        here, there = simulated[name], played.get(name)
        same = there is not None and [repr(one) for one in here] == [repr(one) for one in there]
        rows.append(
            Row(
                (
                    name,
                    _interval(here),
                    "" if there is None else _interval(there),
                    say("pick_equal" if same else "pick_differs", language),
                )
            )
        )
    heads = ("pick_analysis", "pick_simulated", "pick_played", "pick_agree")
    return Table(
        id="two-roads",
        caption=say("pick_two_roads", language),
        columns=tuple(Column(say(one, language)) for one in heads),
        rows=tuple(rows),
    )


def _interval(values: Sequence[float]) -> str:
    estimate, lower, upper = (number(value, 4) for value in values[:3])
    return f"{estimate} ({lower}, {upper}); p {p_phrase(values[3])}"


def _page(
    protocol: Protocol, body: str, language: str, where: str, *, refresh: bool = False
) -> str:
    title = escape(text_of(protocol.identity.titles.brief, language))
    kind = escape(say("replicates", language))
    other = next(one for one in LANGUAGES if one != language)
    again = '<meta http-equiv="refresh" content="2">' if refresh else ""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n{again}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{kind}: {title}</title>\n<style>\n{paper_style()}\n"
        "button, input { font: inherit; padding: .25rem .75rem; min-height: 2.25rem; color: inherit; background: var(--paper); "
        "border: 1px solid var(--strong); border-radius: 2px } button { cursor: pointer; white-space: nowrap }\n"
        "td form { margin: 0 } tbody th { white-space: nowrap } th, td { vertical-align: middle } svg .dot.open { fill: var(--paper) } pre { overflow-x: auto }\n"
        "</style>\n</head>\n<body>\n"
        f'<div class="band"><p>{escape(say("rehearsal", language))}</p></div>\n<main>\n'
        f'<header class="stack"><p class="kind"><span>{kind}</span>'
        f'<a href="{where}?lang={other}" lang="{other}">{escape(say("other_language", language))}</a></p>'
        f"<h1>{title}</h1></header>\n{body}</main>\n</body>\n</html>\n"
    )
