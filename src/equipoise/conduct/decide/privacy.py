"""Decisions that make personal data unreadable for ever, and about handing people a copy of theirs.

That a person may have what identifies them erased is law (PIPL article 47, GDPR article 17), and so are the
limits: while somebody takes part, the site must be able to reach them (ICH E6(R3) 2.9, 2.12). The data
of the trial stay under the number, without a name. A synonym copies words of a participant out of the participant's
record: what is erased or redacted there goes there too. A copy is due whatever became of the participation, also
of data that are locked or may not be used (PIPL article 45, GDPR article 15).
"""

from __future__ import annotations

from collections.abc import Iterable

from equipoise.quantity.text import LANGUAGES, Text

from .. import commands as c
from .. import events as e
from ..coding import normalized
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..sealed import SealedValue
from ..state import ParticipantState, TrialRedaction
from .administration import known_site, own_site
from .context import Context, Decided

ENDED = ("screen_failed", "consent_refused", "withdrawn", "completed")
COPY_FORMATS = ("html", "json")
"""For a person to read and print, and for their machine (GDPR article 20)."""
_QUOTED = 3
"""A text of fewer characters is found in any sentence: it is not looked for in the reason."""
_NAME = 2
"""The shortest name that is looked for: two characters make one in Chinese."""


def _why(given: str) -> list[Reason]:
    return [] if given.strip() else [reason("no-reason", "reason")]


def _quoting(text: str, given: str) -> list[Reason]:
    quoted = len(text.strip()) >= _QUOTED and text.strip() in given
    return [reason("reason-repeats-text", "reason")] if quoted else []


def erase_identity(command: c.EraseIdentity, context: Context) -> Decided:
    """Destroy every key that opens what identifies the person, wherever it was typed."""
    participant = context.known(command.participant)
    reasons = _why(command.reason)
    keys = sorted({
        one.key
        for one in context.sealed(participant.id)
        if one.identity and one.text is not None
    })  # fmt: skip
    if participant.erased is not None:
        reasons.append(
            reason(
                "already-erased",
                participant=participant.id,
                who=participant.erased.actor,
                at=participant.erased.at[:10],
            )
        )
    elif not keys:
        reasons.append(reason("no-identity", participant=participant.id))
    if participant.status not in ENDED:
        reasons.append(reason("still-takes-part", participant=participant.id))
    if reasons:
        raise RefusedError(reasons)
    keys = sorted({*keys, *_synonyms_naming(participant.identity.values(), context)})
    return Decided(answer={"keys": len(keys)}).on_participant(
        participant, e.IdentityErased(keys=tuple(keys), reason=command.reason)
    )


def _synonyms(context: Context) -> list[tuple[str, str]]:
    """Key and words, as they are compared, of each synonym that can be read."""
    return [
        (one.key, normalized(one.text))
        for one in context.texts("")
        if one.event == e.SynonymAdded.__name__ and one.name == "text" and one.text is not None
    ]


def _synonyms_naming(identity: Iterable[str], context: Context) -> set[str]:
    """Keys of the synonyms in which a part of somebody's identity stands as a word of its own.

    Chinese writes no spaces: there a name is looked for anywhere in the words.
    """
    names = [name for name in map(normalized, identity) if len(name) >= _NAME]
    return {
        key
        for key, words in _synonyms(context)
        for name in names
        if (f" {name} " in f" {words} " if name.isascii() else name in words)
    }


def _text(context: Context, participant: ParticipantState, place: str) -> SealedValue:
    """The text that can be read still and redacted by itself, or a refusal."""
    for one in context.sealed(participant.id):
        if one.own and one.single and one.place == place and one.text is not None:
            return one
    raise RefusedError([reason("no-such-text", "value", value=place, participant=participant.id)])


def request_redaction(command: c.RequestRedaction, context: Context) -> Decided:
    """Ask; another person approves. The reason must not repeat what is to go."""
    participant = context.known(command.participant)
    text = _text(context, participant, command.value).text or ""
    reasons = _why(command.reason) + _quoting(text, command.reason)
    for one in participant.redactions.values():
        if one.value == command.value and one.status == "open":
            reasons.append(
                reason("redaction-asked-already", number=one.number, who=one.requested.actor)
            )
    if reasons:
        raise RefusedError(reasons)
    number = len(participant.redactions) + 1
    return Decided(answer={"redaction": number}).on_participant(
        participant,
        e.RedactionRequested(redaction=number, value=command.value, reason=command.reason),
    )


def _open(participant: ParticipantState, number: int) -> tuple[str, str]:
    """Which text, and who asked; or a refusal."""
    found = participant.redactions.get(number)
    if found is None or found.status != "open":
        raise RefusedError(
            [reason("redaction-not-open", number=number, participant=participant.id)]
        )
    return found.value, found.requested.actor


def approve_redaction(command: c.ApproveRedaction, context: Context) -> Decided:
    """Destroy the key of the text and of the copies that the record itself has made of it."""
    participant = context.known(command.participant)
    place, asked_by = _open(participant, command.redaction)
    if asked_by == context.actor.id:
        raise RefusedError([reason("redaction-needs-another", who=asked_by)])
    chosen = _text(context, participant, place)
    sealed = context.sealed(participant.id)
    keys = {one.key for one in sealed if one.single and _copies(one, chosen)}
    words = normalized(chosen.text or "")
    keys |= {key for key, synonym in _synonyms(context) if synonym == words}
    return Decided(answer={"keys": len(keys)}).on_participant(
        participant,
        e.ValueRedacted(redaction=command.redaction, value=place, keys=tuple(sorted(keys))),
    )


def _copies(one: SealedValue, chosen: SealedValue) -> bool:
    """Whether one value says what the other says because the record repeats itself.

    An update of an adverse event carries the narrative along; a form moved from another participant leaves its
    first copy there; a visit that is missed logs, in the next event, a deviation that quotes the reason.
    """
    if one.text is None or chosen.text is None:
        return False
    if (one.name, one.text) == (chosen.name, chosen.text):
        return True
    if one.own and abs(one.version - chosen.version) == 1:
        first, second = sorted((one, chosen), key=lambda value: value.version)
        return str(second.text).endswith(f": {first.text}")
    return False


def decline_redaction(command: c.DeclineRedaction, context: Context) -> Decided:
    """The text stays."""
    participant = context.known(command.participant)
    _open(participant, command.redaction)
    reasons = _why(command.reason)
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant, e.RedactionDeclined(redaction=command.redaction, reason=command.reason)
    )


def _of_no_participant(context: Context, site: str) -> Text:
    """What a refusal calls the record of a site or of the trial; refused where the actor has no right there."""
    reasons = known_site(site, context) if site else []
    reasons = reasons or own_site(site, context)
    if reasons:
        raise RefusedError(reasons)
    if not site:
        return Text({"en": "the trial's own record", "zh-Hans": "试验自身的记录"})
    return Text({"en": f"the record of site {site}", "zh-Hans": f"研究中心 {site} 的记录"})


def _trial_text(context: Context, site: str, place: str, record: Text) -> SealedValue:
    for one in context.texts(site):
        if one.place == place and one.text is not None:
            return one
    raise RefusedError([reason("no-such-text", "value", value=place, participant=record)])


def request_trial_redaction(command: c.RequestTrialRedaction, context: Context) -> Decided:
    """As `request_redaction`, for a text about no participant."""
    record = _of_no_participant(context, command.site)
    text = _trial_text(context, command.site, command.value, record).text or ""
    reasons = _why(command.reason) + _quoting(text, command.reason)
    of_record = [one for one in context.trial.redactions.values() if one.site == command.site]
    for one in of_record:
        if one.value == command.value and one.status == "open":
            reasons.append(
                reason("redaction-asked-already", number=one.number, who=one.requested_by)
            )
    if reasons:
        raise RefusedError(reasons)
    number = len(of_record) + 1
    asked = e.TrialRedactionRequested(redaction=number, value=command.value, reason=command.reason)
    return Decided(answer={"redaction": number}).at(command.site, asked)


def _open_of_trial(context: Context, site: str, number: int, record: Text) -> TrialRedaction:
    found = context.trial.redactions.get((site, number))
    if found is None or found.status != "open":
        raise RefusedError([reason("redaction-not-open", number=number, participant=record)])
    return found


def approve_trial_redaction(command: c.ApproveTrialRedaction, context: Context) -> Decided:
    """Destroy the key of the text."""
    record = _of_no_participant(context, command.site)
    asked = _open_of_trial(context, command.site, command.redaction, record)
    if asked.requested_by == context.actor.id:
        raise RefusedError([reason("redaction-needs-another", who=asked.requested_by)])
    chosen = _trial_text(context, command.site, asked.value, record)
    done = e.TrialValueRedacted(redaction=command.redaction, value=asked.value, keys=(chosen.key,))
    return Decided(answer={"keys": 1}).at(command.site, done)


def decline_trial_redaction(command: c.DeclineTrialRedaction, context: Context) -> Decided:
    """The text stays."""
    record = _of_no_participant(context, command.site)
    _open_of_trial(context, command.site, command.redaction, record)
    reasons = _why(command.reason)
    if reasons:
        raise RefusedError(reasons)
    return Decided().at(
        command.site,
        e.TrialRedactionDeclined(redaction=command.redaction, reason=command.reason),
    )


def give_copy(command: c.GiveCopy, context: Context) -> Decided:
    """A copy was made of the record as it stands now; who received it, and why, is kept with it."""
    participant = context.known(command.participant)
    reasons = _why(command.reason)
    if not command.given_to.strip():
        reasons.append(reason("copy-for-nobody", "given_to"))
    for field, given, known in (
        ("language", command.language, LANGUAGES),
        ("file_format", command.file_format, COPY_FORMATS),
    ):
        if given not in known:
            reasons.append(
                reason("copy-cannot-be-made", field, given=given, known=", ".join(known))
            )
    if command.upto != participant.version:
        reasons.append(reason("copy-out-of-date", participant=participant.id))
    if reasons:
        raise RefusedError(reasons)
    happening = e.CopyGiven(
        upto=command.upto,
        language=command.language,
        file_format=command.file_format,
        given_to=command.given_to.strip(),
        reason=command.reason,
    )
    return Decided().on_participant(participant, happening)
