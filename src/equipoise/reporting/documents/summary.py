"""The summary of results for participants, in plain words: made by rules, marked where a person must check.

Numbers come from the analyses and from nowhere else. Shares are told as natural frequencies (so many of so many
people, about so many in 100); an interval that includes no difference is said to leave the question open. Which
direction is better for people no rule can know, so that no sentence says it.
"""

from __future__ import annotations

import math

from equipoise.analysis import Results
from equipoise.analysis.results import AnalysisResult, BaselineRow, Comparison, GroupSummary
from equipoise.analysis.safety_results import TermRow
from equipoise.protocol.document import Arm, DaysAtLeast, Protocol, Repeated, Worst
from equipoise.quantity.readable import readable_unit

from ..format import level as confidence_level
from ..format import number
from ..paper import Block, Facts, Items, Paper, Paragraph, Section
from ..table import Column, Row, Table
from ..tables.people import arm_labels
from ..tables.study import cut_line
from ..words import known_or, say, text_of
from .described import treatment_line

SUMMARY = "summary"
"""The stem of the summary's files."""

IN_HUNDRED = 20
"""From so many people on a share is also told as so many in 100; of fewer it would feign precision."""
COMMON = 8
"""How many of the most common problems are listed."""
RULE_OF_THREE = 3
"""With no event among n people the true rate may still be 3/n (95 percent; Hanley, JAMA 1983;249:1743)."""

_DIFFERENCES = frozenset({"risk_difference", "mean_difference", "adjusted_mean_difference"})


def summary_paper(results: Results, protocol: Protocol, language: str) -> Paper:
    """The whole summary in a language."""
    return _Plain(results, protocol, language).paper()


class _Plain:
    def __init__(self, results: Results, protocol: Protocol, language: str) -> None:
        self.results, self.protocol, self.language = results, protocol, language
        self.labels = arm_labels(results, language)
        self.endpoints = {one.id: one for one in protocol.endpoints}

    def say(self, key: str, **values: object) -> str:
        return say(f"plain_{key}", self.language, **values)

    def joined(self, *sentences: str) -> Paragraph:
        return Paragraph(
            (" " if self.language == "en" else "").join(one for one in sentences if one)
        )

    def listed(self, words: list[str]) -> str:
        return (", " if self.language == "en" else "、").join(words)

    def to_check(self, key: str) -> Paragraph:
        text = say(f"check_{key}", self.language)
        return Paragraph(self.say("check", text=text), "to_write")

    def paper(self) -> Paper:
        results, language = self.results, self.language
        said: list[str] = [results.mode] if results.mode != "live" else []
        said += ["dummy_arms"] if results.dummy_arms else []
        titles = self.protocol.identity.titles
        return Paper(
            name=SUMMARY,
            language=language,
            kind=self.say("kind"),
            title=text_of(titles.short or titles.brief, language),
            foot=cut_line(results, language),
            on=results.position.on,
            sections=self.sections(),
            answer=self.say("answer"),
            bands=(*(say(key, language) for key in said), self.say("draft")),
        )

    def sections(self) -> tuple[Section, ...]:
        parts: tuple[tuple[str, list[Block]], ...] = (
            ("tested", self.tested()),
            ("who", self.who()),
            ("found", self.found()),
            ("further", self.further()),
            ("harm", self.harm()),
            ("meaning", self.meaning()),
            ("more", self.more()),
            ("to_do", self.to_do()),
        )
        return tuple(
            Section(f"plain-{name.replace('_', '-')}", self.say(name), tuple(blocks))
            for name, blocks in parts
            if blocks
        )

    # -- the study -------------------------------------------------------------------------------

    def tested(self) -> list[Block]:
        identity, masking = self.protocol.identity, self.protocol.design.masking
        blocks: list[Block] = []
        if identity.summary is not None:
            blocks.append(Paragraph(text_of(identity.summary, self.language)))
        blocks.append(Paragraph(self.say("groups")))
        blocks.append(
            Facts(
                tuple(
                    (
                        text_of(arm.label, self.language),
                        self.treated_with(arm),
                    )
                    for arm in self.protocol.arms
                )
            )
        )
        chance = self.say("by_chance") if self.protocol.randomization else ""
        knew = ""
        if masking is not None and masking.level == "none":
            knew = self.say("open")
        elif masking is not None and masking.masked:
            people = [known_or(f"masked_{one}", self.language) for one in masking.masked]
            knew = self.say("masked", who=self.listed(people))
        if chance or knew:
            blocks.append(self.joined(chance, knew))
        blocks.append(self.to_check("plain"))
        return blocks

    def treated_with(self, arm: Arm) -> str:
        """An arm's regimens as the protocol settles them; without any, the arm's own text.

        The text of an arm may still be the registry's, which a decision of the protocol overrules.
        """
        known = self.protocol.intervention_by_id
        given = [
            treatment_line(self.protocol, name, self.language)
            for name in arm.interventions
            if name in known and known[name].regimen is not None
        ]
        if given:
            return ("; " if self.language == "en" else "；").join(given)
        return text_of(arm.description, self.language) if arm.description else "–"

    def who(self) -> list[Block]:
        results, flow = self.results, self.results.flow
        places = [
            f"{text_of(site.city, self.language)} ({text_of(site.country, self.language)})"
            for site in self.protocol.identity.sites
        ]
        course = results.course
        dates = ""
        if course.first_randomized_on is not None:
            dates = self.say(
                "dates", first=course.first_randomized_on, last=course.last_randomized_on
            )
        blocks: list[Block] = [
            self.joined(
                self.say(
                    "people", n=flow.randomized, places=self.listed(list(dict.fromkeys(places)))
                ),
                dates,
            )
        ]
        rows = {row.id: row for row in results.baseline.rows}
        about = [said for name in ("age", "sex") if name in rows for said in self.about(rows[name])]
        if about:
            blocks.append(self.joined(*about))
        blocks.append(
            Items(
                tuple(
                    self.say("allocated", arm=self.labels[arm.id], n=arm.randomized)
                    for arm in results.arms
                )
            )
        )
        left = sum(reason.count for arm in flow.arms for reason in arm.left_follow_up)
        allocated = sum(arm.allocated for arm in flow.arms)
        withdrew = flow.data_use_withdrawn_after
        blocks.append(
            self.joined(
                self.say("left", n=left, of=allocated) if left else self.say("none_left"),
                self.say("withdrew", n=withdrew) if withdrew else "",
                self.say("waiting", n=self.waiting) if self.waiting else "",
            )
        )
        return blocks

    @property
    def waiting(self) -> int:
        """How many are still on study."""
        return sum(arm.on_study for arm in self.results.flow.arms)

    def about(self, row: BaselineRow) -> list[str]:
        if row.distributions:
            everybody = row.distributions[-1]
            if not everybody.count:
                return []
            return [
                self.say(
                    "age",
                    mean=number(everybody.mean, 0),
                    low=number(everybody.minimum, 0),
                    high=number(everybody.maximum, 0),
                )
            ]
        return [
            self.say(
                "level",
                level=text_of(one.label, self.language),
                n=one.counts[-1],
                of=row.known[-1],
            )
            for one in row.levels
            if one.counts[-1]
        ]

    # -- what was found --------------------------------------------------------------------------

    def found(self) -> list[Block]:
        primary = self.results.primary
        if primary is None:
            return [Paragraph(self.say("no_primary"))]
        blocks: list[Block] = [
            Paragraph(
                self.say(
                    "question",
                    label=text_of(primary.endpoint_label, self.language),
                    frame=text_of(primary.time_frame, self.language),
                )
            ),
            *self.result(primary),
        ]
        blocks.append(self.to_check("better"))
        return blocks

    def further(self) -> list[Block]:
        """The other endpoints, each by its first analysis, shortly: their groups and their range."""
        primary = self.results.primary
        first: dict[str, AnalysisResult] = {}
        for one in self.results.analyses:
            endpoint = self.endpoints[one.endpoint]
            told = primary is not None and one.endpoint == primary.endpoint
            if not told and one.role != "sensitivity" and endpoint.role != "exploratory":
                first.setdefault(one.endpoint, one)
        if not first:
            return []
        blocks: list[Block] = [Paragraph(self.say("further_lead"))]
        for one in first.values():
            frame = text_of(one.time_frame, self.language)
            label = text_of(one.endpoint_label, self.language)
            blocks.append(
                Paragraph(f"{label} ({frame})" if self.language == "en" else f"{label}（{frame}）")
            )
            blocks += self.result(one)
        return blocks

    def result(self, one: AnalysisResult) -> list[Block]:
        """The groups in numbers, then each comparison in words."""
        blocks: list[Block] = [Items(tuple(self.group(group, one) for group in one.groups))]
        of = sum(group.population for group in one.groups)
        missing = of - sum(_told(group) for group in one.groups)
        if missing:
            blocks.append(Paragraph(self.say("not_seen", n=missing, of=of)))
        if isinstance(self.endpoints[one.endpoint].variable, Repeated):
            blocks.append(Paragraph(self.say("last_visit")))
        for comparison in one.comparisons:
            said = self.compared(comparison, one)
            if said:
                blocks.append(self.joined(*said))
        return blocks

    def unit(self, one: AnalysisResult) -> str:
        unit = readable_unit(one.unit, self.language)
        return f" {unit}" if unit else ""

    def group(self, group: GroupSummary, one: AnalysisResult) -> str:
        arm = self.labels[group.arm]
        if group.events is not None:
            return self.events(arm, group.events, group.analyzed)
        found = group.distribution
        assert found is not None
        if not found.count:
            return self.say("events_few", arm=arm, events=0, of=0)
        variable = self.endpoints[one.endpoint].variable
        ranked = one.method == "wilcoxon" or isinstance(variable, DaysAtLeast | Worst)
        if ranked:
            value = number(found.median, max(one.decimals, 0))
            return self.say("median", arm=arm, median=value, unit=self.unit(one), n=found.count)
        value = number(found.mean, one.decimals + 1)
        return self.say("mean", arm=arm, mean=value, unit=self.unit(one), n=found.count)

    def events(self, arm: str, events: int, of: int) -> str:
        if of < IN_HUNDRED:
            return self.say("events_few", arm=arm, events=events, of=of)
        return self.say(
            "events_hundred", arm=arm, events=events, of=of, hundred=_hundred(events, of)
        )

    def compared(self, comparison: Comparison, one: AnalysisResult) -> list[str]:
        """The difference, its range, and what the range leaves open; nothing where there is no difference to tell."""
        names = {
            "treatment": self.labels[comparison.treatment],
            "control": self.labels[comparison.control],
        }
        estimate = comparison.estimate
        if comparison.measure not in _DIFFERENCES:
            return self.tested_only(comparison, names)
        if math.isnan(estimate.estimate):
            return [self.say("undefined", **names)]
        risk = comparison.measure == "risk_difference"
        decimals = 0 if risk else one.decimals + 1
        scale = 100.0 if risk else 1.0
        unit = "" if risk else self.unit(one)
        size = number(abs(scale * estimate.estimate), decimals)
        down = estimate.estimate < 0
        if not float(size):
            key = "equal" if risk else "same"
        elif risk:
            key = "fewer" if down else "more_events"
        else:
            key = "lower" if down else "higher"
        said = [self.say("adjusted")] if comparison.measure.startswith("adjusted") else []
        said.append(self.say(key, n=size, unit=unit, **names))
        if math.isnan(estimate.lower) or math.isnan(estimate.upper):
            return [*said, self.say("undefined", **names)]
        limits = [
            self.limit(scale * limit, decimals, unit, risk)
            for limit in (estimate.lower, estimate.upper)
        ]
        said.append(
            self.say(
                "range",
                level=confidence_level(estimate.confidence),
                lower=limits[0],
                upper=limits[1],
            )
        )
        open_question = estimate.lower <= 0 <= estimate.upper
        said.append(self.say("uncertain" if open_question else "certain", **names))
        return said

    def tested_only(self, comparison: Comparison, names: dict[str, str]) -> list[str]:
        """A ratio or a shift has no plain words: the groups' numbers stand, and whether the question is open.

        The test says so, not the interval: of ranks with many ties the interval may end at zero while the test does not.
        """
        estimate = comparison.estimate
        if math.isnan(estimate.p):
            return []
        open_question = estimate.p > 1 - estimate.confidence
        return [self.say("open_question" if open_question else "seldom_chance", **names)]

    def limit(self, value: float, decimals: int, unit: str, risk: bool) -> str:
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        if value == 0:
            return self.say("none_of")
        shown = number(abs(value), decimals)
        while not float(shown):  # a limit that is not zero must not be rounded to "no difference"
            decimals += 1
            shown = number(abs(value), decimals)
        if risk:
            return self.say("fewer_of" if value < 0 else "more_of", n=shown)
        return self.say("lower_of" if value < 0 else "higher_of", n=shown, unit=unit)

    # -- harm ------------------------------------------------------------------------------------

    def harm(self) -> list[Block]:
        results, events = self.results, self.results.adverse_events
        blocks: list[Block] = []
        if not events.counted:
            blocks.append(Paragraph(self.say("no_events")))
        else:
            blocks.append(Paragraph(self.say("harm_lead")))
            any_event = events.any_event
            lines = (
                ("any", [arm.participants for arm in any_event.arms]),
                ("serious", [arm.serious for arm in any_event.arms]),
                ("related", [arm.related for arm in any_event.arms]),
            )
            for key, counts in lines:
                if key == "related" and results.dummy_arms:
                    continue
                blocks.append(Paragraph(self.say(key)))
                blocks.append(
                    Items(
                        tuple(
                            self.counted(self.labels[arm.id], count, total)
                            for arm, count, total in zip(
                                results.arms, counts, events.totals, strict=True
                            )
                        )
                    )
                )
            blocks.append(Paragraph(self.say("common")))
            blocks.append(self.common())
        deaths = results.deaths
        if sum(deaths.counts):
            arms = [
                f"{self.labels[arm.id]} {count}"
                for arm, count in zip(results.arms, deaths.counts, strict=True)
            ]
            blocks.append(
                Paragraph(
                    self.say(
                        "deaths",
                        n=sum(deaths.counts),
                        of=sum(deaths.totals),
                        arms=self.listed(arms),
                    )
                )
            )
        else:
            blocks.append(Paragraph(self.say("no_deaths")))
        blocks.append(self.to_check("serious"))
        return blocks

    def counted(self, arm: str, count: int, total: int) -> str:
        if total < IN_HUNDRED:
            return self.say("count", arm=arm, n=count, of=total)
        return self.say("count_hundred", arm=arm, n=count, of=total, hundred=_hundred(count, total))

    def common(self) -> Table:
        events = self.results.adverse_events

        def people(term: TermRow) -> int:
            return sum(arm.participants for arm in term.arms)

        listed = sorted(events.terms, key=lambda term: -people(term))[:COMMON]
        columns = [Column(self.say("common_columns"))]
        columns += [Column(self.labels[arm.id], True) for arm in self.results.arms]
        rows = []
        for term in listed:
            cells = []
            for arm, total in zip(term.arms, events.totals, strict=True):
                of = say("of_people", self.language, n=arm.participants, of=total)
                if total >= IN_HUNDRED:
                    of += say("of_hundred", self.language, n=_hundred(arm.participants, total))
                cells.append(of)
            rows.append(Row((text_of(term.label, self.language), *cells)))
        return Table(
            "plain-common", self.say("common"), tuple(columns), tuple(rows), (),
            cut_line(self.results, self.language),
        )  # fmt: skip

    # -- meaning, and the rest -------------------------------------------------------------------

    def meaning(self) -> list[Block]:
        results, masking = self.results, self.protocol.design.masking
        said = [self.say("one_study")]
        primary = results.primary
        if masking is not None and masking.level == "none":
            said.append(self.say("open_meaning"))
            if primary is not None and self.endpoints[primary.endpoint].subjective:
                said.append(self.say("subjective"))
        products = {arm.arm for arm in results.flow.arms if arm.has_product}
        treated = [
            total
            for arm, total in zip(results.arms, results.adverse_events.totals, strict=True)
            if arm.id in products
        ]
        if sum(treated) >= RULE_OF_THREE:
            n = sum(treated)
            said.append(self.say("rare", n=n, rare=n // RULE_OF_THREE))
        if results.assumed:
            said.append(self.say("assumed"))
        return [
            self.joined(*said),
            Paragraph(self.say("no_change"), "lead"),
            self.to_check("meaning"),
        ]

    def more(self) -> list[Block]:
        identity = self.protocol.identity
        said = []
        if identity.identifiers:
            said.append(
                self.say("numbers", numbers=self.listed([i.id for i in identity.identifiers]))
            )
        lead = next((one for one in identity.sponsors if one.role == "lead"), None)
        if lead is not None:
            said.append(self.say("sponsor", sponsor=text_of(lead.name, self.language)))
        central = next((one for one in identity.contacts if one.kind == "central"), None)
        if central is not None:
            parts = [text_of(central.name, self.language), central.phone or "", central.email or ""]
            said.append(self.say("contact", contact=self.listed([one for one in parts if one])))
        blocks: list[Block] = [self.joined(*said)] if said else []
        if central is None or not (central.phone or central.email):
            blocks.append(self.to_check("contact"))
        return blocks

    def to_do(self) -> list[Block]:
        keys = ["plain", "better", "meaning", "serious", "small"]
        if self.waiting:
            keys.insert(0, "unfinished")
        return [Items(tuple(say(f"check_{key}", self.language) for key in keys))]


def _told(group: GroupSummary) -> int:
    """Of how many people a group's line tells: those analyzed, or with a value where values are described."""
    return group.distribution.count if group.distribution is not None else group.analyzed


def _hundred(count: int, total: int) -> int:
    """So many in 100, to the nearest whole number."""
    return int(number(100 * count / total, 0)) if total else 0
