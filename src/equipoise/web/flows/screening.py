"""Screening: the log, the data beside the criteria they decide, the assessment and its signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.eligibility import Assessment
from equipoise.conduct.refusal import Reason, Refusal
from equipoise.conduct.state import AssessmentRecord
from equipoise.conduct.values import Address
from equipoise.protocol.document import Form, Protocol
from equipoise.web.access import may_open
from equipoise.web.request import TrialRequest
from equipoise.web.sight import sees_identity

from .acting import act, fresh_client_id, shown_reasons
from .criteria import criterion_label, shown_criteria, verdict
from .fields import PREFIX, DataField, data_fields, typed_values
from .form import field_errors, masked, own_values
from .posted import strange, text_error
from .sheet import Field, Sheet, Typed, serve_sheet

JUDGE = "judge."
"""Names of the judgements' fields start with it."""
BASED = "based."
"""Names of the hidden fields that say which save of a form the page was made from."""
_KEPT = "judgements"
_KEPT_FOR = 20


# -- the screening log ----------------------------------------------------------------------------


def screen(request: TrialRequest) -> HttpResponseBase:
    """A person enters the screening log and gets a number."""
    protocol = request.protocol
    language = request.language
    person = request.someone
    identity = [item for item in protocol.items if item.type == "identity"]
    seen = sees_identity(protocol, person.role)
    fields = []
    if not person.site:
        sites = [(site.id, site.city.in_language(language)) for site in protocol.identity.sites]
        fields.append(Field("site", _("Site"), "code", choices=sites))
    if seen:
        fields += [
            Field(
                f"identity-{item.id}",
                item.label.in_language(language),
                required=False,
                hint=item.help.in_language(language) if item.help else "",
                max_length=item.max_length,
            )
            for item in identity
        ]
    fields.append(
        Field(
            "previous",
            _("Screened before under the number"),
            required=False,
            max_length=20,
            hint=_("Only for a person whose earlier screening ended."),
        )
    )

    def command(typed: Typed) -> c.ScreenParticipant:
        return c.ScreenParticipant(
            site=person.site or typed["site"],
            identity={
                item.id: typed[f"identity-{item.id}"]
                for item in identity
                if typed.get(f"identity-{item.id}")
            },
            previous=typed["previous"],
        )

    def then(done: Any) -> tuple[str, str]:
        number = done.answer["participant"]
        words = _("%(id)s is on the screening log. Record the consent next.") % {"id": number}
        return reverse("consent", args=[number]), words

    return serve_sheet(
        request,
        Sheet(
            title=_("Screen a person"),
            lead=_(
                "The person gets a number. Names and the like are sealed: only the staff of this "
                "site can read them."
            ),
            fields=fields,
            submit=_("Put on the screening log"),
            command=command,
            then=then,
            back=reverse("participants"),
        ),
    )


# -- judgements ------------------------------------------------------------------------------------


def _judgements(posted: Mapping[str, str], protocol: Protocol) -> dict[str, bool]:
    return {
        criterion.id: posted[JUDGE + criterion.id] == "yes"
        for criterion in protocol.eligibility.criteria
        if criterion.judgement and posted.get(JUDGE + criterion.id) in ("yes", "no")
    }


def _judged_before(record: AssessmentRecord | None) -> dict[str, bool]:
    if record is None:
        return {}
    return {
        entry["id"]: entry["judged"] for entry in record.criteria if entry.get("judged") is not None
    }


# -- the page ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """A form of the screening visit on the screening page."""

    address: Address
    form: Form
    prefix: str


def _sections(protocol: Protocol) -> list[Section]:
    """The forms of the screening visits that hold what criteria and strata need, then the rest."""
    sections = []
    seen = set()
    for visit in protocol.schedule.visits:
        if visit.phase != "screening":
            continue
        for name in visit.forms:
            if (visit.id, name) not in seen:
                seen.add((visit.id, name))
                address = Address(visit.id, name, "1")
                sections.append(Section(address, protocol.form_by_id[name], f"{visit.id}.{name}."))
    return sections


def _objections(request: TrialRequest) -> dict[str, str]:
    """What is wrong with the request apart from its values: field name to words."""
    protocol = request.protocol
    language = request.language
    known = {"reason": _("Reason"), "then": ""}
    for section in _sections(protocol):
        known[BASED + section.prefix] = section.form.title.in_language(language)
        for entry in section.form.items:
            label = protocol.item_by_id[entry.item].label.in_language(language)
            known[PREFIX + section.prefix + entry.item] = label
    for criterion in protocol.eligibility.criteria:
        if criterion.judgement:
            known[JUDGE + criterion.id] = criterion_label(criterion)
    wrong = strange(request, known)
    for name, label in known.items():
        answer = request.POST.get(name, "")
        if name.startswith(JUDGE) and answer not in ("", "yes", "no"):
            wrong[name] = f"{label}: " + _("Choose one.")
        if name.startswith(BASED) and answer and _saves(answer) is None:
            wrong[name] = _("What this page was made from is not known. Open it again.")
    reason = text_error(request.POST.get("reason", "").strip())
    if reason:
        wrong["reason"] = reason
    return wrong


def _saves(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def screening(request: TrialRequest, participant: str) -> HttpResponseBase:
    """Data on the left, criteria on the right; save, or save and decide."""
    if request.method != "POST":
        return _show_screening(request)
    protocol = request.protocol
    actor = request.someone.actor
    state = request.someone_studied
    typed = {one.prefix: own_values(request, one.prefix) for one in _sections(protocol)}
    wrong = _objections(request)
    if wrong:
        return _show_screening(request, typed, wrong=wrong, status=422)
    faults: list[tuple[Section, Sequence[Reason]]] = []
    to_save = []
    for one in _sections(protocol):
        reading, hindrances = request.trial.preview_form(
            participant, one.address, typed[one.prefix], actor, _day_of(request, one.address)
        )
        if reading is None:
            continue
        if reading.changed and hindrances:
            faults.append((one, hindrances))
        if reading.faults:
            faults.append((one, reading.faults))
        # a derived value alone is no reason to save
        if any(protocol.item_by_id[value.item].derived is None for value in reading.changed):
            to_save.append(one)
    if faults:
        return _show_screening(request, typed, faults, status=422)
    for one in to_save:
        before = state.forms.get(one.address)
        based_on = _saves(request.POST.get(BASED + one.prefix, ""))
        if based_on is None:
            based_on = before.saves if before else 0
        outcome = act(
            request,
            c.SaveForm(
                participant=participant,
                address=one.address,
                values=typed[one.prefix],
                based_on=based_on,
                reason=request.POST.get("reason", "").strip(),
            ),
            part=str(one.address),
        )
        if isinstance(outcome, Refusal):
            request.participant = request.trial.participant(participant)
            stale = "stale" in outcome.codes
            return _show_screening(
                request, typed, [(one, outcome.reasons)], stale=stale, status=409 if stale else 422
            )
    return _decide(request, participant, typed)


def _decide(
    request: TrialRequest, participant: str, typed: Mapping[str, Mapping[str, str]]
) -> HttpResponseBase:
    judgements = _judgements(request.POST, request.protocol)
    if request.POST.get("then") != "decide":
        _keep_judgements(request, participant, judgements)
        messages.success(request, _("The screening data are saved."), extra_tags="good")
        return HttpResponseRedirect(reverse("screening", args=[participant]))
    outcome = act(
        request,
        c.AssessEligibility(participant=participant, judgements=judgements),
        part="assess",
    )
    if isinstance(outcome, Refusal):
        request.participant = request.trial.participant(participant)
        return _show_screening(request, {}, [(None, outcome.reasons)], status=422)
    _keep_judgements(request, participant, {})
    messages.success(request, _("Eligibility is assessed and on record."), extra_tags="good")
    return HttpResponseRedirect(reverse("screening", args=[participant]))


def _keep_judgements(
    request: TrialRequest, participant: str, judgements: Mapping[str, bool]
) -> None:
    """Judgements enter the record with the assessment; until then the session remembers them."""
    kept = dict(request.session.get(_KEPT) or {})
    known = kept.pop(participant, None)
    if judgements:
        kept[participant] = dict(judgements)
    if known or judgements:
        request.session[_KEPT] = dict([*kept.items()][-_KEPT_FOR:])


def _kept_judgements(request: TrialRequest) -> dict[str, bool]:
    kept = (request.session.get(_KEPT) or {}).get(request.someone_studied.id)
    return dict(kept) if kept else {}


def _day_of(request: TrialRequest, address: Address) -> Any:
    held = request.someone_studied.forms.get(address)
    return held.performed_on if held else None


def _show_screening(
    request: TrialRequest,
    typed: Mapping[str, Mapping[str, str]] | None = None,
    faults: Sequence[tuple[Section | None, Sequence[Reason]]] = (),
    *,
    wrong: Mapping[str, str] | None = None,
    stale: bool = False,
    status: int = 200,
) -> HttpResponse:
    protocol = request.protocol
    state = request.someone_studied
    language = request.language
    posted = request.method == "POST"
    last = state.assessments[-1] if state.assessments else None
    judgements = (
        _judgements(request.POST, protocol)
        if posted
        else _kept_judgements(request) or _judged_before(last)
    )
    objections = dict(wrong or {})
    shown: list[tuple[str, list[DataField], tuple[str, int]]] = []
    errors: list[tuple[str, str]] = []
    general: list[Reason] = []
    for section in _sections(protocol):
        reasons = [reason for one, found in faults if one == section for reason in found]
        at_fault = field_errors(reasons, language)
        start = PREFIX + section.prefix
        for name in [name for name in objections if name.startswith(start)]:
            at_fault[name.removeprefix(start)] = objections.pop(name)
        reading, _hindrances = request.trial.preview_form(
            state.id,
            section.address,
            (typed or {}).get(section.prefix, {}),
            request.someone.actor,
            _day_of(request, section.address),
        )
        fields = data_fields(
            protocol,
            section.form,
            state.forms.get(section.address),
            language,
            typed=(typed or {}).get(section.prefix),
            errors=at_fault,
            asked=reading.asked if reading else None,
            prefix=section.prefix,
        )
        if not (stale and reasons):
            fields = [replace(one, meanwhile="") for one in fields]
        fields = masked(fields, request)
        places = {one.item: one.id for one in fields}
        errors += [
            (places.get(name, ""), words)
            for name, words in at_fault.items()
            if name in places or not reasons
        ]
        general += [reason for reason in reasons if (reason.field or "") not in places]
        held = state.forms.get(section.address)
        based = (BASED + section.prefix, held.saves if held else 0)
        shown.append((section.form.title.in_language(language), fields, based))
    general += [reason for one, found in faults if one is None for reason in found]
    assessment = request.trial.assess(state.id, judgements, _flat(typed))
    context = {
        "participant": state,
        "sections": shown,
        "judged": _judgement_fields(protocol, judgements, language, objections),
        "errors": [
            *errors,
            *((_place(name, protocol), words) for name, words in objections.items()),
        ],
        "reason_error": objections.get("reason", ""),
        "stale": stale,
        "reasons": shown_reasons(_distinct(general), language, {"reason": "f-reason"}),
        "client_id": request.POST.get("client_id", "")[:36] or fresh_client_id(),
        "reason": request.POST.get("reason", ""),
        "has_saves": any(section.address in state.forms for section in _sections(protocol)),
        "prefix": PREFIX,
        "last": last,
        "may_sign": may_open("sign_eligibility", request.someone.role),
        "steps": _steps(request),
        **_criteria_context(request, assessment),
    }
    return render(request, "screening.html", context, status=status)


def _distinct(reasons: Sequence[Reason]) -> list[Reason]:
    kept: dict[tuple[str, str], Reason] = {}
    for reason in reasons:
        kept.setdefault((reason.code, reason.message.en), reason)
    return list(kept.values())


def _flat(typed: Mapping[str, Mapping[str, str]] | None) -> dict[str, str]:
    """Typed values by item. An item on two forms counts with what was typed last."""
    values: dict[str, str] = {}
    for section in (typed or {}).values():
        values.update({item: text for item, text in section.items() if text.strip()})
    return values


def _place(name: str, protocol: Protocol) -> str:
    """The id of a field that is no item's; a name the page does not have has none."""
    judged = {JUDGE + one.id for one in protocol.eligibility.criteria if one.judgement}
    return f"f-{name}" if name == "reason" or name in judged else ""


def _judgement_fields(
    protocol: Protocol,
    judgements: Mapping[str, bool],
    language: str,
    wrong: Mapping[str, str],
) -> list[Field]:
    return [
        Field(
            JUDGE + criterion.id,
            f"{criterion_label(criterion)}: {criterion.text.in_language(language)}",
            "code",
            value={True: "yes", False: "no", None: ""}[judgements.get(criterion.id)],
            choices=[
                ("yes", _("Yes") if criterion.kind == "inclusion" else _("Yes, this applies")),
                ("no", _("No") if criterion.kind == "inclusion" else _("No, it does not apply")),
            ],
            hint=criterion.note.in_language(language) if criterion.note else "",
            error=wrong.get(JUDGE + criterion.id, ""),
        )
        for criterion in protocol.eligibility.criteria
        if criterion.judgement
    ]


def _criteria_context(request: TrialRequest, assessment: Assessment) -> dict[str, Any]:
    protocol = request.protocol
    words, level = verdict(protocol, assessment, request.language)
    return {
        "criteria": shown_criteria(protocol, assessment.criteria, request.language),
        "verdict": words,
        "verdict_level": level,
    }


def _steps(request: TrialRequest) -> list[tuple[str, str, str]]:
    """The way to randomization: words, state (done, here, open), address."""
    state = request.someone_studied
    last = state.assessments[-1] if state.assessments else None
    assessed = last is not None and last.eligible is True
    done = [
        state.consent is not None,
        assessed,
        bool(last and last.signed_by),
        state.randomized is not None,
    ]
    names = [
        (_("Consent"), reverse("consent", args=[state.id])),
        (_("Data and eligibility"), reverse("screening", args=[state.id])),
        (_("Investigator's signature"), reverse("sign_eligibility", args=[state.id])),
        (_("Randomization"), reverse("randomize", args=[state.id])),
    ]
    return [
        (words, "done" if finished else "open", address)
        for (words, address), finished in zip(names, done, strict=True)
    ]


def screening_assess(request: TrialRequest, participant: str) -> HttpResponseBase:
    """The criteria with what is typed now; nothing is saved."""
    protocol = request.protocol
    typed = {one.prefix: typed_values(request.POST, one.prefix) for one in _sections(protocol)}
    judgements = _judgements(request.POST, protocol)
    assessment = request.trial.assess(participant, judgements, _flat(typed))
    return render(request, "_criteria.html", _criteria_context(request, assessment))


# -- signature and end ------------------------------------------------------------------------------


def sign_eligibility(request: TrialRequest, participant: str) -> HttpResponseBase:
    """The investigator sees every criterion as assessed, and signs."""
    state = request.someone_studied
    protocol = request.protocol
    last = state.assessments[-1] if state.assessments else None
    assessment = request.trial.assess(participant, _judged_before(last))

    signed = last is not None and bool(last.signed_by)
    ready = last is not None and last.eligible is True and assessment.eligible is True
    asks = ready and not signed
    lead = _("Your signature says: I confirm that this participant is eligible.")
    if signed:
        lead = _("The last assessment is signed already.")
    elif not ready:
        lead = _("There is nothing to sign yet: eligibility is assessed and met first.")

    def then(done: Any) -> tuple[str, str]:
        return reverse("randomize", args=[participant]), _("Eligibility is signed.")

    return serve_sheet(
        request,
        Sheet(
            title=_("Sign eligibility"),
            lead=lead,
            fields=[],
            submit=_("Sign") if asks else "",
            # whatever the page offered: what is sent is never taken without a proof
            signed=asks or request.method == "POST",
            command=lambda typed: c.SignEligibility(participant=participant),
            then=then,
            back=reverse("screening", args=[participant]),
            template="sign_eligibility.html",
            extra={
                "last": last,
                "protocol": protocol,
                **_criteria_context(request, assessment),
            },
        ),
    )


def fail_screening(request: TrialRequest, participant: str) -> HttpResponseBase:
    """A screening that will not lead to randomization ends, with the reason."""
    return serve_sheet(
        request,
        Sheet(
            title=_("End the screening"),
            lead=_("Criteria that are not met are recorded from the data; say the rest in words."),
            fields=[Field("reason", _("Why does the screening end?"), "longtext")],
            submit=_("End the screening"),
            command=lambda typed: c.FailScreening(participant=participant, reason=typed["reason"]),
            then=lambda done: (
                reverse("participant", args=[participant]),
                _("The screening has ended."),
            ),
            back=reverse("screening", args=[participant]),
        ),
    )
