"""Headings of a record page, the sentences it says of every trial, and the registry's words for values."""

from __future__ import annotations

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

HEADING_SECTION = {name: section for section, names in SECTIONS.items() for name in names}

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
