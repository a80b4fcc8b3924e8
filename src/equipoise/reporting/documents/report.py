"""The study report along ICH E3 (Structure and Content of Clinical Study Reports, 1995).

What the protocol and the data say is filled in; what people must write is marked as such. A table without a
place of its own in the text stands in section 14.
"""

from __future__ import annotations

from collections.abc import Sequence

from equipoise.analysis import Results
from equipoise.analysis.planning import PlanStanding, departures
from equipoise.protocol.document import Protocol

from ..figures.study import study_figures
from ..paper import Block, Facts, Figure, Items, Paper, Paragraph, Section
from ..table import Table
from ..tables import study_tables
from ..tables.effects import primary_sentence
from ..tables.study import cut_line
from ..words import after, say, text_of
from . import described as d
from .plan import departures_table, looks_blocks

_PEOPLE = ("baseline", "flow", "site", "deviation", "criteria")
SAFETY_TABLES = (
    "adverse",
    "serious",
    "death",
    "exposure",
    "laboratory",
    "shift",
    "narrative",
    "safety",
)
"""How the ids of tables begin that are about people or about safety; all others are about efficacy."""
REPORT = "report"
"""The stem of the report's files."""


def bands(results: Results, language: str) -> tuple[str, ...]:
    """What every page says first: a rehearsal or training, dummy arms."""
    said: list[str] = [results.mode] if results.mode != "live" else []
    said += ["dummy_arms"] if results.dummy_arms else []
    return tuple(say(key, language) for key in said)


def cut_facts(results: Results, language: str) -> tuple[tuple[str, str], ...]:
    """Where the data were cut, and by which protocol."""
    position = results.position
    return (
        (say("cut_day", language), str(position.on)),
        (say("ledger_position", language), str(position.seq)),
        (say("ledger_root", language), position.root),
        (say("protocol_version", language), results.protocol_version),
        (say("code_and_environment", language), results.run.environment.digest),
    )


def study_paper(
    results: Results, protocol: Protocol, language: str, plan: PlanStanding | None = None
) -> Paper:
    """The whole report in a language. `plan` is the analysis plan signed last before the cut."""
    return Paper(
        name=REPORT,
        language=language,
        kind=say("study_report", language),
        title=text_of(results.title, language),
        foot=cut_line(results, language),
        on=results.position.on,
        sections=_E3(results, protocol, language, plan).sections(),
        answer=primary_sentence(results, language),
        bands=bands(results, language),
        facts=Facts((*d.title_facts(protocol, language).pairs, *cut_facts(results, language))),
    )


class _E3:
    """Puts every table and figure where ICH E3 has it, once each."""

    def __init__(
        self, results: Results, protocol: Protocol, language: str, signed: PlanStanding | None
    ) -> None:
        self.signed = signed
        self.results, self.protocol, self.language = results, protocol, language
        self.tables = {table.id: table for table in study_tables(results, language)}
        self.figures = {figure.id: figure for figure in study_figures(results, language)}

    def table(self, name: str) -> tuple[Table, ...]:
        """A table, where it is there and stands nowhere yet."""
        found = self.tables.pop(name, None)
        return (found,) if found is not None else ()

    def figure(self, name: str) -> tuple[Figure, ...]:
        found = self.figures.pop(name, None)
        return (found,) if found is not None else ()

    def part(
        self,
        number: str,
        key: str,
        *blocks: Block | Sequence[Block],
        parts: Sequence[Section] = (),
        name: str = "",
    ) -> Section:
        flat: list[Block] = []
        for block in blocks:
            flat += list(block) if isinstance(block, Sequence) else [block]
        title = say(key, self.language)
        return Section(name or f"e3-{number.replace('.', '-')}", title, tuple(flat), tuple(parts), number)  # fmt: skip

    def write(self, key: str) -> Paragraph:
        return d.to_write(key, self.language)

    def sections(self) -> tuple[Section, ...]:
        taken = [
            self.synopsis(), self.part("4", "e3_abbreviations", self.write("write_abbreviations")), self.ethics(),
            self.part("6", "e3_investigators", d.organization_facts(self.protocol, self.language)),
            self.part("7", "e3_introduction", self.write("write_introduction")), self.objectives(), self.plan(),
            self.participants(), self.efficacy(), self.safety(),
            self.part("13", "e3_discussion", self.write("write_discussion")),
        ]  # fmt: skip
        return (*taken, self.rest(), self.references(), self.appendices())

    # -- the sections ----------------------------------------------------------------------------

    def synopsis(self) -> Section:
        p, language, results = self.protocol, self.language, self.results
        primary = [text_of(e.label, language) for e in p.endpoints if e.role == "primary"]
        further = [text_of(e.label, language) for e in p.endpoints if e.role != "primary"]
        size = p.design.sample_size
        people = len({one.participant for one in results.serious})
        pairs = [
            ("fact_title", d.said(p.identity.titles.official or p.identity.titles.brief, language)),
            ("fact_design", d.design_line(p, language)),
            ("fact_population", d.said(p.eligibility.population, language)),
            ("fact_arms", d.joined([text_of(arm.label, language) for arm in p.arms], language)),
            ("fact_target", str(size.target) if size else say("not_stated", language)),
            ("fact_randomized", str(results.flow.randomized)),
            ("fact_primary", d.joined(primary, language)),
            ("fact_secondary", d.joined(further, language)),
            ("fact_result", primary_sentence(results, language)),
            ("fact_deaths", say("count_events", language, events=len(results.serious), people=people)),
        ]  # fmt: skip
        facts = Facts(tuple((say(key, language), value) for key, value in pairs if value))
        return self.part("2", "e3_synopsis", facts)

    def ethics(self) -> Section:
        versions = [
            f"{one.version} ({text_of(one.label, self.language)})" for one in self.protocol.consents
        ]
        said = (
            say("consent_versions", self.language, versions=d.listed(versions, self.language))
            if versions
            else say("none_in_protocol", self.language)
        )
        return self.part(
            "5", "e3_ethics",
            parts=(
                self.part("5.1", "e3_committee", self.write("write_committee")),
                self.part("5.2", "e3_conduct", self.write("write_conduct")),
                self.part("5.3", "e3_consent", Paragraph(said)),
            ),
        )  # fmt: skip

    def objectives(self) -> Section:
        language = self.language
        summary = self.protocol.identity.summary
        said = d.said(summary, language) if summary else say("none_in_protocol", language)
        return self.part("8", "e3_objectives", Paragraph(said))

    def plan(self) -> Section:
        p, language = self.protocol, self.language
        blind = [Paragraph(text) for text in d.blinding_text(p, language)]
        flow = self.results.flow
        left = sum(one.count for arm in flow.arms for one in arm.left_treatment)
        gone = sum(one.count for arm in flow.arms for one in arm.left_follow_up)
        removal = Paragraph(say("removal_text", language, treatment=left, follow_up=gone))
        description = p.identity.description
        quality = say("quality_text", language, root=self.results.position.code)
        return self.part(
            "9", "e3_plan",
            parts=(
                self.part("9.1", "e3_design", Paragraph(d.said(description, language))),
                self.part("9.2", "e3_discussion_design", self.write("write_discussion_design")),
                self.part("9.3", "e3_selection", parts=(
                    self.part("9.3.1", "e3_inclusion", d.criteria(p, "inclusion", language)),
                    self.part("9.3.2", "e3_exclusion", d.criteria(p, "exclusion", language)),
                    self.part("9.3.3", "e3_removal", removal),
                )),
                self.part("9.4", "e3_treatments", parts=(
                    self.part("9.4.1", "e3_administered", d.arms_facts(p, language)),
                    self.part("9.4.3", "e3_assignment", d.randomization_text(p, language)),
                    self.part("9.4.6", "e3_blinding", blind),
                )),
                self.part("9.5", "e3_variables", d.endpoints_table(p, language), d.intercurrent_tables(p, language), parts=(
                    self.part("9.5.1", "e3_schedule", d.visits_table(p, language)),
                )),
                self.part("9.6", "e3_quality", Paragraph(quality)),
                self.part("9.7", "e3_statistics", d.sets_table(p, language), d.analyses_table(p, language),
                          d.size_text(p, language), looks_blocks(p, language)),
                self.part("9.8", "e3_changes", self.departures(), self.write("write_changes")),
            ),
        )  # fmt: skip

    def departures(self) -> list[Block]:
        """The signed plan beside what was run."""
        plan, language = self.signed, self.language
        if plan is None:
            return [Paragraph(say("departures_unsigned", language))]
        found = departures(plan.protocol, self.protocol, self.results)
        said = say(
            "departures_lead" if found else "departures_none",
            language,
            person=plan.signed_by,
            on=plan.signed_at[:10],
            code=plan.plan_hash[:12],
        )
        if not found:
            return [Paragraph(said)]
        return [
            Paragraph(said),
            departures_table(found, plan.protocol, self.protocol, language),
        ]

    def participants(self) -> Section:
        return self.part(
            "10", "e3_patients",
            parts=(
                self.part("10.1", "e3_disposition", self.figure("flow"), self.table("flow"), self.table("criteria")),
                self.part("10.2", "e3_deviations", self.table("deviations"), self.write("write_deviations")),
            ),
        )  # fmt: skip

    def efficacy(self) -> Section:
        language, primary = self.language, self.results.primary
        lead: list[Block] = [Paragraph(primary_sentence(self.results, language), "lead")]
        if primary is not None:
            frame = say("time_frame", language, text=text_of(primary.time_frame, language))
            members = say("population", language, label=text_of(primary.population_label, language))
            lead.append(Paragraph(f"{text_of(primary.endpoint_label, language)}. {frame} {members}" if language == "en"
                                  else f"{text_of(primary.endpoint_label, language)}。{frame}{members}"))  # fmt: skip
            lead += self.table(f"analysis-{primary.id}")
        subgroups: list[Block] = []
        drawn: list[Block] = []
        for name in list(self.figures):
            if name != "flow":
                (subgroups if name.startswith("subgroups-") else drawn).extend(self.figure(name))
        issues = [
            self.part(number, key, blocks)
            for number, key, blocks in (
                ("11.4.2.2", "e3_handling", self.estimands()),
                ("11.4.2.3", "e3_interim", [self.write("write_interim")] if self.protocol.design.interim_looks else []),
                ("11.4.2.5", "e3_multiplicity", self.families()),
                ("11.4.2.8", "e3_subgroups", subgroups),
            )
            if blocks
        ]  # fmt: skip
        return self.part(
            "11", "e3_efficacy",
            parts=(
                self.part("11.1", "e3_sets", self.table("analysis-sets"), self.table("exclusions")),
                self.part("11.2", "e3_baseline", self.table("baseline")),
                self.part("11.3", "e3_adherence", self.table("adherence"), self.write("write_adherence")),
                self.part("11.4", "e3_results", parts=(
                    self.part("11.4.1", "e3_analysis", lead, self.table("analyses"), drawn),
                    *([self.part("11.4.2", "e3_issues", parts=issues)] if issues else []),
                    self.part("11.4.7", "e3_conclusions", self.write("write_efficacy")),
                )),
            ),
        )  # fmt: skip

    def estimands(self) -> tuple[Table, ...]:
        """Intercurrent events, and the strategies for them side by side."""
        side_by_side = [self.table(f"estimands-{one.id}") for one in self.results.estimands]
        return (*self.table("intercurrent"), *(table for found in side_by_side for table in found))

    def families(self) -> list[Table]:
        """What was tested together at one level."""
        return [table for one in self.results.families for table in self.table(f"family-{one.id}")]

    def safety(self) -> Section:
        return self.part(
            "12", "e3_safety",
            parts=(
                self.part("12.1", "e3_exposure", self.table("exposure")),
                self.part("12.2", "e3_events", self.table("adverse-events"), self.table("adverse-related"),
                          self.table("adverse-rates")),
                self.part("12.3", "e3_serious", self.table("serious"), self.table("narratives")),
                self.part("12.4", "e3_laboratory", self.laboratory(), self.write("write_laboratory")),
                self.part("12.5", "e3_vital", self.write("write_vital")),
                self.part("12.6", "e3_safety_conclusions", self.write("write_safety")),
            ),
        )  # fmt: skip

    def laboratory(self) -> list[Table]:
        """Tables of laboratory values, where there are any."""
        names = [name for name in self.tables if name.startswith(("laboratory", "shift"))]
        return [table for name in names for table in self.table(name)]

    def rest(self) -> Section:
        """Section 14: every table that stands nowhere else, by what it is about."""
        people = [name for name in self.tables if name.startswith(_PEOPLE)]
        safety = [name for name in self.tables if name.startswith(SAFETY_TABLES)]
        efficacy = [name for name in self.tables if name not in (*people, *safety)]
        parts = []
        for number, key, names in (
            ("14.1", "e3_tables_people", people), ("14.2", "e3_tables_efficacy", efficacy),
            ("14.3", "e3_tables_safety", safety),
        ):  # fmt: skip
            tables = [table for name in names for table in self.table(name)]
            block: list[Block] = [*tables] or [Paragraph(say("none_listed", self.language))]
            parts.append(self.part(number, key, block))
        return self.part("14", "e3_tables", parts=parts)

    def references(self) -> Section:
        texts = [
            after(text_of(one.text, self.language), one.url, self.language) if one.url else text_of(one.text, self.language)
            for one in self.protocol.identity.references
        ]  # fmt: skip
        return self.part("15", "e3_references", Items(tuple(texts) or (say("none_listed", self.language),)))  # fmt: skip

    def appendices(self) -> Section:
        parts = []
        if self.results.assumed:
            pairs = tuple(
                (one.finding, text_of(one.choice, self.language)) for one in self.results.assumed
            )
            lead = Paragraph(say("assumed_lead", self.language))
            parts.append(self.part("16.1", "assumed_title", lead, Facts(pairs)))
        return self.part("16", "e3_appendices", self.write("write_appendices"), parts=parts)
