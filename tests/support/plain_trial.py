"""A trial with next to nothing before randomization, for tests that need very many participants."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from equipoise.conduct import commands as c
from equipoise.conduct.values import Actor
from equipoise.home.home import ADMINISTRATOR
from equipoise.trial import Trial

from .story import expect, log_training

SITES = ("01", "02", "03", "04")
AT = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
COORDINATOR = Actor("coordinator", "coordinator")
INVESTIGATOR = Actor("investigator", "investigator")
SIZES = (4, 6)

DOCUMENT: dict[str, Any] = {
    "schema": "equipoise/protocol/1",
    "id": "plain",
    "readiness": "activatable",
    "identity": {
        "titles": {"brief": "A plain trial"},
        "sites": [
            {"id": site, "key": f"site{site}", "name": site, "city": site, "country": "Nowhere"}
            for site in SITES
        ],
    },
    "arms": [{"id": "spray", "label": "Spray"}, {"id": "control", "label": "Control"}],
    "eligibility": {
        "criteria": [
            {"id": "willing", "kind": "inclusion", "text": "Willing", "judgement": True}
        ]
    },
    "consents": [{"version": "1", "label": "Consent"}],
    "randomization": {
        "ratio": {"spray": 1, "control": 1},
        "scheme": {"type": "permuted_blocks", "sizes": list(SIZES)},
        "strata": [{"id": "site", "source": "site", "levels": list(SITES)}],
    },
    "roles": [
        {"role": "coordinator", "may": ["ScreenParticipant", "RecordConsent", "AssessEligibility", "Randomize"]},
        {"role": "investigator", "may": ["SignEligibility", "DelegateTasks"]},
        {"role": "administrator", "may": ["CommitRandomization", "GrantRole", "OpenSite", "RecordTraining"]},
    ],
}  # fmt: skip


def write_protocol(path: Path) -> Path:
    """The protocol as a file."""
    path.write_text(yaml.safe_dump(DOCUMENT, sort_keys=False), encoding="utf-8")
    return path


def fill(trial: Trial, people: int) -> list[str]:
    """Open the sites and bring so many people to the point of randomization."""
    with trial.batch():
        log_training(trial, ADMINISTRATOR.id, AT)
        for actor in (COORDINATOR, INVESTIGATOR):
            grant = c.GrantRole(person=actor.id, role=actor.role)
            expect(trial.do(grant, ADMINISTRATOR, at=AT))
        for site in SITES:
            opened = c.OpenSite(site=site, ethics_approval="E", approved_on=date(2026, 1, 1))
            expect(trial.do(opened, ADMINISTRATOR, at=AT))
        for person in (COORDINATOR, INVESTIGATOR):
            log_training(trial, person.id, AT)
        for site in SITES:
            delegation = c.DelegateTasks(site=site, person=COORDINATOR.id, role=COORDINATOR.role)
            expect(trial.do(delegation, INVESTIGATOR, at=AT))
        found = []
        for n in range(people):
            screen = c.ScreenParticipant(site=SITES[n % len(SITES)])
            participant = expect(trial.do(screen, COORDINATOR, at=AT)).answer["participant"]
            consent = c.RecordConsent(participant=participant, version="1", signed_on=AT.date())
            expect(trial.do(consent, COORDINATOR, at=AT))
            assess = c.AssessEligibility(participant=participant, judgements={"willing": True})
            expect(trial.do(assess, COORDINATOR, at=AT))
            expect(trial.do(c.SignEligibility(participant=participant), INVESTIGATOR, at=AT))
            found.append(participant)
    return found
