"""The first trial's record as its parts, and the two forms a registry gives it in: page and JSON.

A part that is changed is changed in both forms, so that what a check finds can be told from how the
record happened to be written down.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from equipoise.exchange.draft import Draft, draft_from, read_record_bytes

PAGE = Path(__file__).parents[2] / "trials" / "nct07312656" / "record.txt"

Parts = dict[str, Any]
Change = Callable[[Any], Any] | Any
"""What stands in a part's place, or a function of what stood there."""

TIMING = (
    "Begin 7 days prior to radiotherapy initiation and continue until 14 days post-radiotherapy "
    "completion."
)
ARM_TIMING = (
    "Initiation of the study drug on the first day of radiotherapy and continuing through the "
    "completion of the treatment course."
)


@cache
def page_text() -> str:
    """The record page as published."""
    return PAGE.read_text(encoding="utf-8")


def _between(start: str, end: str) -> str:
    return page_text().split(start, 1)[1].split(end, 1)[0].rstrip("\n")


@cache
def _said() -> tuple[tuple[str, Any], ...]:
    lines = page_text().splitlines()
    product = "mesenchymal stem cell-derived exosomes"
    arm = next(line for line in lines if line.startswith(f"{product}. Administer"))
    use = next(line for line in lines if line.startswith("Mesenchymal Exosome Administration"))
    control = next(line for line in lines if line.startswith("Patients in the control group"))
    return (
        ("title", lines[0]),
        ("official", ""),
        ("status", "NOT_YET_RECRUITING"),
        ("target", 200),
        ("start", "2026-01-31"),
        ("completion", "2028-02-29"),
        ("summary", ""),
        ("description", ""),
        ("conditions", ()),
        ("purpose", "TREATMENT"),
        ("masking", "NONE"),
        ("masked", ()),
        ("design_text", ""),
        ("arm", arm),
        ("use", use),
        ("control", control),
        ("inclusion", _between("Inclusion Criteria\n", "Exclusion Criteria\n")),
        ("exclusion", _between("Exclusion Criteria\n", "\n18 Years\n")),
        ("minimum_age", "18 Years"),
        ("maximum_age", "75 Years"),
        ("sex", "ALL"),
        (
            "sponsors",
            (
                "First Affiliated Hospital of Guangxi Medical University",
                "LiuZhou People's Hospital",
                "First People's Hospital of Yulin",
            ),
        ),
        ("sites", (("The First Affiliated Hospital of Guangxi Medical University", "Nanning"),)),
        ("central", ()),
        ("facility", (("Rensheng Wang",),)),
        ("primary", ()),
        ("secondary", ()),
    )


def parts(**changes: Change) -> Parts:
    """The record's parts, some of them changed."""
    record = dict(_said())
    for name, change in changes.items():
        assert name in record, f"the record has no part {name!r}"
        record[name] = change(record[name]) if callable(change) else change
    return record


def put(old: str, new: str) -> Callable[[str], str]:
    """A change that puts `new` in the place of `old`, which must be there."""

    def change(text: str) -> str:
        assert old in text, f"the record does not say {old!r}"
        return text.replace(old, new)

    return change


def as_page(record: Parts) -> bytes:
    """The record as the text of a registry mirror's page."""
    text, said = page_text(), dict(_said())

    def swap(old: str, new: str) -> None:
        nonlocal text
        assert old in text, f"the page does not say {old!r}"
        text = text.replace(old, new)

    def below(heading: str, words: str) -> None:
        """Put lines below a heading and the page's own sentence under it."""
        nonlocal text
        if words:
            begin = text.index(f"\n{heading}\n") + len(heading) + 2
            end = text.index("\n", begin) + 1
            text = f"{text[:end]}{words}\n{text[end:]}"

    swap(
        f"{said['title']}\n",
        f"{record['title']}\n"
        + (f"Official Title: {record['official']}\n" if record["official"] else ""),
    )
    for name in ("status", "start", "completion"):
        swap(f"\n{said[name]}\n", f"\n{record[name]}\n")
    swap("200 participants", f"{record['target']} participants")
    outcomes = ""
    for heading, role in (("Primary Outcomes", "primary"), ("Secondary Outcomes", "secondary")):
        if record[role]:
            outcomes += f"{heading}\n" + "".join(
                f"{measure}\nTime Frame: {frame}\n" for measure, frame in record[role]
            )
    swap("\nEligibility Criteria\n", f"\n{outcomes}Eligibility Criteria\n")
    design = ["RANDOMIZED", "PARALLEL", record["purpose"], record["masking"], *record["masked"]]
    if record["design_text"]:
        design.append(record["design_text"])
    swap("RANDOMIZED\nPARALLEL\nTREATMENT\nNONE\n", "\n".join(design) + "\n")
    below("Brief Summary", record["summary"])
    below("Detailed Description", record["description"])
    below("Conditions", "\n".join(record["conditions"]))
    for name in ("arm", "use", "control", "inclusion", "exclusion"):
        swap(said[name], record[name])
    swap("\n18 Years\n75 Years\nALL\n", "\n{minimum_age}\n{maximum_age}\n{sex}\n".format(**record))
    swap(
        "\n".join(f"{name}\nOTHER" for name in said["sponsors"]),
        "\n".join(f"{name}\nOTHER" for name in record["sponsors"]),
    )
    swap(
        f"{said['sites'][0][0]}\nNanning, Guangxi, China",
        "\n".join(f"{name}\n{city}, Guangxi, China" for name, city in record["sites"]),
    )
    swap(
        "Rensheng Wang\nRole: primary\n",
        "".join(f"{one[0]}\nRole: primary\n" + _rest(one) for one in record["facility"]),
    )
    below(
        "Central Contacts",
        "".join(f"{one[0]}\nRole: contact\n" + _rest(one) for one in record["central"]).rstrip(),
    )
    return text.encode()


def _rest(contact: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in contact[1:])


def as_study(record: Parts) -> bytes:
    """The record as ClinicalTrials.gov's API (version 2) would give it."""

    def contact(one: tuple[str, ...]) -> dict[str, str]:
        way = {("email" if "@" in line else "phone"): line for line in one[1:]}
        return {"name": one[0], "role": "CONTACT", **way}

    def given(**leaves: Any) -> dict[str, Any]:
        return {name: value for name, value in leaves.items() if value}

    lead, *others = record["sponsors"]
    product = "mesenchymal stem cell-derived exosomes"
    locations = [
        {"facility": name, "city": city, "state": "Guangxi", "country": "China"}
        for name, city in record["sites"]
    ]
    if locations and record["facility"]:
        locations[0]["contacts"] = [contact(one) for one in record["facility"]]
    section = {
        "identificationModule": given(
            nctId="NCT07312656",
            orgStudyIdInfo={"id": "2025-K0439"},
            briefTitle=record["title"],
            officialTitle=record["official"],
        ),
        "statusModule": {
            "overallStatus": record["status"],
            "startDateStruct": {"date": record["start"], "type": "ESTIMATED"},
            "completionDateStruct": {"date": record["completion"], "type": "ESTIMATED"},
            "lastUpdatePostDateStruct": {"date": "2025-12-31", "type": "ACTUAL"},
        },
        "sponsorCollaboratorsModule": given(
            responsibleParty={"type": "SPONSOR"},
            leadSponsor={"name": lead, "class": "OTHER"},
            collaborators=[{"name": name, "class": "OTHER"} for name in others],
        ),
        "descriptionModule": given(
            briefSummary=record["summary"], detailedDescription=record["description"]
        ),
        "conditionsModule": given(conditions=list(record["conditions"])),
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE2"],
            "designInfo": given(
                allocation="RANDOMIZED",
                interventionModel="PARALLEL",
                interventionModelDescription=record["design_text"],
                primaryPurpose=record["purpose"],
                maskingInfo=given(masking=record["masking"], whoMasked=list(record["masked"])),
            ),
            "enrollmentInfo": {"count": record["target"], "type": "ESTIMATED"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {
                    "label": "experimental group",
                    "type": "EXPERIMENTAL",
                    "description": record["arm"],
                    "interventionNames": [f"Drug: {product}"],
                },
                {
                    "label": "control group",
                    "type": "NO_INTERVENTION",
                    "description": record["control"],
                },
            ],
            "interventions": [
                {
                    "type": "DRUG",
                    "name": product,
                    "description": record["use"],
                    "armGroupLabels": ["experimental group"],
                }
            ],
        },
        "outcomesModule": {
            f"{role}Outcomes": [
                given(measure=measure, timeFrame=frame) for measure, frame in record[role]
            ]
            for role in ("primary", "secondary")
            if record[role]
        },
        "eligibilityModule": {
            "eligibilityCriteria": f"Inclusion Criteria:\n\n{record['inclusion']}\n\n"
            f"Exclusion Criteria:\n\n{record['exclusion']}",
            "healthyVolunteers": False,
            "sex": record["sex"],
            "minimumAge": record["minimum_age"],
            "maximumAge": record["maximum_age"],
        },
        "contactsLocationsModule": given(
            locations=locations, centralContacts=[contact(one) for one in record["central"]]
        ),
    }
    return json.dumps({"protocolSection": section}).encode()


def drafts_of(record: Parts) -> tuple[Draft, Draft]:
    """The drafts made of the record's two forms."""
    page, study = as_page(record), as_study(record)
    return draft_from(read_record_bytes(page)), draft_from(read_record_bytes(study))
