"""What is planned: basic facts, design, groups, interventions, who can take part."""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.protocol.document import Intervention, Offset
from equipoise.protocol.record.facts import plain

from ..blocks import Block, Entries, Entry, Fact, Facts, Group
from .saying import Saying, mapping


class StudySections(Saying):
    """The sections that tell what the study is."""

    def basic(self) -> Iterator[Block]:
        """Status, phase, size and dates."""
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
        texts = mapping(self.protocol.record.get("texts"))
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
        """The detailed description and its references."""
        yield from self.text_section(self.protocol.identity.description, "description")
        references = self.protocol.identity.references
        if references:
            entries = tuple(
                Entry(None, self.say(one.text) + (f" {one.url}" if one.url else ""))
                for one in references
            )
            yield Group(self.label("references"), (Entries(entries),), folded=len(entries) > 5)

    def conditions(self) -> Iterator[Block]:
        """The diseases."""
        conditions = self.protocol.identity.conditions
        if not conditions:
            yield self.missing("conditions")
            return
        yield Entries(tuple(Entry(None, self.say(condition)) for condition in conditions))

    def design(self) -> Iterator[Block]:
        """Allocation, model, masking, size."""
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
        texts = mapping(self.protocol.record.get("texts"))
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
        """A stratum factor by its label."""
        randomization = self.protocol.randomization
        strata = randomization.strata if randomization else []
        factor = next((one for one in strata if one.id == name), None)
        item = self.protocol.item_by_id.get(factor.item) if factor and factor.item else None
        return self.say(item.label) if item else name.replace("_", " ")

    def groups(self) -> Iterator[Block]:
        """The arms."""
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
        """What is given."""
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
        """Dose, times, from when to when."""
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
        """A day counted from an anchor, in words."""
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
        """Criteria, ages, sex."""
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
