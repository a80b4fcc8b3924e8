"""The public record page as typed sections: what it says, before how it looks.

Sections stand in the registry's order. What is missing is a sentence of its own, never a blank;
what was decided about a gap stands beside it, marked assumed until somebody confirms it.
"""

from __future__ import annotations

from equipoise.protocol.document import Decision, Protocol

from ..blocks import DecisionNote, Language, RecordPage, Section
from ..further import further_facts
from ..live import LiveProjection
from ..words import DECIDED_IN, ELSEWHERE, SECTION_TITLES, pick
from .findings import FindingsSection
from .people import PeopleSections
from .study import StudySections


def record_page(
    protocol: Protocol, language: Language = "en", live: LiveProjection | None = None
) -> RecordPage:
    """The public record of a protocol or a draft, with what a running trial has released."""
    return _Writer(protocol, language, live).page()


class _Writer(FindingsSection, StudySections, PeopleSections):
    def page(self) -> RecordPage:
        identity = self.protocol.identity
        writers = {
            "results": self.results,
            "basic": self.basic,
            "summary": lambda: self.text_section(identity.summary, "summary"),
            "description": self.description,
            "conditions": self.conditions,
            "design": self.design,
            "groups": self.groups,
            "interventions": self.interventions,
            "eligibility": self.eligibility,
            "sponsors": self.sponsors,
            "party": self.party,
            "locations": self.locations,
            "countries": self.countries,
            "central": lambda: self.contacts("central"),
            "facility": lambda: self.contacts("facility"),
            "identifiers": self.identifiers,
        }
        decisions = self.decisions()
        sections = tuple(
            Section(
                name,
                pick(SECTION_TITLES[name], self.language),
                tuple(write()),
                tuple(decisions.get(name, ())),
            )
            for name, write in writers.items()
        )
        notices = []
        if self.live is not None and self.live.mode != "live":
            notices.append(self.label(self.live.mode))
        if self.language != "en" and not identity.titles.brief.has(self.language):
            notices.append(self.label("no_translation"))
        official = self.say(identity.titles.official)
        title = self.say(identity.titles.brief)
        dates = identity.dates
        return RecordPage(
            language=self.language,
            title=title,
            official_title=official if official and official != title else None,
            numbers=tuple(
                one.id for one in identity.identifiers if one.type in ("nct", "registry")
            ),
            status=self.coded(self.status()),
            updated=str(dates.last_updated.date) if dates.last_updated else None,
            notices=tuple(notices),
            sections=sections,
            further=further_facts(self.protocol.record, self.language),
        )

    def decisions(self) -> dict[str, list[DecisionNote]]:
        by_section: dict[str, list[DecisionNote]] = {}
        last = {decision.finding: decision for decision in self.protocol.decisions}
        for decision in last.values():
            section = DECIDED_IN.get(decision.finding.partition("/")[0], ELSEWHERE)
            by_section.setdefault(section, []).append(self.note(decision))
        return by_section

    def note(self, decision: Decision) -> DecisionNote:
        assumed = decision.status == "assumed"
        standing = self.label("assumed" if assumed else "confirmed")
        if assumed:
            who = self.say(decision.confirm_with) or self.label("study_team")
            confirm = self.label("to_confirm").format(who=who)
            standing = f"{standing}{'，' if self.language == 'zh-Hans' else ', '}{confirm}"
        return DecisionNote(
            finding=decision.finding,
            assumed=assumed,
            standing=standing,
            choice=self.say(decision.choice),
            reason=self.say(decision.reason),
            by=self.label("by_on").format(by=decision.by, on=decision.on),
        )
