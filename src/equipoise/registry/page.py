"""The public record page as typed sections: what it says, before how it looks.

Sections stand in the registry's order. What is missing is a sentence of its own, never a blank;
what was decided about a gap stands beside it, marked assumed until somebody confirms it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from equipoise.protocol.document import (
    Contact,
    Decision,
    Intervention,
    Offset,
    Protocol,
    RegistryDate,
    Text,
)
from equipoise.protocol.record.facts import plain

from .blocks import (
    Block,
    DecisionNote,
    Entries,
    Entry,
    Fact,
    Facts,
    Group,
    Language,
    MissingPart,
    Prose,
    RecordPage,
    Section,
    Table,
)
from .further import further_facts
from .live import LiveProjection, PublicTable
from .results import registered_results
from .words import DECIDED_IN, ELSEWHERE, SECTION_TITLES, coded, label, missing, pick


def record_page(
    protocol: Protocol, language: Language = "en", live: LiveProjection | None = None
) -> RecordPage:
    """The public record of a protocol or a draft, with what a running trial has released."""
    return _Writer(protocol, language, live).page()


class _Writer:
    def __init__(self, protocol: Protocol, language: Language, live: LiveProjection | None) -> None:
        self.protocol = protocol
        self.language: Language = language
        self.live = live

    # words -------------------------------------------------------------------------------

    def say(self, text: Text | None) -> str:
        return "" if text is None else plain(text.in_language(self.language))

    def label(self, name: str) -> str:
        return label(name, self.language)

    def coded(self, value: str | None) -> str:
        return coded(value, self.language)

    def missing(self, name: str) -> MissingPart:
        return MissingPart(missing(name, self.language))

    def facts(self, *pairs: tuple[str, str | None]) -> Facts:
        """Facts by label; an empty one is said to be not stated."""
        unsaid = missing("not_stated", self.language)
        return Facts(tuple(Fact(self.label(name), words or unsaid) for name, words in pairs))

    def known(self, *pairs: tuple[str, str | None]) -> tuple[Fact, ...]:
        """Only the facts that are there."""
        return tuple(Fact(self.label(name), words) for name, words in pairs if words)

    def prose(self, text: str) -> Prose:
        return Prose(tuple(part.strip() for part in text.split("\n\n") if part.strip()))

    def date(self, date: RegistryDate | None) -> str | None:
        if date is None:
            return None
        kind = f" ({self.coded(date.type)})" if date.type != "unspecified" else ""
        return f"{date.date}{kind}"

    # the page ----------------------------------------------------------------------------

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

    def status(self) -> str | None:
        return self.live.status if self.live else self.protocol.identity.registry_status

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

    # sections ----------------------------------------------------------------------------

    def text_section(self, text: Text | None, name: str) -> Iterator[Block]:
        words = self.say(text)
        yield self.prose(words) if words else self.missing(name)

    def results(self) -> Iterator[Block]:
        released = False
        if self.live is not None and self.live.released:
            released = True
            if self.live.headline is not None:
                yield Prose((self.say(self.live.headline),))
            for name, tables in (
                ("flow", self.live.participant_flow),
                ("outcomes", self.live.outcomes),
                ("adverse", self.live.safety),
            ):
                if tables:
                    yield Group(self.label(name), tuple(self.table(table) for table in tables))
        section = _mapping(self.protocol.record.get("kept")).get("resultsSection")
        if isinstance(section, Mapping):
            registered = tuple(registered_results(section, self.language))
            released = released or bool(registered)
            yield from registered
        if not released:
            yield self.missing("results")
        outcomes = tuple(self.outcomes())
        yield Group(self.label("planned"), outcomes if outcomes else (self.missing("primary"),))

    def table(self, table: PublicTable) -> Table:
        return Table(
            title=self.say(table.title),
            head=("", *(self.say(column) for column in table.columns)),
            rows=tuple((self.say(row.label), *row.cells) for row in table.rows),
            notes=tuple(self.say(note) for note in table.notes),
        )

    def outcomes(self) -> Iterator[Block]:
        """Planned outcomes: the protocol's endpoints, else those the record keeps."""
        listed: dict[str, list[Entry]] = {}
        for endpoint in self.protocol.endpoints:
            listed.setdefault(endpoint.role, []).append(
                Entry(
                    None,
                    self.say(endpoint.label),
                    self.known(("time_frame", self.say(endpoint.time_frame))),
                )
            )
        if not listed:
            kept = _mapping(self.protocol.record.get("outcomes"))
            for role in ("primary", "secondary", "other"):
                entries = kept.get(role)
                for entry in entries if isinstance(entries, Sequence) else ():
                    one = _mapping(entry)
                    words = plain(str(one.get("measure", "")))
                    if one.get("description"):
                        words += f"\n{plain(str(one['description']))}"
                    frame = plain(str(one.get("time_frame") or ""))
                    listed.setdefault(role, []).append(
                        Entry(None, words, self.known(("time_frame", frame)))
                    )
        if listed and "primary" not in listed:
            yield self.missing("primary")
        for role, found in listed.items():
            yield Group(
                self.label(role),
                (Entries(tuple(found)),),
                folded=role != "primary" and len(found) > 6,
            )

    def basic(self) -> Iterator[Block]:
        design, dates = self.protocol.design, self.protocol.identity.dates
        size = design.sample_size
        facts = self.facts(
            ("status", self.coded(self.status())),
            ("phase", ", ".join(self.coded(phase) for phase in design.phase)),
            ("participants", str(size.target) if size else None),
            ("study_type", self.coded(design.study_type)),
            ("start", self.date(dates.start)),
            ("completion", self.date(dates.completion)),
        ).facts
        texts = _mapping(self.protocol.record.get("texts"))
        stopped = texts.get("why_stopped")
        facts += self.known(
            ("primary_completion", self.date(dates.primary_completion)),
            ("first_posted", self.date(dates.first_posted)),
            ("last_updated", self.date(dates.last_updated)),
            ("why_stopped", plain(stopped) if isinstance(stopped, str) else None),
        )
        if self.live is not None:
            randomized = self.live.randomized
            facts += self.known(
                ("randomized_so_far", None if randomized is None else str(randomized)),
                ("as_of", str(self.live.as_of)),
            )
        yield Facts(facts)

    def description(self) -> Iterator[Block]:
        yield from self.text_section(self.protocol.identity.description, "description")
        references = self.protocol.identity.references
        if references:
            entries = tuple(
                Entry(None, self.say(one.text) + (f" {one.url}" if one.url else ""))
                for one in references
            )
            yield Group(self.label("references"), (Entries(entries),), folded=len(entries) > 5)

    def conditions(self) -> Iterator[Block]:
        conditions = self.protocol.identity.conditions
        if not conditions:
            yield self.missing("conditions")
            return
        yield Entries(tuple(Entry(None, self.say(condition)) for condition in conditions))

    def design(self) -> Iterator[Block]:
        design, randomization = self.protocol.design, self.protocol.randomization
        masking = design.masking
        observed = design.study_type == "observational"
        facts = self.facts(
            ("allocation", self.coded(design.allocation)),
            (
                ("observational_model", self.coded(design.observational_model))
                if observed
                else ("model", self.coded(design.model))
            ),
            ("purpose", self.coded(design.purpose)),
            ("masking", self.coded(masking.level) if masking else None),
        ).facts
        texts = _mapping(self.protocol.record.get("texts"))
        more: list[tuple[str, str | None]] = [
            (
                "time_perspective",
                self.coded(design.time_perspective) if design.time_perspective else None,
            )
        ]
        if masking is not None:
            more += [
                ("masked", ", ".join(self.coded(person) for person in masking.masked)),
                ("masking_description", self.say(masking.description)),
                ("outcome_assessment", self.say(masking.outcome_assessment)),
            ]
        elif isinstance(texts.get("masking_description"), str):
            more.append(("masking_description", plain(texts["masking_description"])))
        if randomization is not None:
            arms = self.protocol.arm_by_id
            names = " : ".join(
                self.say(arms[arm].label) if arm in arms else arm for arm in randomization.ratio
            )
            ratio = ":".join(str(share) for share in randomization.ratio.values())
            more.append(("ratio", f"{ratio} ({names})"))
            more.append(("strata", ", ".join(self.factor(one.id) for one in randomization.strata)))
        if design.sample_size is not None:
            more.append(("sample_size", self.say(design.sample_size.rationale)))
        if isinstance(texts.get("model_description"), str):
            more.append(("model_description", plain(texts["model_description"])))
        committee = self.protocol.record.get("monitoring_committee")
        if isinstance(committee, bool):
            more.append(("monitoring_committee", self.label("yes" if committee else "no")))
        if self.live is not None:
            more.append(("commitment", self.live.commitment))
            more.append(("seed_revealed", self.live.seed_revealed))
        yield Facts(facts + self.known(*more))

    def factor(self, name: str) -> str:
        randomization = self.protocol.randomization
        strata = randomization.strata if randomization else []
        factor = next((one for one in strata if one.id == name), None)
        item = self.protocol.item_by_id.get(factor.item) if factor and factor.item else None
        return self.say(item.label) if item else name.replace("_", " ")

    def groups(self) -> Iterator[Block]:
        names = {one.id: self.say(one.name) for one in self.protocol.interventions}
        for arm in self.protocol.arms:
            blocks: list[Block] = []
            if arm.description is not None:
                blocks.append(self.prose(self.say(arm.description)))
            receives = ", ".join(names.get(one, one) for one in arm.interventions)
            facts = self.known(("type", self.coded(arm.type) if arm.type else None))
            facts += (Fact(self.label("interventions"), receives or self.label("no_intervention")),)
            blocks.append(Facts(facts))
            yield Group(self.say(arm.label), tuple(blocks))
        if not self.protocol.arms:
            yield self.missing("groups")

    def interventions(self) -> Iterator[Block]:
        for intervention in self.protocol.interventions:
            blocks: list[Block] = []
            if intervention.description is not None:
                blocks.append(self.prose(self.say(intervention.description)))
            facts = self.known(
                ("type", self.coded(intervention.type) if intervention.type else None)
            ) + tuple(self.regimen(intervention))
            if facts:
                blocks.append(Facts(facts))
            if not blocks:
                blocks.append(self.missing("not_stated"))
            yield Group(self.say(intervention.name), tuple(blocks))
        if not self.protocol.interventions:
            yield self.missing("interventions")

    def regimen(self, intervention: Intervention) -> Iterator[Fact]:
        regimen = intervention.regimen
        if regimen is None:
            return
        times = self.label("times_a_day").format(n=regimen.times_a_day)
        separator = "，" if self.language == "zh-Hans" else ", "
        yield Fact(self.label("dose"), f"{regimen.dose:f} {regimen.dose_unit}{separator}{times}")
        if regimen.timing is not None:
            yield Fact(self.label("given"), self.say(regimen.timing))
        span = f"{self.day(regimen.start)} {self.label('to')} {self.day(regimen.stop)}"
        yield Fact(self.label("from_to"), span)
        if regimen.preparation is not None:
            yield Fact(self.label("preparation"), self.say(regimen.preparation.steps))
        if regimen.restrictions:
            yield Fact(
                self.label("restrictions"),
                separator.join(self.say(one).rstrip(".。") for one in regimen.restrictions),
            )

    def day(self, offset: Offset) -> str:
        anchor = next(
            (one for one in self.protocol.schedule.anchors if one.id == offset.anchor), None
        )
        name = self.say(anchor.label) if anchor else offset.anchor.replace("_", " ")
        if self.language == "en" and name[1:2].islower():
            name = name[:1].lower() + name[1:]
        if offset.day == 0:
            return name
        side = self.label("before" if offset.day < 0 else "after")
        form = "one_day_of" if abs(offset.day) == 1 else "day_of"
        return self.label(form).format(n=abs(offset.day), side=side, anchor=name)

    def eligibility(self) -> Iterator[Block]:
        eligibility = self.protocol.eligibility
        if not eligibility.criteria and eligibility.text is None:
            yield self.missing("eligibility")
        for kind in ("inclusion", "exclusion"):
            listed = [one for one in eligibility.criteria if one.kind == kind]
            if not listed:
                continue
            yield Group(
                self.label(kind),
                (
                    Entries(
                        tuple(
                            Entry(
                                one.number,
                                (
                                    f"{self.say(one.note)}: "
                                    if one.note and one.met_when is None and not one.number
                                    else ""
                                )
                                + self.say(one.text),
                            )
                            for one in listed
                        )
                    ),
                ),
            )
        if eligibility.text is not None:
            yield self.prose(self.say(eligibility.text))
        healthy = eligibility.healthy_volunteers
        yield Facts(
            self.facts(
                ("minimum_age", self.age(eligibility.minimum_age)),
                ("maximum_age", self.age(eligibility.maximum_age)),
                ("sex", self.coded(eligibility.sex) if eligibility.sex else None),
                (
                    "healthy_volunteers",
                    None if healthy is None else self.label("yes" if healthy else "no"),
                ),
            ).facts
            + self.known(
                ("population", self.say(eligibility.population)),
                (
                    "sampling_method",
                    self.coded(eligibility.sampling_method)
                    if eligibility.sampling_method
                    else None,
                ),
            )
        )

    def age(self, age: str | None) -> str | None:
        """`18 Years` in the page's language."""
        if age is None or self.language == "en":
            return age.lower() if age and age.split()[0].isdigit() else age
        number, _, unit = age.partition(" ")
        chinese = {"year": "岁", "month": "个月", "week": "周", "day": "天", "hour": "小时"}
        return f"{number} {chinese.get(unit.lower().rstrip('s'), unit)}".strip()

    def sponsors(self) -> Iterator[Block]:
        sponsors = self.protocol.identity.sponsors
        if not sponsors:
            yield self.missing("sponsors")
            return
        yield Entries(
            tuple(
                Entry(
                    None,
                    self.say(one.name),
                    self.known(
                        ("role", None if one.role == "unspecified" else self.coded(one.role)),
                        ("type", self.coded(one.type) if one.type else None),
                    ),
                )
                for one in sponsors
            )
        )

    def party(self) -> Iterator[Block]:
        party = self.protocol.identity.responsible_party
        facts = (
            self.known(
                ("type", self.coded(party.type) if party.type else None),
                ("name", self.say(party.name)),
                ("title", self.say(party.title)),
                ("affiliation", self.say(party.affiliation)),
            )
            if party
            else ()
        )
        yield Facts(facts) if facts else self.missing("party")

    def locations(self) -> Iterator[Block]:
        sites = self.protocol.identity.sites
        if not sites:
            yield self.missing("locations")
            return
        entries = []
        for site in sites:
            place = ", ".join(
                dict.fromkeys(
                    words
                    for words in (
                        self.say(site.city),
                        self.say(site.region),
                        self.say(site.country),
                    )
                    if words
                )
            )
            status = self.live.sites.get(site.id) if self.live else None
            entries.append(
                Entry(
                    None,
                    f"{self.say(site.name)}\n{place}",
                    self.known(("status", self.coded(status or site.recruitment_status))),
                )
            )
        shown = Entries(tuple(entries))
        if len(entries) > 20:
            yield Group(
                f"{len(entries)} · {pick(SECTION_TITLES['locations'], self.language)}",
                (shown,),
                folded=True,
            )
        else:
            yield shown

    def countries(self) -> Iterator[Block]:
        countries = [self.say(one) for one in self.protocol.identity.countries]
        if countries:
            yield Entries(tuple(Entry(None, country) for country in countries))
        else:
            yield self.missing("countries")

    def contacts(self, kind: str) -> Iterator[Block]:
        listed = [one for one in self.protocol.identity.contacts if one.kind == kind]
        if not listed:
            yield self.missing(kind)
            return
        entries = Entries(tuple(self.contact(one) for one in listed))
        if len(listed) > 12:
            title = f"{len(listed)} · {pick(SECTION_TITLES[kind], self.language)}"
            yield Group(title, (entries,), folded=True)
        else:
            yield entries

    def contact(self, contact: Contact) -> Entry:
        site = self.protocol.site_by_id.get(contact.site) if contact.site else None
        name = self.say(contact.name) + (f"\n{self.say(site.name)}" if site else "")
        details = self.known(
            ("role", self.coded(contact.role) if contact.role else None),
            ("phone", contact.phone),
            ("email", contact.email),
        )
        if not (contact.phone or contact.email):
            unreachable = missing("no_contact_way", self.language)
            details += (Fact(self.label("phone"), unreachable),)
        return Entry(None, name, details)

    def identifiers(self) -> Iterator[Block]:
        numbers = self.protocol.identity.identifiers
        if not numbers:
            yield self.missing("identifiers")
            return
        yield Entries(
            tuple(
                Entry(
                    None,
                    one.id,
                    self.known(
                        (
                            "type",
                            self.coded(one.type)
                            if one.type
                            else missing("not_stated", self.language),
                        ),
                        ("source", self.coded(one.source) if one.source else None),
                    ),
                )
                for one in numbers
            )
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
