"""The cast and the plot shared by tests: a trial in memory, its sites open, people who take part.

Actors are named by role and site, never as invented persons.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Actor, Address
from equipoise.home.home import ADMINISTRATOR, RehearsalSettings, memory_trial
from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol
from equipoise.trial import Done, Trial

ROOT = Path(__file__).resolve().parents[2]
SEED_PROTOCOL = ROOT / "trials" / "nct07312656" / "protocol.yaml"
SITES = {"01": "nanning", "02": "liuzhou", "03": "yulin"}
START = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
"""09:00 in Guangxi on the first day of the story."""

SITE_ROLES = ("coordinator", "investigator", "pharmacist")
TRIAL_ROLES = ("monitor", "statistician", "dsmb", "sponsor")


def at_site(role: str, site: str = "01") -> Actor:
    """A person of a site: `coordinator-nanning`."""
    return Actor(f"{role}-{SITES[site]}", role, site)


def central(role: str) -> Actor:
    """A person who acts for the whole trial."""
    return Actor(role, role)


COORDINATOR = at_site("coordinator")
INVESTIGATOR = at_site("investigator")
PHARMACIST = at_site("pharmacist")
MONITOR = central("monitor")

LABORATORY = {
    "alt": (None, "40", "U/L"),
    "ast": (None, "40", "U/L"),
    "bilirubin_total": (None, "20.5", "umol/L"),
    "creatinine": ("57", "97", "umol/L"),
    "hemoglobin": ("115", "150", "g/L"),
    "wbc": ("3.5", "9.5", "10*9/L"),
    "platelets": ("125", "350", "10*9/L"),
}


@lru_cache(maxsize=1)
def seed_protocol() -> Protocol:
    """The protocol of the first trial, read once."""
    return load_protocol(SEED_PROTOCOL)


def expect(outcome: Done | Refusal) -> Done:
    """The outcome, which must not be a refusal."""
    assert isinstance(outcome, Done), f"refused: {outcome}"
    return outcome


def open_trial(trial: Trial, at: datetime = START) -> Trial:
    """Grant every role of the cast and open all sites with their laboratory ranges."""
    if trial.state.live:
        log_training(trial, ADMINISTRATOR.id, at)
    for site in SITES:
        for role in SITE_ROLES:
            actor = at_site(role, site)
            grant = c.GrantRole(person=actor.id, role=role, site=site)
            expect(trial.do(grant, ADMINISTRATOR, at=at))
        if trial.state.live:
            file_documents(trial, site, at)
        opened = c.OpenSite(site=site, ethics_approval=f"2025-K0439-{site}", approved_on=at.date())
        expect(trial.do(opened, ADMINISTRATOR, at=at))
        for item, (lower, upper, unit) in LABORATORY.items():
            limits = c.SetLaboratoryRange(
                site=site, item=item, lower=lower, upper=upper, unit=unit,
                valid_from=date(2025, 1, 1),
            )  # fmt: skip
            expect(trial.do(limits, ADMINISTRATOR, at=at))
    for role in TRIAL_ROLES:
        expect(trial.do(c.GrantRole(person=role, role=role), ADMINISTRATOR, at=at))
    if trial.state.live:
        enable(trial, at)
    return trial


def file_documents(trial: Trial, site: str, at: datetime = START) -> None:
    """File what the protocol asks for before this site opens, for the trial once and for the site."""
    filed = {(one.document, one.site) for one in trial.state.oversight.documents}
    for one in trial.protocol.monitoring.essential_documents:
        place = site if one.level == "site" else ""
        if one.before_opening and (one.id, place) not in filed:
            document = c.FileDocument(
                document=one.id, site=place, dated=at.date(), location="binder 1",
                expires_on=at.date() + timedelta(days=1500) if one.expires else None,
            )  # fmt: skip
            expect(trial.do(document, ADMINISTRATOR, at=at))


def log_training(trial: Trial, person: str, at: datetime = START) -> None:
    """The person's training on the protocol version in force, logged by the administrator."""
    version = trial.protocol.version
    training = c.RecordTraining(person=person, subject=version, trained_on=at.date())
    expect(trial.do(training, ADMINISTRATOR, at=at))


def enable(trial: Trial, at: datetime = START) -> None:
    """Log what a live trial demands: training of the whole cast, and each site's delegations."""
    for person in sorted({person for person, _role, _site in trial.state.grants}):
        log_training(trial, person, at)
    for site in SITES:
        for role in ("coordinator", "pharmacist"):
            delegation = c.DelegateTasks(site=site, person=at_site(role, site).id, role=role)
            expect(trial.do(delegation, at_site("investigator", site), at=at))


def new_trial(seed: int = 1) -> Trial:
    """A trial in memory with every site open."""
    settings = RehearsalSettings(seed=seed, replicate=0, start=START.isoformat(), options={})
    return open_trial(memory_trial(seed_protocol(), settings))


RT_START = START.date() + timedelta(days=20)


def screening_values(**changes: str) -> dict[str, dict[str, str]]:
    """What the screening forms of an eligible man hold, by form; `changes` replaces items."""
    forms = {
        "demography": {"sex": "male", "birth_date": "1974-05-17"},
        "medical_history": {
            "diagnosis_site": "npc", "concurrent_chemo": "yes", "induction_chemo": "no",
            "smoker": "no", "ecog": "1", "life_expectancy_months": "36", "hn_surgery": "no",
            "in_other_trial": "no", "past_trial": "no", "unstable_angina": "no",
            "severe_arrhythmia": "no", "nyha_class": "none", "myocardial_infarction": "no",
            "cirrhosis": "no", "systemic_infection": "no",
            "autoimmune_on_immunosuppression": "no", "other_mucosal_agent": "no",
            "long_term_immunosuppressant": "no", "prednisone_equivalent": "0",
            "product_allergy": "no",
        },
        "radiotherapy_plan": {
            "rt_intent": "definitive", "rt_technique": "imrt", "rt_planned_dose": "69.96",
            "rt_planned_fractions": "33", "rt_fields_oral": "yes",
            "rt_planned_start": str(RT_START),
            "rt_planned_end": str(RT_START + timedelta(days=44)),
            "weight_at_simulation": "62.0",
        },
        "vital_signs": {
            "height": "168", "weight": "62.0", "temperature": "36.6", "pulse": "74",
            "systolic_bp": "124", "diastolic_bp": "78",
        },
        "laboratory": {
            "wbc": "6.1", "anc": "3.9", "hemoglobin": "132", "platelets": "212", "alt": "24",
            "ast": "22", "bilirubin_total": "11.0", "creatinine": "74",
        },
        "screening_tests": {
            "creatinine_clearance": "95", "hbsag": "negative", "hiv_antibody": "negative",
        },
        "ecg": {"ecg_significant": "no"},
        "oral_baseline": {
            "mucosa_intact": "yes", "oral_infection": "no", "periodontal_severe": "no",
        },
    }  # fmt: skip
    for item, raw in changes.items():
        for form in seed_protocol().forms:
            if form.id in forms and any(entry.item == item for entry in form.items):
                forms[form.id][item] = raw
    return forms


_counter = itertools.count()


class Person:
    """Someone who walks through the trial, one command at a time, in a test."""

    def __init__(self, trial: Trial, site: str = "01", at: datetime = START) -> None:
        self.trial = trial
        self.site = site
        self.at = at
        self.coordinator = at_site("coordinator", site)
        self.investigator = at_site("investigator", site)
        self.pharmacist = at_site("pharmacist", site)
        self.id = ""

    def do(self, command: c.Command, actor: Actor | None = None) -> Done | Refusal:
        """Bring a command at the person's present time."""
        return self.trial.do(command, actor or self.coordinator, at=self.at)

    def screen(self, **identity: str) -> Person:
        """Enter the screening log."""
        done = expect(self.do(c.ScreenParticipant(site=self.site, identity=identity)))
        self.id = done.answer["participant"]
        return self

    def consent(self) -> Person:
        """Sign the consent form in force."""
        version = self.trial.protocol.consents[-1].version
        day = self.trial.protocol.site_by_id[self.site] and self.at.date()
        expect(self.do(c.RecordConsent(participant=self.id, version=version, signed_on=day)))
        return self

    def enter_screening(self, **changes: str) -> Person:
        """Fill every screening form."""
        for form, values in screening_values(**changes).items():
            address = Address("screening", form)
            expect(self.do(c.SaveForm(participant=self.id, address=address, values=values)))
        return self

    @property
    def judgements(self) -> dict[str, bool]:
        """Judgements that let the person in."""
        return {
            criterion.id: criterion.kind == "inclusion"
            for criterion in self.trial.protocol.eligibility.criteria
            if criterion.judgement
        }

    def assess(self, **judgements: bool) -> Done | Refusal:
        """Decide the criteria."""
        judged = {**self.judgements, **judgements}
        return self.do(
            c.AssessEligibility(participant=self.id, judgements=judged), self.investigator
        )

    def sign(self) -> Person:
        """The investigator signs."""
        expect(self.do(c.SignEligibility(participant=self.id), self.investigator))
        return self

    def randomize(self) -> Done:
        """Allocate."""
        return expect(self.do(c.Randomize(participant=self.id)))

    def enroll(self, **changes: str) -> Person:
        """Everything from the screening log to the allocation."""
        self.screen().consent().enter_screening(**changes)
        expect(self.assess())
        self.sign().randomize()
        return self

    def save(self, visit: str, form: str, reason: str = "", **values: str) -> Done | Refusal:
        """Save a form of a visit."""
        return self.do(
            c.SaveForm(
                participant=self.id, address=Address(visit, form), values=values, reason=reason
            )
        )

    def wait(self, days: int) -> Person:
        """Let days pass."""
        self.at += timedelta(days=days)
        return self

    def wait_until(self, day: date) -> Person:
        """Let time pass until the morning of a day."""
        self.at = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
        return self

    @property
    def state(self) -> Any:
        """The person as the trial knows them now."""
        return self.trial.participant(self.id)
