"""Checks of who, where and how to reach them: summary, conditions, sponsors, sites, contacts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from equipoise.protocol.checks.finding import Finding

from .facts import RecordFacts, SponsorFacts
from .findings import finding, quoted
from .language import normal, tokens

CODES = (
    "no-summary",
    "no-conditions",
    "sites-missing",
    "contact-missing",
    "lead-sponsor-missing",
    "responsible-party-missing",
    "past-tense-plan",
)

_OPEN = frozenset({"not_yet_recruiting", "recruiting", "enrolling_by_invitation", "available"})


def check(facts: RecordFacts, today: date | None) -> Iterator[Finding]:
    """All findings on identity."""
    if not facts.summary:
        yield finding(
            "no-summary",
            "error",
            "identity.summary",
            (
                "There is no brief summary: the public cannot learn what the trial is about.",
                "缺少简要概述：公众无从了解试验内容。",
            ),
            ("Write two or three plain sentences.", "用两三句通俗的话写明。"),
        )
    if not facts.conditions:
        yield finding(
            "no-conditions",
            "error",
            "identity.conditions",
            (
                "No condition is named: the trial cannot be found by its disease.",
                "未写疾病：无法按疾病检索到本试验。",
            ),
            (
                "Name the condition, in MeSH terms where there are any.",
                "写明疾病，尽可能用 MeSH 术语。",
            ),
        )
    yield from _sites(facts)
    yield from _contact(facts)
    yield from _responsibility(facts)
    yield from _tense(facts)


# sites-missing ----------------------------------------------------------------------------------

_HOSPITAL = re.compile(
    r"\b(?:hospitals?|clinics?|infirmary|medical cent(?:er|re)s?|klinikum|h[oô]pital\w*|ospedale|policlinico|krankenhaus|hospices civils)\b"
)
_SITES_COUNT = re.compile(
    r"\b(?P<count>[2-9]|\d{2})\s+(?:(?:participating|different|medical|clinical|study|tertiary|large|major)\s+)*(?:hospitals|cent(?:er|re)s|sites|medical cent(?:er|re)s)\b"
)


def _sites(facts: RecordFacts) -> Iterator[Finding]:
    if not facts.sites:
        yield finding(
            "sites-missing",
            "error",
            "identity.sites",
            ("No location is listed.", "未列出任何研究中心。"),
            ("List every site with city and country.", "列出每个中心及其城市与国家。"),
        )
        return
    absent = [
        sponsor
        for sponsor in facts.sponsors
        if _HOSPITAL.search(normal(sponsor.name))
        and not any(_same_place(sponsor.name, site.name, site.city) for site in facts.sites)
    ]
    hidden = sum(1 for site in facts.sites if _anonymous(site.name))
    if absent and hidden < len(absent):
        names = "; ".join(sponsor.name for sponsor in absent)
        listed = len(facts.sites)
        yield finding(
            "sites-missing",
            "error" if _all_unlisted_partners(absent, facts) else "warning",
            "identity.sites",
            (
                f"{len(absent)} of the hospitals that sponsor the trial "
                f"{'is' if len(absent) == 1 else 'are'} not among the {listed} "
                f"location{'s' if listed != 1 else ''}: {names}.",
                f"申办或合作单位中有 {len(absent)} 家医院未列入 {listed} 个研究中心：{names}。",
            ),
            (
                "Add them as sites, or record that they do not recruit.",
                "补列为研究中心，或记录其不参与招募。",
            ),
        )
        return
    for passage in (facts.summary, facts.description, facts.model_text):
        match = _SITES_COUNT.search(normal(passage.text))
        if match and int(match["count"]) > len(facts.sites) and len(facts.sites) < 2:
            yield finding(
                "sites-missing",
                "warning",
                "identity.sites",
                (
                    f"The text speaks of {match[0]} ({passage.place}), {len(facts.sites)} "
                    "location is listed.",
                    f"文字称有 {match['count']} 个中心（{passage.place}），只列出 {len(facts.sites)} 个。",
                ),
                ("List every site.", "列出所有中心。"),
            )
            return


def _all_unlisted_partners(absent: list[SponsorFacts], facts: RecordFacts) -> bool:
    """Several hospitals run the trial together and most of them recruit nowhere."""
    return len(absent) >= 2 and len(facts.sites) < len(facts.sponsors)


_GENERIC = frozenset({
    "hospital", "hospitals", "clinic", "clinics", "medical", "center", "centre", "university",
    "affiliated", "people", "health", "general", "regional", "school", "medicine", "college",
    "research", "institute", "department", "s", "de", "du", "la", "le", "di", "des", "and", "at",
})  # fmt: skip


def _same_place(sponsor: str, site: str, city: str) -> bool:
    """Whether a site's name (with its city) is the sponsor's, articles and order aside."""
    one, other = tokens(sponsor), tokens(site)
    telling, named = one - _GENERIC, other - _GENERIC
    if not telling:
        return len(one & other) * 3 >= len(one) * 2
    common = telling & (named | tokens(city))
    return len(common) * 2 > len(telling) or (bool(named) and named <= telling)


def _anonymous(name: str) -> bool:
    return (
        re.search(r"\b(?:site|investigat\w+|research)\b.*\d|\bnot stated\b", normal(name))
        is not None
    )


def _contact(facts: RecordFacts) -> Iterator[Finding]:
    if facts.status is not None and facts.status not in _OPEN:
        return
    if any(contact.reachable for contact in facts.contacts):
        return
    if facts.contacts:
        names = ", ".join(quoted(contact.name) for contact in facts.contacts[:3])
        message = (
            f"Nobody can be reached: {names} stands there without telephone or e-mail.",
            f"无法联系：仅有姓名（{names}），无电话或电子邮箱。",
        )
    else:
        message = (
            "No contact is given: nobody interested can ask.",
            "未提供联系人：有意参加者无处咨询。",
        )
    yield finding(
        "contact-missing",
        "error",
        "identity.contacts",
        message,
        (
            "Give a central contact with a telephone number or an e-mail address.",
            "提供联系人及其电话或电子邮箱。",
        ),
    )


def _responsibility(facts: RecordFacts) -> Iterator[Finding]:
    if not any(sponsor.role == "lead" for sponsor in facts.sponsors):
        yield finding(
            "lead-sponsor-missing",
            "warning",
            "identity.sponsors",
            (
                "Which organization leads the trial is not said."
                if facts.sponsors
                else "No sponsor is named.",
                "未说明主要申办单位。" if facts.sponsors else "未写申办单位。",
            ),
            ("Mark one sponsor as lead.", "标明一家主要申办单位。"),
        )
    if not facts.responsible_party:
        yield finding(
            "responsible-party-missing",
            "warning",
            "identity.responsible_party",
            (
                "No responsible party is named: nobody answers for the record.",
                "未写责任方：无人对记录负责。",
            ),
            (
                "Name the sponsor or the investigator who answers for it.",
                "写明负责的申办方或研究者。",
            ),
        )


_PAST = re.compile(
    r"\b(?:(?:patients?|participants?|subjects?|women|children|they|group)\b[^.;]{0,40}\b(?:received|were (?:given|treated|administered|randomi[sz]ed|assigned|divided))|was (?:given|administered|performed|applied))\b"
)


def _tense(facts: RecordFacts) -> Iterator[Finding]:
    if facts.status != "not_yet_recruiting":
        return
    for arm in facts.arms:
        match = _PAST.search(normal(arm.description.text))
        if match is not None and not re.search(r"\bwho\b|\bprevious", match[0]):
            yield finding(
                "past-tense-plan",
                "note",
                arm.description.place,
                (
                    f"“{match[0]}”: the text speaks of the past, in a trial that has not begun.",
                    f"“{match[0]}”：试验尚未开始，文字却用过去时。",
                ),
                ("Write what will be done.", "改为将要进行的表述。"),
            )
            return
