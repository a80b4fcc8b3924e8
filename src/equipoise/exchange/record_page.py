"""Reading the text of a public record page, as copied or scraped from a registry mirror.

Such a text keeps the page's headings and values and loses many labels: `PHASE2`, `TREATMENT` and
`NONE` stand alone. So sections are told by their headings, in any order, and values by the
registry's vocabulary in the section they stand in, never by position alone. Each line that is
not blank is a leaf (`line 12`): what no rule recognizes is kept.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.protocol.record.facts import plain
from equipoise.quantity.dates import PartialDate

from .criteria import criterion_ids, heading_kind, label_of, split_criteria
from .ctgov import NOT_STATED, country_names, criterion_entry, time_zone
from .record import RecordError, RecordReading, code, language_map, slug

SECTIONS: dict[str, tuple[str, ...]] = {
    "results": ("study results", "results"),
    "basic": ("basic information", "basic info", "study overview", "overview", "at a glance"),
    "summary": ("brief summary", "summary", "study summary"),
    "description": ("detailed description", "description", "full description"),
    "conditions": ("conditions", "condition", "conditions studied", "medical conditions"),
    "keywords": ("keywords", "key words"),
    "design": ("study design", "design"),
    "groups": ("study groups", "arms", "study arms", "arms and groups", "arms and cohorts"),
    "interventions": ("interventions", "intervention", "treatments"),
    "primary": ("primary outcome", "primary outcomes", "primary outcome measure",
                "primary outcome measures", "primary endpoint", "primary endpoints"),
    "secondary": ("secondary outcome", "secondary outcomes", "secondary outcome measure",
                  "secondary outcome measures", "secondary endpoints"),
    "other": ("other outcomes", "other outcome measures"),
    "outcomes": ("outcomes", "outcome measures", "endpoints"),
    "eligibility": ("eligibility criteria", "eligibility", "participation criteria"),
    "sponsors": ("sponsors", "sponsor", "sponsors and collaborators", "sponsors / collaborators"),
    "party": ("responsible party",),
    "locations": ("locations", "location", "study locations", "sites", "study sites"),
    "countries": ("countries", "country"),
    "central": ("central contacts", "central contact", "contacts", "study contacts"),
    "facility": ("facility contacts", "facility contact", "site contacts", "location contacts"),
    "identifiers": ("other identifiers", "identifiers", "other study ids", "secondary ids"),
}  # fmt: skip
"""The headings under which a section is known; the first is the seed page's own."""

_HEADING_SECTION = {name: section for section, names in SECTIONS.items() for name in names}

BOILERPLATE: dict[str, str] = {
    "results": "The study team has not published outcome measurements, participant flow, or safety data for this trial yet. Check back later for updates.",
    "basic": "Get a concise snapshot of the trial, including recruitment status, study phase, enrollment targets, and key timeline milestones.",
    "summary": "Review the sponsor-provided synopsis that highlights what the study is about and why it is being conducted.",
    "description": "Dive into the extended narrative that explains the scientific background, objectives, and procedures in greater depth.",
    "conditions": "See the medical conditions and disease areas that this research is targeting or investigating.",
    "design": "Understand how the trial is structured, including allocation methods, masking strategies, primary purpose, and other design elements.",
    "groups": "Review each arm or cohort in the study, along with the interventions and objectives associated with them.",
    "interventions": "Learn about the drugs, procedures, or behavioral strategies being tested and how they are applied within this trial.",
    "primary": "Primary outcome measures",
    "eligibility": "Check the participation requirements, including inclusion and exclusion rules, age limits, and whether healthy volunteers are accepted.",
    "sponsors": "Meet the organizations funding or collaborating on the study and learn about their roles.",
    "party": "Identify the individual or organization who holds primary responsibility for the study information submitted to regulators.",
    "locations": "Explore where the study is taking place and check the recruitment status at each participating site.",
    "countries": "Review the countries where the study has at least one active or historical site.",
    "central": "Reach out to these primary contacts for questions about participation or study logistics.",
    "facility": "Find local site contact details for specific facilities participating in the trial.",
    "identifiers": "Review additional registry numbers or institutional identifiers associated with this trial.",
}
"""The page's own sentence under each heading: said of every trial, so of none."""

STATUSES = frozenset({
    "not_yet_recruiting", "recruiting", "enrolling_by_invitation", "active_not_recruiting",
    "completed", "suspended", "terminated", "withdrawn", "unknown", "available",
    "no_longer_available", "temporarily_not_available", "approved_for_marketing",
})  # fmt: skip
PHASES = frozenset(
    {"early_phase1", "phase1", "phase2", "phase3", "phase4", "phase1_phase2", "phase2_phase3"}
)
STUDY_TYPES = frozenset({"interventional", "observational", "expanded_access"})
ALLOCATIONS = {
    "randomized": "randomized",
    "randomised": "randomized",
    "non_randomized": "non_randomized",
    "nonrandomized": "non_randomized",
    "non_randomised": "non_randomized",
    "na": "not_applicable",
    "n_a": "not_applicable",
}
MODELS = frozenset({"parallel", "single_group", "crossover", "factorial", "sequential",
                    "parallel_assignment", "crossover_assignment"})  # fmt: skip
PURPOSES = frozenset({
    "treatment", "prevention", "diagnostic", "ect", "supportive_care", "screening",
    "health_services_research", "basic_science", "device_feasibility", "other",
})  # fmt: skip
MASKINGS = {
    "none": "none", "open": "none", "open_label": "none", "none_open_label": "none",
    "single": "single", "double": "double", "triple": "triple", "quadruple": "quadruple",
    "single_blind": "single", "double_blind": "double",
}  # fmt: skip
MASKED = frozenset({"participant", "care_provider", "investigator", "outcomes_assessor"})
OBSERVATIONAL_MODELS = frozenset({"cohort", "case_control", "case_only", "case_crossover",
                                  "ecologic_or_community", "family_based"})  # fmt: skip
PERSPECTIVES = frozenset({"prospective", "retrospective", "cross_sectional"})
ARM_TYPES = frozenset({
    "experimental", "active_comparator", "placebo_comparator", "sham_comparator", "no_intervention",
})  # fmt: skip
INTERVENTION_TYPES = frozenset({
    "drug", "device", "biological", "procedure", "radiation", "behavioral", "genetic",
    "dietary_supplement", "combination_product", "diagnostic_test", "other",
})  # fmt: skip
AGENCIES = frozenset(
    {"other", "industry", "nih", "fed", "indiv", "network", "other_gov", "ambig", "unknown"}
)

_DATE = re.compile(r"\d{4}(?:-\d{2}){0,2}")
_AGE = re.compile(
    r"(?:\d{1,3} (?:years?|months?|weeks?|days?|hours?|minutes?)(?: old)?|n/?a)", re.I
)
_COUNT = re.compile(r"(?P<count>\d{1,7}) (?:participants?|patients?|subjects?|people)", re.I)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"\+?[\d(][\d\s().+-]{5,24}(?:\s*(?:ext|x)\.?\s*\d+)?")
_NO_INTERVENTION = re.compile(
    r"no (?:study )?interventions? (?:is |are |was |were )?assigned", re.I
)
_GROUPISH = re.compile(
    r"\b(?:group|arm|cohort|control|comparator|placebo|experimental|standard of care|usual care)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int  # from 0
    raw: str
    words: str

    @property
    def leaf(self) -> str:
        return f"line {self.number + 1}"

    @property
    def code(self) -> str:
        return re.sub(r"[^a-z0-9]+", "_", self.words.lower()).strip("_")


def _bare(line: str) -> str:
    """A line without the marks a heading may carry: `## Brief Summary:`."""
    return re.sub(r"\s+", " ", line.strip().strip("#*_:： ").strip()).lower()


def is_boilerplate(section: str, words: str) -> bool:
    """Whether a line is the page's own sentence for the section, to the word or nearly so."""
    standard = BOILERPLATE.get(section)
    if standard is None:
        return False
    one, other = re.findall(r"\w+", words.lower()), re.findall(r"\w+", standard.lower())
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.75


def read_page(text: str) -> RecordReading:
    """The record page as a draft document; RecordError if the text is no such page."""
    raw_lines = text.splitlines()
    lines = [_Line(index, raw, plain(raw).strip()) for index, raw in enumerate(raw_lines)]
    return _Page([line for line in lines if line.words], raw_lines).read()


class _Page:
    def __init__(self, lines: Sequence[_Line], raw_lines: list[str]) -> None:
        self.document: dict[str, Any] = {}
        source = {f"line {index}": raw for index, raw in enumerate(raw_lines, 1) if raw.strip()}
        self.reading = RecordReading("page", source, self.document)
        self.sections: dict[str, list[_Line]] = {}
        self.preamble: list[_Line] = []
        section = None
        for line in lines:
            heading = _HEADING_SECTION.get(_bare(line.words))
            if heading is None and section != "eligibility" and _opens_criteria(line):
                section = "eligibility"
                self.sections.setdefault(section, []).append(line)
            elif heading is not None:
                section = heading
                self.sections.setdefault(section, [])
            elif section is None:
                self.preamble.append(line)
            elif not (not self.sections[section] and is_boilerplate(section, line.words)):
                self.sections[section].append(line)

    def take(self, line: _Line, path: str, value: Any) -> None:
        self.reading.place(line.leaf, path, value)

    def read(self) -> RecordReading:
        identity: dict[str, Any] = {"titles": {}}
        design: dict[str, Any] = {}
        self.document["identity"], self.document["design"] = identity, design
        self.record: dict[str, Any] = {}
        self.read_preamble(identity)
        if not self.sections and not any(
            number.get("type") == "nct" for number in identity["identifiers"]
        ):
            raise RecordError(
                "is not a record page: no heading such as 'Basic Information' or 'Eligibility "
                "Criteria' and no registry number in it"
            )
        if "brief" not in identity["titles"]:
            raise RecordError("the record page has no title: its first line is expected to be one")
        self.read_codes(identity, design)
        self.prose(identity, "summary", "identity.summary")
        self.prose(identity, "description", "identity.description")
        for name in ("conditions", "keywords"):
            identity[name] = self.listed(name, f"identity.{name}")
        self.groups()
        self.document["eligibility"] = self.eligibility()
        self.sponsors(identity)
        self.party(identity)
        self.sites(identity)
        identity["countries"] = self.listed("countries", "identity.countries")
        identity["contacts"] = []
        for section in ("central", "facility"):
            self.contacts(identity["contacts"], section)
        self.identifiers(identity["identifiers"])
        self.outcomes()
        self.document["record"] = self.record
        return self.reading

    # heading of the page ------------------------------------------------------------------

    def read_preamble(self, identity: dict[str, Any]) -> None:
        numbers: list[dict[str, Any]] = []
        identity["identifiers"] = numbers
        dates: dict[str, Any] = {}
        for line in self.preamble:
            registered = re.fullmatch(
                r"(?:NCT (?:ID|number)\s*[::：]?\s*)?(NCT\d{8})", line.words, re.I
            )
            label, value = _labeled(line.words)
            if registered and not any(entry["type"] == "nct" for entry in numbers):
                numbers.append({"id": registered[1].upper(), "type": "nct"})
                self.take(
                    line, f"identity.identifiers[{len(numbers) - 1}].id", registered[1].upper()
                )
            elif "updated" in label and _partial(value):
                dates["last_updated"] = {"date": value}
                self.take(line, "identity.dates.last_updated.date", value)
            elif "posted" in label and _partial(value):
                dates["first_posted"] = {"date": value}
                self.take(line, "identity.dates.first_posted.date", value)
            elif "official" in label and "title" in label and value:
                identity["titles"]["official"] = language_map(value)
                self.take(line, "identity.titles.official.en", identity["titles"]["official"]["en"])
            elif "brief" not in identity["titles"] and (
                not label or len(label) > 30 or "title" in label
            ):
                words = value if "title" in label and len(label) <= 30 else line.words
                if not words:
                    continue
                identity["titles"]["brief"] = language_map(words)
                self.take(line, "identity.titles.brief.en", identity["titles"]["brief"]["en"])
        if dates:
            identity["dates"] = dates

    # values told by vocabulary ------------------------------------------------------------

    def read_codes(self, identity: dict[str, Any], design: dict[str, Any]) -> None:
        dates: list[tuple[str, _Line, str]] = []
        pending = ""
        basic = self.sections.get("basic", [])
        for line in [*basic, *self.sections.get("results", []), *self.preamble]:
            label, value = _labeled(line.words)
            word = _Line(line.number, value, value) if label else line
            key = word.code
            count = _COUNT.fullmatch(value if label else line.words)
            if count or (line.words.isdigit() and re.search(r"enrol|participants|sample", pending)):
                number = int(count["count"]) if count else int(line.words)
                if number >= 1 and "sample_size" not in design:
                    design["sample_size"] = {"target": number}
                    self.take(line, "design.sample_size.target", number)
            elif key in STATUSES and "registry_status" not in identity:
                identity["registry_status"] = key
                self.take(line, "identity.registry_status", key)
            elif key in STUDY_TYPES and "study_type" not in design:
                design["study_type"] = key
                self.take(line, "design.study_type", key)
            elif key.replace("phase_", "phase") in PHASES:
                design.setdefault("phase", []).append(key.replace("phase_", "phase"))
                self.take(line, f"design.phase[{len(design['phase']) - 1}]", design["phase"][-1])
            elif line.leaf not in self.reading.placements and _partial(
                value if label else line.words
            ):
                dates.append((label or pending, line, value if label else line.words))
            pending = "" if label else line.words.lower()
        self.dates(identity, dates)
        texts: list[_Line] = []
        for line in self.sections.get("design", []):
            if not self.design_code(line, design):
                texts.append(line)
        if texts:
            joined = "\n".join(line.words for line in texts)
            self.record.setdefault("texts", {})["model_description"] = joined
            for line in texts:
                self.take(line, "record.texts.model_description", joined)

    def dates(self, identity: dict[str, Any], found: list[tuple[str, _Line, str]]) -> None:
        placed: dict[str, tuple[_Line, str]] = {}
        open_dates = []
        for label, line, value in found:
            name = (
                "last_updated" if "update" in label
                else "first_posted" if "post" in label
                else "start" if "start" in label or "begin" in label
                else "primary_completion" if "primary" in label
                else "completion" if "complet" in label or "end" in label
                else None
            )  # fmt: skip
            if name and name not in placed:
                placed[name] = (line, value)
            else:
                open_dates.append((line, value))
        open_dates.sort(key=lambda entry: PartialDate.parse(entry[1]).earliest)
        names = [
            name
            for name in ("start", "primary_completion", "completion")
            if name not in placed and (name != "primary_completion" or len(open_dates) > 2)
        ]
        placed.update(zip(names, open_dates, strict=False))
        dates = identity.setdefault("dates", {})
        for name, (line, value) in placed.items():
            if name not in dates:
                dates[name] = {"date": value}
                self.take(line, f"identity.dates.{name}.date", value)
        if not dates:
            del identity["dates"]

    def design_code(self, line: _Line, design: dict[str, Any]) -> bool:
        """Place a line of the design section; False where it is no known value."""
        label, value = _labeled(line.words)
        key = _Line(line.number, value, value).code if label else line.code
        masking = design.get("masking")
        if "allocation" not in design and key in ALLOCATIONS and "mask" not in label:
            design["allocation"] = ALLOCATIONS[key]
            self.take(line, "design.allocation", ALLOCATIONS[key])
        elif "model" not in design and key in MODELS:
            design["model"] = key.removesuffix("_assignment")
            self.take(line, "design.model", design["model"])
        elif key in OBSERVATIONAL_MODELS and "observational_model" not in design:
            design["observational_model"] = key
            self.take(line, "design.observational_model", key)
        elif key in PERSPECTIVES and "time_perspective" not in design:
            design["time_perspective"] = key
            self.take(line, "design.time_perspective", key)
        elif key in PURPOSES and "purpose" not in design:
            design["purpose"] = key
            self.take(line, "design.purpose", key)
        elif key in MASKINGS and masking is None:
            design["masking"] = {"level": MASKINGS[key], "masked": []}
            self.take(line, "design.masking.level", MASKINGS[key])
        elif key in MASKED and masking is not None and key not in masking["masked"]:
            masking["masked"].append(key)
            self.take(line, f"design.masking.masked[{len(masking['masked']) - 1}]", key)
        else:
            return False
        return True

    # prose and lists ----------------------------------------------------------------------

    def prose(self, target: dict[str, Any], section: str, path: str) -> None:
        lines = self.sections.get(section, [])
        if not lines:
            return
        target[section] = language_map("\n".join(line.words for line in lines))
        for line in lines:
            self.take(line, f"{path}.en", target[section]["en"])

    def listed(self, section: str, path: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for line in self.sections.get(section, []):
            entry = label_of(line.words)
            found.append(language_map(entry[2] if entry else line.words))
            self.take(line, f"{path}[{len(found) - 1}].en", found[-1]["en"])
        return found

    # groups and interventions -------------------------------------------------------------

    def groups(self) -> None:
        self.arm_list: list[dict[str, Any]] = []
        self.intervention_list: list[dict[str, Any]] = []
        self.by_name: dict[str, int] = {}
        self.document["arms"] = self.arm_list
        self.document["interventions"] = self.intervention_list
        self.read_interventions()
        self.read_arms()

    def intervention(self, line: _Line) -> int:
        """The index of the intervention a line names, which is made if it is new."""
        index = self.by_name.get(_key(line.words))
        if index is None:
            index = len(self.intervention_list)
            taken = {entry["id"] for entry in self.intervention_list}
            self.intervention_list.append(
                {
                    "id": slug(line.words, fallback="intervention", taken=taken),
                    "name": language_map(line.words),
                }
            )
            self.by_name[_key(line.words)] = index
        self.take(
            line, f"interventions[{index}].name.en", self.intervention_list[index]["name"]["en"]
        )
        return index

    def describe(self, index: int, line: _Line) -> None:
        """Give an intervention its description, or note a second, different one."""
        entry = self.intervention_list[index]
        path = f"interventions[{index}].description.en"
        words = language_map(line.words)
        if "description" not in entry:
            entry["description"] = words
            self.take(line, path, words["en"])
        elif _key(entry["description"]["en"]) == _key(line.words):
            self.take(line, path, entry["description"]["en"])
        else:
            variants = self.record.setdefault("intervention_variants", [])
            variants.append({"intervention": entry["id"], "text": words["en"]})
            self.take(line, f"record.intervention_variants[{len(variants) - 1}].text", words["en"])

    def read_interventions(self) -> None:
        current: int | None = None
        described = False
        for line in self.sections.get("interventions", []):
            if line.code in INTERVENTION_TYPES:
                if current is not None and "type" not in self.intervention_list[current]:
                    self.intervention_list[current]["type"] = line.code
                    self.take(line, f"interventions[{current}].type", line.code)
            elif current is None or (described and not _is_prose(line.words)):
                current, described = self.intervention(line), False
            elif not described:
                self.describe(current, line)
                described = True
            else:
                self.append(
                    f"interventions[{current}].description", self.intervention_list[current], line
                )

    def append(self, path: str, entry: dict[str, Any], line: _Line) -> None:
        """Another paragraph of a description."""
        words = f"{entry['description']['en']}\n{line.words}"
        self.replace(f"{path}.en", entry["description"]["en"], words)
        entry["description"] = {"en": words}
        self.take(line, f"{path}.en", words)

    def replace(self, path: str, old: str, new: str) -> None:
        """What was placed as `old` now stands as `new`."""
        for placed in self.reading.placements.values():
            for index, one in enumerate(placed):
                if one.path == path and one.value == old:
                    placed[index] = type(one)(path, new)

    def read_arms(self) -> None:
        arm: dict[str, Any] | None = None
        product: int | None = None
        closed = True
        for line in self.sections.get("groups", []):
            path = f"arms[{len(self.arm_list) - 1}]"
            if _NO_INTERVENTION.search(line.words) and len(line.words) < 80:
                product, closed = None, True
            elif (
                arm is not None
                and line.code in ARM_TYPES
                and "type" not in arm
                and line.words.isupper()
            ):
                arm["type"] = line.code
                self.take(line, f"{path}.type", line.code)
            elif product is not None and line.code in INTERVENTION_TYPES:
                if "type" not in self.intervention_list[product]:
                    self.intervention_list[product]["type"] = line.code
                    self.take(line, f"interventions[{product}].type", line.code)
            elif arm is not None and _key(line.words) in self.by_name:
                product, closed = self.intervention(line), False
                if self.intervention_list[product]["id"] not in arm["interventions"]:
                    arm["interventions"].append(self.intervention_list[product]["id"])
            elif arm is not None and not closed and product is None and "description" not in arm:
                arm["description"] = language_map(line.words)
                self.take(line, f"{path}.description.en", arm["description"]["en"])
            elif product is not None and _is_prose(line.words):
                self.describe(product, line)
            elif (
                arm is None
                or closed
                or _GROUPISH.search(line.words)
                or (self.by_name and product is not None)
            ):
                if (
                    _is_prose(line.words)
                    and arm is not None
                    and not closed
                    and "description" in arm
                ):
                    self.append(f"{path}.description", arm, line)
                    continue
                taken = {entry["id"] for entry in self.arm_list}
                arm = {
                    "id": slug(line.words, fallback="arm", taken=taken),
                    "label": language_map(line.words),
                    "interventions": [],
                }
                self.arm_list.append(arm)
                self.take(line, f"arms[{len(self.arm_list) - 1}].label.en", arm["label"]["en"])
                product, closed = None, False
            elif _is_prose(line.words):
                self.append(f"{path}.description", arm, line)
            else:
                product = self.intervention(line)
                arm["interventions"].append(self.intervention_list[product]["id"])

    # eligibility --------------------------------------------------------------------------

    def eligibility(self) -> dict[str, Any]:
        eligibility: dict[str, Any] = {}
        rest: list[_Line] = []
        pending = ""
        for line in self.sections.get("eligibility", []):
            label, value = _labeled(line.words)
            about = label or pending
            word = value if label else line.words
            key = _Line(line.number, word, word).code
            if _AGE.fullmatch(word) and (not label or "age" in label):
                name = (
                    "maximum_age"
                    if "max" in about or "upper" in about or "minimum_age" in eligibility
                    else "minimum_age"
                )
                if name not in eligibility:
                    eligibility[name] = word
                    self.take(line, f"eligibility.{name}", word)
            elif key in ("all", "female", "male", "both") and (
                line.words.isupper() or "sex" in about or "gender" in about
            ):
                eligibility["sex"] = "all" if key == "both" else key
                self.take(line, "eligibility.sex", eligibility["sex"])
            elif key in ("yes", "no") and (not label or "health" in label):
                eligibility["healthy_volunteers"] = key == "yes"
                self.take(line, "eligibility.healthy_volunteers", key == "yes")
            else:
                rest.append(line)
                pending = line.words.lower() if len(line.words) < 40 else ""
                continue
            pending = ""
        if not rest:
            return eligibility
        criteria = split_criteria("\n".join(plain(line.raw) for line in rest))
        if not criteria:
            eligibility["text"] = language_map("\n".join(line.words for line in rest))
            for line in rest:
                self.take(line, "eligibility.text.en", eligibility["text"]["en"])
            return eligibility
        eligibility["criteria"] = []
        for index, (name, criterion) in enumerate(
            zip(criterion_ids(criteria), criteria, strict=True)
        ):
            path = f"eligibility.criteria[{index}]"
            eligibility["criteria"].append(
                criterion_entry(
                    name, criterion.kind, criterion.number, criterion.text, criterion.group
                )
            )
            for offset in criterion.lines:
                if criterion.number is not None:
                    self.take(rest[offset], f"{path}.number", criterion.number)
                self.take(rest[offset], f"{path}.text.en", criterion.text)
        return eligibility

    # people and places --------------------------------------------------------------------

    def sponsors(self, identity: dict[str, Any]) -> None:
        found: list[dict[str, Any]] = []
        identity["sponsors"] = found
        role: str | None = None
        for line in self.sections.get("sponsors", []):
            label, value = _labeled(line.words)
            path = f"identity.sponsors[{len(found) - 1}]"
            key = re.sub(
                r"_?(sponsors?|organization)$",
                "",
                _Line(0, value, value).code if "role" in label else line.code,
            )
            if key in ("lead", "collaborator", "collaborators"):
                written = "lead" if key == "lead" else "collaborator"
                if "role" in label and found:
                    found[-1]["role"] = written
                    self.take(line, f"{path}.role", written)
                else:
                    role = written
            elif (
                found
                and "type" not in found[-1]
                and (line.code in AGENCIES or (_key(value) in AGENCIES and label))
            ):
                found[-1]["type"] = code(value if label else line.words)
                self.take(line, f"{path}.type", found[-1]["type"])
            else:
                name = value if "sponsor" in label or "collaborator" in label else line.words
                if not name:
                    continue
                found.append({"name": language_map(name)})
                if label.startswith("lead") or "lead" in label:
                    found[-1]["role"] = "lead"
                elif "collaborator" in label:
                    found[-1]["role"] = "collaborator"
                elif role is not None:
                    found[-1]["role"] = role
                self.take(
                    line, f"identity.sponsors[{len(found) - 1}].name.en", found[-1]["name"]["en"]
                )

    def party(self, identity: dict[str, Any]) -> None:
        party: dict[str, Any] = {}
        for line in self.sections.get("party", []):
            label, value = _labeled(line.words)
            key = _Line(0, value, value).code if label else line.code
            if (
                key in ("sponsor", "principal_investigator", "sponsor_investigator")
                and "type" not in party
            ):
                party["type"] = key
                self.take(line, "identity.responsible_party.type", key)
                continue
            names = [
                name
                for name in ("name", "title", "affiliation")
                if name not in party and (name in label or not label)
            ]
            if names and value:
                party[names[0]] = language_map(value)
                self.take(line, f"identity.responsible_party.{names[0]}.en", party[names[0]]["en"])
        if party:
            identity["responsible_party"] = party

    def sites(self, identity: dict[str, Any]) -> None:
        found: list[dict[str, Any]] = []
        keys: set[str] = set()
        identity["sites"] = found
        for line in self.sections.get("locations", []):
            label, value = _labeled(line.words)
            path = f"identity.sites[{len(found) - 1}]"
            status = _Line(0, value, value).code if "status" in label else line.code
            parts = [part.strip() for part in re.split(r"[,，]", line.words)]
            if status in STATUSES and found:
                found[-1]["recruitment_status"] = status
                self.take(line, f"{path}.recruitment_status", status)
            elif len(parts) > 1 and _is_country(parts[-1]):
                if not found or found[-1]["country"] != NOT_STATED:
                    self.add_site(found, keys, None)
                    path = f"identity.sites[{len(found) - 1}]"
                site = found[-1]
                names = {"city": parts[0], "country": parts[-1]}
                if len(parts) > 2:
                    names["region"] = ", ".join(parts[1:-1])
                for name in ("city", "region", "country"):
                    if names.get(name):
                        site[name] = language_map(names[name])
                        self.take(line, f"{path}.{name}.en", site[name]["en"])
                site["timezone"] = time_zone(parts[-1])
            else:
                self.add_site(found, keys, line)

    def add_site(self, found: list[dict[str, Any]], keys: set[str], line: _Line | None) -> None:
        key = slug(line.words if line else "", fallback="site", taken=keys)
        keys.add(key)
        found.append(
            {
                "id": f"{len(found) + 1:02d}",
                "key": key,
                "name": language_map(line.words) if line else dict(NOT_STATED),
                "city": dict(NOT_STATED),
                "country": dict(NOT_STATED),
                "timezone": "UTC",
                "recruitment_status": "not_stated",
            }
        )
        if line is not None:
            self.take(line, f"identity.sites[{len(found) - 1}].name.en", found[-1]["name"]["en"])

    def contacts(self, found: list[dict[str, Any]], section: str) -> None:
        first = len(found)
        for line in self.sections.get(section, []):
            label, value = _labeled(line.words)
            word = value if label else line.words
            path = f"identity.contacts[{len(found) - 1}]"
            open_contact = found[-1] if len(found) > first else None
            name = (
                "role" if label == "role"
                else "email" if _EMAIL.fullmatch(word)
                else "phone" if _PHONE.fullmatch(word)
                else None
            )  # fmt: skip
            if name is not None:
                if open_contact is not None and name not in open_contact and word:
                    open_contact[name] = code(word) if name == "role" else word
                    self.take(line, f"{path}.{name}", open_contact[name])
            elif word:
                found.append({"name": language_map(word), "kind": section})
                self.take(
                    line, f"identity.contacts[{len(found) - 1}].name.en", found[-1]["name"]["en"]
                )

    def identifiers(self, found: list[dict[str, Any]]) -> None:
        first = len(found)
        for line in self.sections.get("identifiers", []):
            label, value = _labeled(line.words)
            path = f"identity.identifiers[{len(found) - 1}]"
            if "type" in label or "source" in label:
                name = "type" if "type" in label else "source"
                if len(found) > first and value.strip("-–— ") and name not in found[-1]:
                    found[-1][name] = value
                    self.take(line, f"{path}.{name}", value)
            else:
                found.append({"id": line.words})
                self.take(line, f"identity.identifiers[{len(found) - 1}].id", line.words)

    # outcomes -----------------------------------------------------------------------------

    def outcomes(self) -> None:
        for section, first_role in (
            ("primary", "primary"),
            ("secondary", "secondary"),
            ("other", "other"),
            ("outcomes", "primary"),
        ):
            role, current = first_role, None
            for line in self.sections.get(section, []):
                label, value = _labeled(line.words)
                entry = label_of(line.words)
                listed = self.record.get("outcomes", {}).get(role, [])
                path = f"record.outcomes.{role}[{len(listed) - 1}]"
                if re.fullmatch(
                    r"(primary|secondary|other)(?: outcomes?| endpoints?)?(?: measures?)?:?",
                    line.words,
                    re.I,
                ):
                    role, current = line.words.split()[0].lower().rstrip(":"), None
                elif (
                    label in ("time frame", "timeframe", "time point", "timing")
                    and current is not None
                    and value
                ):
                    current["time_frame"] = value
                    self.take(line, f"{path}.time_frame", value)
                elif (
                    current is None
                    or entry is not None
                    or "time_frame" in current
                    or label in ("measure", "outcome")
                ):
                    words = (
                        entry[2]
                        if entry
                        else value
                        if label in ("measure", "outcome")
                        else line.words
                    )
                    if not words:
                        continue
                    current = {"measure": words}
                    listed = self.record.setdefault("outcomes", {}).setdefault(role, [])
                    listed.append(current)
                    self.take(line, f"record.outcomes.{role}[{len(listed) - 1}].measure", words)
                elif "description" not in current:
                    current["description"] = line.words
                    self.take(line, f"{path}.description", line.words)


def _labeled(words: str) -> tuple[str, str]:
    """`Role: primary` as (`role`, `primary`); no label where the colon belongs to prose."""
    match = re.match(r"([A-Za-z][A-Za-z /()-]{0,38}?)\s*[:：]\s*(.*)$", words)
    return (match[1].lower(), match[2].strip()) if match else ("", words)


def _partial(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        PartialDate.parse(value)
    except ValueError:
        return False
    return True


def _key(words: str) -> str:
    return re.sub(r"[\W_]+", "", words).lower()


def _is_prose(words: str) -> bool:
    """A sentence rather than a name."""
    return len(words) > 100 or (len(words) > 25 and words.rstrip()[-1:] in ".;。")


def _is_country(words: str) -> bool:
    return words.strip().lower() in country_names()


def _opens_criteria(line: _Line) -> bool:
    return (
        "criteria" in line.words.lower()
        and len(line.words) < 40
        and heading_kind(line.words) is not None
    )
