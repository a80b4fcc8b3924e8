"""Decisions about dictionaries and the coding of terms: a person chooses, the dictionary is held to its hash."""

from __future__ import annotations

from .. import commands as c
from .. import events as e
from ..coding import Dictionary, Entry, normalized, standing, target_of
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..sealed import REDACTED
from .context import Context, Decided, on_record
from .safety import known_event


def register_dictionary(command: c.RegisterDictionary, context: Context) -> Decided:
    """From now on this version is the one to code with."""
    found = context.dictionary(command.sha256)
    said = (command.purpose, command.name, command.version)
    if found is None or said != (found.purpose, found.name, found.version):
        raise RefusedError([_no_dictionary(command.sha256)])
    current = context.trial.coding.current(command.purpose)
    if current is not None and current.sha256 == command.sha256:
        raise RefusedError(
            [reason("dictionary-current", "sha256", name=current.name, version=current.version)]
        )
    return Decided(answer={"terms": len(found.entries)}).on_trial(
        e.DictionaryRegistered(
            purpose=found.purpose,
            name=found.name,
            version=found.version,
            sha256=command.sha256,
            terms=len(found.entries),
        )
    )


def _no_dictionary(sha256: str) -> Reason:
    return reason("dictionary-not-kept", "sha256", hash=sha256[:12])


def _entry(
    context: Context, purpose: str, sha256: str, code: str, *, any_version: bool = False
) -> Entry:
    """The term, of the dictionary in use; or a refusal."""
    current = context.trial.coding.current(purpose)
    found: Dictionary | None = context.dictionary(sha256)
    if current is None or found is None or found.purpose != purpose:
        raise RefusedError([_no_dictionary(sha256)])
    if current.sha256 != sha256 and not any_version:
        raise RefusedError(
            [reason("dictionary-replaced", "sha256", name=current.name, version=current.version)]
        )
    entry = found.entries.get(code)
    if entry is None:
        raise RefusedError([reason("no-such-code", "code", term=code, name=found.name)])
    if not entry.current:
        raise RefusedError([reason("code-not-current", "code", term=code, name=found.name)])
    return entry


def code_term(command: c.CodeTerm, context: Context) -> Decided:
    """The term stands for what is written at the target now."""
    participant = context.known(command.participant)
    reasons = on_record(participant)
    target = target_of(participant, command.target)
    if target is None or target.words == REDACTED:
        reasons.append(
            reason("nothing-to-code", "target", target=command.target, participant=participant.id)
        )
    elif command.words and command.words.strip() != (target.term or target.words).strip():
        reasons.append(reason("words-changed", "target"))
    if reasons or target is None:
        raise RefusedError(reasons)
    entry = _entry(context, target.purpose, command.sha256, command.code)
    before = standing(participant, target.key)
    if before is not None and before.sha256 == command.sha256:
        if before.code == command.code:
            reasons.append(reason("coded-already", "code", term=command.code))
        elif not command.reason.strip():
            reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant,
        e.TermCoded(
            target=target.key,
            sha256=command.sha256,
            code=entry.code,
            term=dict(entry.term),
            preferred_code=entry.preferred_code,
            preferred=dict(entry.preferred),
            group_code=entry.group_code,
            group=dict(entry.group),
            reason=command.reason.strip(),
        ),
    )


def add_synonym(command: c.AddSynonym, context: Context) -> Decided:
    """Offer these words for a term from now on."""
    entry = _entry(context, command.purpose, command.sha256, command.code)
    wanted = normalized(command.text)
    if not wanted:
        raise RefusedError([reason("no-text", "text")])
    for one in context.trial.coding.synonyms_for(command.purpose):
        if normalized(one.text) == wanted and one.code == command.code:
            raise RefusedError([reason("synonym-known", "text", number=one.number)])
    return Decided().on_trial(
        e.SynonymAdded(
            number=len(context.trial.coding.synonyms) + 1,
            purpose=command.purpose,
            sha256=command.sha256,
            code=entry.code,
            term=dict(entry.term),
            text=command.text.strip(),
        )
    )


def retire_synonym(command: c.RetireSynonym, context: Context) -> Decided:
    """Offer it no more."""
    found = next(
        (
            one
            for one in context.trial.coding.synonyms
            if one.number == command.number and not one.retired
        ),
        None,
    )
    if found is None:
        raise RefusedError([reason("no-such-synonym", "number", number=command.number)])
    if not command.reason.strip():
        raise RefusedError([reason("no-reason", "reason")])
    return Decided().on_trial(e.SynonymRetired(number=found.number, reason=command.reason.strip()))


def reword_adverse_event(command: c.RewordAdverseEvent, context: Context) -> Decided:
    """Call the event by its right name; what was coded for the wrong one is void."""
    participant = context.known(command.participant)
    event = known_event(participant, command.number)
    reasons = on_record(participant)
    words = command.term.strip()
    known = any(term.id == command.term for term in context.protocol.safety.terms)
    term, verbatim = (command.term, "") if known else ("other", words)
    if not words:
        reasons.append(reason("no-term", "term"))
    elif (term, verbatim) == (event.term, event.verbatim):
        reasons.append(reason("nothing-to-save"))
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant,
        e.AdverseEventReworded(
            number=event.number, term=term, verbatim=verbatim, reason=command.reason.strip()
        ),
    )
