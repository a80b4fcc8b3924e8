"""Reading a study of ClinicalTrials.gov's API version 2 (JSON).

The schema requires nothing and forbids nothing, so this reader takes what it knows wherever it
is well formed, and leaves everything else to be kept as the record's own.
Source: ClinicalTrials.gov REST API 2.0.x, OpenAPI document `ctg-oas-v2.yaml`, schema `Study`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from equipoise.quantity.dates import PartialDate

from .criteria import criterion_entry, criterion_ids, split_criteria
from .places import NOT_STATED, time_zone
from .record import RecordError, RecordReading, code, language_map, slug

_ALLOCATION = {
    "RANDOMIZED": "randomized",
    "NON_RANDOMIZED": "non_randomized",
    "NA": "not_applicable",
}
_MASKED = {
    "PARTICIPANT": "participant",
    "CARE_PROVIDER": "care_provider",
    "INVESTIGATOR": "investigator",
    "OUTCOMES_ASSESSOR": "outcomes_assessor",
}


def _mapping(tree: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree if isinstance(tree, Mapping) else {}


def _entries(tree: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    listed = tree.get(key)
    if isinstance(listed, list):
        for index, entry in enumerate(listed):
            if isinstance(entry, Mapping):
                yield index, entry


def _words(tree: Mapping[str, Any], key: str) -> str | None:
    """The text at a key, if it is one and says something."""
    value = tree.get(key)
    if not isinstance(value, str):
        return None
    try:
        return value if language_map(value)["en"] else None
    except ValueError:
        return None


def read_study(study: Any) -> RecordReading:
    """A study as a draft document; RecordError if it is none."""
    if not isinstance(study, Mapping):
        raise RecordError("not a study: a JSON object with a protocolSection is expected")
    if not isinstance(study.get("protocolSection"), Mapping):
        raise RecordError("not a study: it has no protocolSection")
    identification = _mapping(study, "protocolSection", "identificationModule")
    if (
        _words(identification, "briefTitle") is None
        and _words(identification, "officialTitle") is None
    ):
        raise RecordError("the study has no title: protocolSection.identificationModule.briefTitle")
    return _Reader(study).read()


class _Reader:
    def __init__(self, study: Mapping[str, Any]) -> None:
        self.section = study["protocolSection"]
        self.document: dict[str, Any] = {}
        self.reading = RecordReading("ctgov_v2", study, self.document)

    def module(self, name: str) -> tuple[Mapping[str, Any], str]:
        return _mapping(self.section, name), f"protocolSection.{name}"

    def place(self, leaf: str, path: str, value: Any) -> None:
        self.reading.place(leaf, path, value)

    def put_text(
        self,
        target: dict[str, Any],
        name: str,
        path: str,
        tree: Mapping[str, Any],
        key: str,
        leaf: str,
    ) -> None:
        """Copy a prose leaf into a language map."""
        words = _words(tree, key)
        if words is not None:
            target[name] = language_map(words)
            self.place(f"{leaf}.{key}", f"{path}.{name}.en", target[name]["en"])

    def put_string(
        self,
        target: dict[str, Any],
        name: str,
        path: str,
        tree: Mapping[str, Any],
        key: str,
        leaf: str,
        *,
        coded: bool = False,
    ) -> None:
        """Copy a string leaf as it is, or as a code."""
        words = _words(tree, key)
        if words is not None:
            target[name] = code(words) if coded else words.strip()
            self.place(f"{leaf}.{key}", f"{path}.{name}", target[name])

    def read(self) -> RecordReading:
        document = self.document
        document["identity"] = self.identity()
        document["design"] = self.design()
        self.groups()
        document["eligibility"] = self.eligibility()
        document["record"] = self.record()
        return self.reading

    # identity -----------------------------------------------------------------------------

    def identity(self) -> dict[str, Any]:
        identity: dict[str, Any] = {"titles": {}}
        module, leaf = self.module("identificationModule")
        titles = identity["titles"]
        self.put_text(titles, "official", "identity.titles", module, "officialTitle", leaf)
        if _words(module, "briefTitle") is not None:
            self.put_text(titles, "brief", "identity.titles", module, "briefTitle", leaf)
        else:
            titles["brief"] = titles["official"]
        self.put_string(titles, "acronym", "identity.titles", module, "acronym", leaf)
        identity["identifiers"] = self.identifiers(module, leaf)
        self.status(identity)
        self.sponsors(identity)
        self.locations(identity)
        description, leaf = self.module("descriptionModule")
        self.put_text(identity, "summary", "identity", description, "briefSummary", leaf)
        self.put_text(identity, "description", "identity", description, "detailedDescription", leaf)
        conditions, leaf = self.module("conditionsModule")
        for key in ("conditions", "keywords"):
            identity[key] = self.texts(conditions, key, leaf, f"identity.{key}")
        identity["references"] = self.references()
        return identity

    def identifiers(self, module: Mapping[str, Any], leaf: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []

        def add(value: Mapping[str, Any], where: str, key: str, fixed_type: str | None) -> None:
            words = _words(value, key)
            if words is None:
                return
            path = f"identity.identifiers[{len(found)}]"
            entry: dict[str, Any] = {}
            found.append(entry)
            self.put_string(entry, "id", path, value, key, where)
            if fixed_type is not None:
                entry["type"] = fixed_type
                return
            self.put_string(entry, "type", path, value, "type", where, coded=True)
            self.put_string(entry, "source", path, value, "domain", where)

        add(module, leaf, "nctId", "nct")
        add(_mapping(module, "orgStudyIdInfo"), f"{leaf}.orgStudyIdInfo", "id", None)
        if found and len(found) > 1 and "type" not in found[-1]:
            found[-1]["source"] = found[-1].get("source", "org_study_id")
        for index, info in _entries(module, "secondaryIdInfos"):
            add(info, f"{leaf}.secondaryIdInfos[{index}]", "id", None)
        return found

    def texts(
        self, module: Mapping[str, Any], key: str, leaf: str, path: str
    ) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        listed = module.get(key)
        for index, words in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(words, str) and language_map(words)["en"]:
                found.append(language_map(words))
                self.place(
                    f"{leaf}.{key}[{index}]", f"{path}[{len(found) - 1}].en", found[-1]["en"]
                )
        return found

    def status(self, identity: dict[str, Any]) -> None:
        module, leaf = self.module("statusModule")
        self.put_string(
            identity, "registry_status", "identity", module, "overallStatus", leaf, coded=True
        )
        dates: dict[str, Any] = {}
        for name, key in (
            ("start", "startDateStruct"),
            ("primary_completion", "primaryCompletionDateStruct"),
            ("completion", "completionDateStruct"),
            ("first_posted", "studyFirstPostDateStruct"),
            ("last_updated", "lastUpdatePostDateStruct"),
        ):
            struct = _mapping(module, key)
            moment = _date(struct.get("date"))
            if moment is None:
                continue
            dates[name] = {"date": moment}
            path = f"identity.dates.{name}"
            self.place(f"{leaf}.{key}.date", f"{path}.date", moment)
            kind = struct.get("type")
            if kind in ("ACTUAL", "ESTIMATED"):
                dates[name]["type"] = kind.lower()
                self.place(f"{leaf}.{key}.type", f"{path}.type", kind.lower())
        if dates:
            identity["dates"] = dates

    def sponsors(self, identity: dict[str, Any]) -> None:
        module, leaf = self.module("sponsorCollaboratorsModule")
        listed = [
            (f"{leaf}.leadSponsor", _mapping(module, "leadSponsor"), "lead"),
            *(
                (f"{leaf}.collaborators[{index}]", entry, "collaborator")
                for index, entry in _entries(module, "collaborators")
            ),
        ]
        sponsors: list[dict[str, Any]] = []
        for where, entry, role in listed:
            if _words(entry, "name") is None:
                continue
            sponsor: dict[str, Any] = {}
            path = f"identity.sponsors[{len(sponsors)}]"
            sponsors.append(sponsor)
            self.put_text(sponsor, "name", path, entry, "name", where)
            self.put_string(sponsor, "type", path, entry, "class", where, coded=True)
            sponsor["role"] = role
        identity["sponsors"] = sponsors
        party, leaf = _mapping(module, "responsibleParty"), f"{leaf}.responsibleParty"
        written: dict[str, Any] = {}
        kind = party.get("type")
        if kind in ("SPONSOR", "PRINCIPAL_INVESTIGATOR", "SPONSOR_INVESTIGATOR"):
            written["type"] = kind.lower()
            self.place(f"{leaf}.type", "identity.responsible_party.type", kind.lower())
        for name, key in (
            ("name", "investigatorFullName"),
            ("title", "investigatorTitle"),
            ("affiliation", "investigatorAffiliation"),
            ("name", "oldNameTitle"),
            ("affiliation", "oldOrganization"),
        ):
            if name in written:
                continue
            self.put_text(written, name, "identity.responsible_party", party, key, leaf)
        if written:
            identity["responsible_party"] = written

    def locations(self, identity: dict[str, Any]) -> None:
        module, leaf = self.module("contactsLocationsModule")
        contacts: list[dict[str, Any]] = []

        def add_contact(entry: Mapping[str, Any], where: str, kind: str, site: str | None) -> None:
            if _words(entry, "name") is None:
                return
            path = f"identity.contacts[{len(contacts)}]"
            contact: dict[str, Any] = {}
            contacts.append(contact)
            self.put_text(contact, "name", path, entry, "name", where)
            self.put_string(contact, "role", path, entry, "role", where, coded=True)
            contact["kind"] = kind
            if site is not None:
                contact["site"] = site
            self.put_string(contact, "phone", path, entry, "phone", where)
            self.put_string(contact, "email", path, entry, "email", where)

        for index, entry in _entries(module, "centralContacts"):
            add_contact(entry, f"{leaf}.centralContacts[{index}]", "central", None)
        sites: list[dict[str, Any]] = []
        countries: list[str] = []
        keys: set[str] = set()
        listed = list(_entries(module, "locations"))[:9999]
        digits = max(2, len(str(len(listed))))
        for index, entry in listed:
            where, path = f"{leaf}.locations[{index}]", f"identity.sites[{len(sites)}]"
            site: dict[str, Any] = {"id": f"{len(sites) + 1:0{digits}d}"}
            key = slug(
                _words(entry, "facility") or _words(entry, "city") or "",
                fallback="site",
                taken=keys,
            )
            keys.add(key)
            site["key"] = key
            sites.append(site)
            for name, source in (
                ("name", "facility"),
                ("city", "city"),
                ("region", "state"),
                ("country", "country"),
            ):
                self.put_text(site, name, path, entry, source, where)
            for name in ("name", "city", "country"):
                site.setdefault(name, dict(NOT_STATED))
            country = site["country"]["en"]
            site["timezone"] = time_zone(country)
            site["recruitment_status"] = "not_stated"
            self.put_string(site, "recruitment_status", path, entry, "status", where, coded=True)
            if country not in countries and country != NOT_STATED["en"]:
                countries.append(country)
            for number, contact in _entries(entry, "contacts"):
                add_contact(contact, f"{where}.contacts[{number}]", "facility", site["id"])
        identity["contacts"] = contacts
        identity["sites"] = sites
        identity["countries"] = [{"en": country} for country in countries]

    def references(self) -> list[dict[str, Any]]:
        module, leaf = self.module("referencesModule")
        found: list[dict[str, Any]] = []
        for index, entry in _entries(module, "references"):
            if _words(entry, "citation") is not None:
                found.append({})
                path = f"identity.references[{len(found) - 1}]"
                self.put_text(
                    found[-1], "text", path, entry, "citation", f"{leaf}.references[{index}]"
                )
        for index, entry in _entries(module, "seeAlsoLinks"):
            label = "label" if _words(entry, "label") else "url"
            if _words(entry, label) is not None:
                found.append({})
                path = f"identity.references[{len(found) - 1}]"
                where = f"{leaf}.seeAlsoLinks[{index}]"
                self.put_text(found[-1], "text", path, entry, label, where)
                self.put_string(found[-1], "url", path, entry, "url", where)
        return found

    # design -------------------------------------------------------------------------------

    def design(self) -> dict[str, Any]:
        design: dict[str, Any] = {}
        module, leaf = self.module("designModule")
        kind = module.get("studyType")
        if kind in ("INTERVENTIONAL", "OBSERVATIONAL", "EXPANDED_ACCESS"):
            design["study_type"] = kind.lower()
            self.place(f"{leaf}.studyType", "design.study_type", kind.lower())
        phases = module.get("phases")
        design["phase"] = []
        for index, phase in enumerate(phases if isinstance(phases, list) else []):
            if isinstance(phase, str) and phase.strip():
                design["phase"].append(code(phase))
                self.place(
                    f"{leaf}.phases[{index}]",
                    f"design.phase[{len(design['phase']) - 1}]",
                    code(phase),
                )
        info, where = _mapping(module, "designInfo"), f"{leaf}.designInfo"
        allocation = info.get("allocation")
        if isinstance(allocation, str) and allocation in _ALLOCATION:
            design["allocation"] = _ALLOCATION[allocation]
            self.place(f"{where}.allocation", "design.allocation", _ALLOCATION[allocation])
        for name, key in (
            ("model", "interventionModel"),
            ("observational_model", "observationalModel"),
            ("time_perspective", "timePerspective"),
            ("purpose", "primaryPurpose"),
        ):
            self.put_string(design, name, "design", info, key, where, coded=True)
        self.masking(design, _mapping(info, "maskingInfo"), f"{where}.maskingInfo")
        enrollment = _mapping(module, "enrollmentInfo").get("count")
        if isinstance(enrollment, int) and not isinstance(enrollment, bool) and enrollment >= 1:
            design["sample_size"] = {"target": enrollment}
            self.place(f"{leaf}.enrollmentInfo.count", "design.sample_size.target", enrollment)
        return design

    def masking(self, design: dict[str, Any], info: Mapping[str, Any], leaf: str) -> None:
        level = info.get("masking")
        if level not in ("NONE", "SINGLE", "DOUBLE", "TRIPLE", "QUADRUPLE"):
            return
        masking: dict[str, Any] = {"level": level.lower(), "masked": []}
        design["masking"] = masking
        self.place(f"{leaf}.masking", "design.masking.level", level.lower())
        who = info.get("whoMasked")
        for index, person in enumerate(who if isinstance(who, list) else []):
            if isinstance(person, str) and person in _MASKED:
                masking["masked"].append(_MASKED[person])
                place = f"design.masking.masked[{len(masking['masked']) - 1}]"
                self.place(f"{leaf}.whoMasked[{index}]", place, _MASKED[person])
        self.put_text(masking, "description", "design.masking", info, "maskingDescription", leaf)

    def groups(self) -> None:
        module, leaf = self.module("armsInterventionsModule")
        interventions: list[dict[str, Any]] = []
        by_name: dict[str, str] = {}
        taken: set[str] = set()
        listed: list[tuple[str, Mapping[str, Any], str]] = []
        for index, entry in _entries(module, "interventions"):
            name = _words(entry, "name")
            if name is None:
                continue
            intervention: dict[str, Any] = {"id": slug(name, fallback="intervention", taken=taken)}
            taken.add(intervention["id"])
            path = f"interventions[{len(interventions)}]"
            where = f"{leaf}.interventions[{index}]"
            interventions.append(intervention)
            self.put_text(intervention, "name", path, entry, "name", where)
            self.put_string(intervention, "type", path, entry, "type", where, coded=True)
            self.put_text(intervention, "description", path, entry, "description", where)
            by_name.setdefault(_link_key(f"{entry.get('type') or ''} {name}"), intervention["id"])
            by_name.setdefault(_link_key(name), intervention["id"])
            listed.append((intervention["id"], entry, where))
        arms: list[dict[str, Any]] = []
        arm_ids: set[str] = set()
        arm_by_label: dict[str, dict[str, Any]] = {}
        arm_index: dict[str, int] = {}
        for index, entry in _entries(module, "armGroups"):
            label = _words(entry, "label")
            if label is None:
                continue
            arm: dict[str, Any] = {"id": slug(label, fallback="arm", taken=arm_ids)}
            arm_ids.add(arm["id"])
            path, where = f"arms[{len(arms)}]", f"{leaf}.armGroups[{index}]"
            arm_index[arm["id"]] = len(arms)
            arms.append(arm)
            arm_by_label.setdefault(_link_key(label), arm)
            self.put_text(arm, "label", path, entry, "label", where)
            self.put_string(arm, "type", path, entry, "type", where, coded=True)
            self.put_text(arm, "description", path, entry, "description", where)
            arm["interventions"] = []
            names = entry.get("interventionNames")
            for number, name in enumerate(names if isinstance(names, list) else []):
                target = by_name.get(_link_key(name)) if isinstance(name, str) else None
                if target is not None and target not in arm["interventions"]:
                    arm["interventions"].append(target)
                    place = f"{path}.interventions[{len(arm['interventions']) - 1}]"
                    self.place(f"{where}.interventionNames[{number}]", place, target)
        for intervention_id, entry, where in listed:
            labels = entry.get("armGroupLabels")
            for number, label in enumerate(labels if isinstance(labels, list) else []):
                found = arm_by_label.get(_link_key(label)) if isinstance(label, str) else None
                if found is None:
                    continue
                if intervention_id not in found["interventions"]:
                    found["interventions"].append(intervention_id)
                position = found["interventions"].index(intervention_id)
                self.place(
                    f"{where}.armGroupLabels[{number}]",
                    f"arms[{arm_index[found['id']]}].interventions[{position}]",
                    intervention_id,
                )
        self.document["arms"] = arms
        self.document["interventions"] = interventions

    # eligibility and the rest -------------------------------------------------------------

    def eligibility(self) -> dict[str, Any]:
        eligibility: dict[str, Any] = {}
        module, leaf = self.module("eligibilityModule")
        sex = module.get("sex")
        if sex in ("ALL", "FEMALE", "MALE"):
            eligibility["sex"] = sex.lower()
            self.place(f"{leaf}.sex", "eligibility.sex", sex.lower())
        self.put_string(eligibility, "minimum_age", "eligibility", module, "minimumAge", leaf)
        self.put_string(eligibility, "maximum_age", "eligibility", module, "maximumAge", leaf)
        healthy = module.get("healthyVolunteers")
        if isinstance(healthy, bool):
            eligibility["healthy_volunteers"] = healthy
            self.place(f"{leaf}.healthyVolunteers", "eligibility.healthy_volunteers", healthy)
        self.put_text(eligibility, "population", "eligibility", module, "studyPopulation", leaf)
        self.put_string(
            eligibility,
            "sampling_method",
            "eligibility",
            module,
            "samplingMethod",
            leaf,
            coded=True,
        )
        text = _words(module, "eligibilityCriteria")
        if text is not None:
            criteria = split_criteria(text)
            if criteria:
                eligibility["criteria"] = [
                    criterion_entry(
                        name, criterion.kind, criterion.number, criterion.text, criterion.group
                    )
                    for name, criterion in zip(criterion_ids(criteria), criteria, strict=True)
                ]
                self.reading.parsed[f"{leaf}.eligibilityCriteria"] = "eligibility.criteria"
            else:
                self.put_text(
                    eligibility, "text", "eligibility", module, "eligibilityCriteria", leaf
                )
        return eligibility

    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = {}
        outcomes: dict[str, Any] = {}
        module, leaf = self.module("outcomesModule")
        for role, key in (
            ("primary", "primaryOutcomes"),
            ("secondary", "secondaryOutcomes"),
            ("other", "otherOutcomes"),
        ):
            for index, entry in _entries(module, key):
                if _words(entry, "measure") is None:
                    continue
                listed = outcomes.setdefault(role, [])
                path, where = f"record.outcomes.{role}[{len(listed)}]", f"{leaf}.{key}[{index}]"
                listed.append({})
                for name, source in (
                    ("measure", "measure"),
                    ("time_frame", "timeFrame"),
                    ("description", "description"),
                ):
                    self.put_string(listed[-1], name, path, entry, source, where)
        if outcomes:
            record["outcomes"] = outcomes
        texts: dict[str, Any] = {}
        design, leaf = self.module("designModule")
        info, where = _mapping(design, "designInfo"), f"{leaf}.designInfo"
        self.put_string(
            texts, "model_description", "record.texts", info, "interventionModelDescription", where
        )
        if "masking" not in self.document["design"]:
            self.put_string(
                texts,
                "masking_description",
                "record.texts",
                _mapping(info, "maskingInfo"),
                "maskingDescription",
                f"{where}.maskingInfo",
            )
        status, leaf = self.module("statusModule")
        self.put_string(texts, "why_stopped", "record.texts", status, "whyStopped", leaf)
        if texts:
            record["texts"] = texts
        oversight, leaf = self.module("oversightModule")
        committee = oversight.get("oversightHasDmc")
        if isinstance(committee, bool):
            record["monitoring_committee"] = committee
            self.place(f"{leaf}.oversightHasDmc", "record.monitoring_committee", committee)
        return record


def _link_key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _date(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return str(PartialDate.parse(value))
    except ValueError:
        return None
