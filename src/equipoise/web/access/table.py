"""The permission table: every page with its address and what each role may do there; the menu."""

from __future__ import annotations

from .page import READ, READ_ANY, ROLES, WRITE, WRITE_ANY, Page, Right


def _same(right: Right, *roles: str) -> dict[str, Right]:
    return dict.fromkeys(roles, right)


_BOTH = ("GET", "POST")
_SITE_STAFF = ("coordinator", "investigator")
_OVERSEEING: dict[str, Right] = {
    **_same(READ, *_SITE_STAFF, "pharmacist", "monitor"),
    **_same(READ_ANY, "statistician", "dsmb", "sponsor", "administrator"),
}
_OF_VISITS: dict[str, Right] = {
    **_same(READ, *_SITE_STAFF, "monitor"), **_same(READ_ANY, "sponsor", "administrator"),
}  # fmt: skip
_P = "participants/<str:participant>/"
_FORM = _P + "forms/<slug:visit>/<slug:form>/<str:repeat>/"

PAGES: dict[str, Page] = {
    # -- for everyone
    "home": Page("", "The door: leads each person to the page their role starts with.", everyone=True),
    "public": Page("record/", "The public record of the trial.", everyone=True),
    "sign_in": Page("sign-in/", "Sign in.", _BOTH, everyone=True),
    "language": Page("language/", "Switch the language of the pages.", ("POST",), everyone=True),
    "choose_role": Page(
        "role/", "Choose the role and site to act in, of those granted.", _BOTH, everyone=True
    ),
    "sign_out": Page("sign-out/", "Sign out.", ("POST",), everyone=True),
    "invitation": Page(
        "invitation/<slug:token>/", "Set a password by invitation.", _BOTH, everyone=True
    ),
    "change_password": Page(
        "password/", "Change one's own password.", _BOTH, everyone=True
    ),
    "second_factor": Page(
        "sign-in/second/", "The second factor, after the password.", _BOTH, everyone=True
    ),
    "passkey_challenge": Page(
        "passkey/challenge/", "What a passkey has to sign.", ("POST",), everyone=True
    ),
    "second_factors": Page("second-factors/", "One's own second factors.", everyone=True),
    "add_authenticator": Page(
        "second-factors/app/", "Set up an authenticator app.", _BOTH, everyone=True
    ),
    "add_passkey": Page("second-factors/passkey/", "Set up a passkey.", _BOTH, everyone=True),
    "recovery_codes": Page("second-factors/codes/", "New recovery codes.", _BOTH, everyone=True),
    "remove_factor": Page(
        "second-factors/<slug:factor>/remove/", "Remove a second factor of one's own.", _BOTH,
        everyone=True,
    ),
    "issuer_sign_in": Page(
        "sign-in/issuer/", "To the outside issuer, to sign in with an identity there.", ("POST",),
        everyone=True,
    ),
    "issuer_return": Page(
        "sign-in/issuer/return/", "Back from the outside issuer, with its answer.", everyone=True
    ),
    "issuer_again": Page(
        "sign-in/issuer/again/", "To the outside issuer, to be confirmed for a signature.", _BOTH,
        everyone=True,
    ),
    "health": Page(
        "health", "Whether requests can be taken, for a proxy: one word, nothing about the trial.",
        everyone=True,
    ),
    # -- for every role
    "protocol": Page(
        "protocol/", "The protocol as a page.", rights=_same(READ_ANY, *ROLES)
    ),
    "trust": Page(
        "trust/", "Whether the ledger is whole, and who has which rights.",
        rights=_same(READ_ANY, *ROLES),
    ),
    "trust_verify": Page(
        "trust/verify/", "Verify the ledger now.", ("POST",), _same(WRITE_ANY, *ROLES)
    ),
    "link_identity": Page(
        "identity/link/", "Link one's identity at the outside issuer.", _BOTH, _same(WRITE_ANY, *ROLES)
    ),
    "unlink_identity": Page(
        "identity/unlink/", "Unlink one's identity at the outside issuer.", _BOTH,
        _same(WRITE_ANY, *ROLES),
    ),
    "rehearsal": Page(
        "rehearsal/", "Advance the virtual clock of a rehearsal.", _BOTH, _same(WRITE_ANY, *ROLES)
    ),
    # -- the installation
    "operation": Page(
        "operation/", "Database, checkpoints, disk, clock, keeper and version of this installation.",
        rights=_same(READ_ANY, "administrator"),
    ),
    # -- people
    "people": Page(
        "people/", "Delegation log and training records.",
        rights={
            **_same(READ, *_SITE_STAFF, "pharmacist", "monitor"),
            **_same(READ_ANY, "sponsor", "administrator"),
        },
    ),
    "delegate": Page(
        "people/delegate/", "Delegate a role's tasks to a person.", _BOTH, {"investigator": WRITE}
    ),
    "end_delegation": Page(
        "people/<slug:site>/<int:number>/end/", "End a delegation.", _BOTH, {"investigator": WRITE}
    ),
    "record_training": Page(
        "people/training/", "Record that a person was trained.", _BOTH,
        {"investigator": WRITE, "administrator": WRITE_ANY},
    ),
    "sites": Page(
        "sites/", "The sites: open or not, with what, and what each lacks to open.",
        rights={"monitor": READ, **_same(READ_ANY, "sponsor", "administrator")},
    ),
    "open_site": Page(
        "sites/<slug:site>/open/", "Open a site, with its ethics approval.", _BOTH,
        _same(WRITE_ANY, "sponsor", "administrator"),
    ),
    "close_site": Page(
        "sites/<slug:site>/close/", "End a site's recruitment; its participants go on.", _BOTH,
        _same(WRITE_ANY, "sponsor", "administrator"),
    ),
    "close_recruitment": Page(
        "sites/close-recruitment/", "End recruitment everywhere, for good.", _BOTH,
        _same(WRITE_ANY, "sponsor", "administrator"),
    ),
    "access_review": Page(
        "access-review/", "Accounts, grants and last sign-ins, to be reviewed.",
        rights=_same(READ_ANY, "administrator", "sponsor"),
    ),
    "reset_second_factor": Page(
        "access-review/second-factor/", "Take back the second factor of who has lost it.", _BOTH,
        {"administrator": WRITE_ANY},
    ),
    "unlink_another": Page(
        "access-review/identity/", "Unlink somebody's identity at the outside issuer.", _BOTH,
        {"administrator": WRITE_ANY},
    ),
    "sign_access_review": Page(
        "access-review/<slug:digest>/", "Sign the review of a list.", _BOTH,
        {"administrator": WRITE_ANY},
    ),
    "tokens": Page(
        "tokens/", "The tokens machines sign in with.",
        rights=_same(READ_ANY, "administrator", "sponsor"),
    ),
    "issue_token": Page(
        "tokens/new/", "Issue a token to a machine.", _BOTH, {"administrator": WRITE_ANY}
    ),
    "revoke_token": Page(
        "tokens/<slug:token>/revoke/", "Take a token back.", _BOTH, {"administrator": WRITE_ANY}
    ),
    # -- lists
    "today": Page(
        "today/", "What is due, late and open.",
        rights=_same(READ, "coordinator", "investigator", "pharmacist", "monitor"),
    ),
    "participants": Page(
        "participants/", "All participants of the site.",
        rights=_same(READ, "coordinator", "investigator", "pharmacist", "monitor"),
    ),
    "randomize_list": Page(
        "randomize/", "Who is ready to be randomized, and what the others still lack.",
        rights=_same(READ, *_SITE_STAFF),
    ),
    "safety": Page(
        "safety/", "Adverse events by seriousness and reporting clock.",
        rights={
            **_same(READ, *_SITE_STAFF, "monitor", "pharmacist"), **_same(READ_ANY, "dsmb", "sponsor"),
        },
    ),
    "queries": Page(
        "queries/", "Questions about data.", rights=_same(READ, *_SITE_STAFF, "monitor"),
    ),
    "settle_queries": Page(
        "queries/several/", "Answer or close several queries at once, each by itself.", ("POST",),
        _same(WRITE, *_SITE_STAFF, "monitor"),
    ),
    "verification": Page(
        "verification/", "Source verification: what the plan asks for, what is done, what became void.",
        rights=_same(READ, *_SITE_STAFF, "monitor"),
    ),
    "data_lock": Page(
        "lock/", "Freeze, lock or unlock the data of a site; lock the database of the trial.", _BOTH,
        _same(WRITE_ANY, "monitor", "sponsor"),
    ),
    "unblind_trial": Page(
        "unblind/", "End the masking for everybody, as planned.", _BOTH, {"sponsor": WRITE_ANY}
    ),
    "release_results": Page(
        "results/release/", "Let the public record show the results by group, or show them anew.", _BOTH, {"sponsor": WRITE_ANY}
    ),
    "adopt_protocol": Page(
        "protocol/adopt/", "Let a protocol version take force at a site.", _BOTH,
        {"administrator": WRITE_ANY},
    ),
    # -- the audit trail
    "trail": Page(
        "trail/", "The audit trail in plain words, filtered; what changed since its last review.",
        rights={**_same(READ, *_SITE_STAFF, "monitor"), "sponsor": READ_ANY},
    ),
    "trail_csv": Page(
        "trail/csv/", "The audit trail as the filter shows it, as CSV.",
        rights={**_same(READ, *_SITE_STAFF, "monitor"), "sponsor": READ_ANY},
    ),
    "trail_reviews": Page(
        "trail/reviews/", "The signed reviews of the audit trail.",
        rights={**_same(READ, *_SITE_STAFF, "monitor"), "sponsor": READ_ANY},
    ),
    "review_trail": Page(
        "trail/reviews/new/", "Document a review of the audit trail, and sign it.", _BOTH,
        {"monitor": WRITE, "sponsor": WRITE_ANY},
    ),
    "trial_texts": Page(
        "texts/", "Texts about no participant, of the trial and its sites, and their redactions.",
        rights={"monitor": READ, "sponsor": READ_ANY},
    ),
    "redact_trial_text": Page(
        "texts/<slug:site>/<int:version>/<slug:name>/redact/",
        "Ask that a text of a site (or `trial`) be made unreadable.", _BOTH,
        {"monitor": WRITE, "sponsor": WRITE_ANY},
    ),
    "trial_redaction": Page(
        "texts/<slug:site>/redactions/<int:number>/",
        "Approve or decline a redaction of such a text that somebody else asked for.", _BOTH,
        {"monitor": WRITE, "sponsor": WRITE_ANY},
    ),
    # -- coding
    "coding": Page(
        "coding/", "Terms to be coded, coded, and coded with an older version of the dictionary.",
        rights={"monitor": READ, "sponsor": READ_ANY},
    ),
    "recode": Page(
        "coding/recode/", "What a new version of a dictionary changes, and taking it over.", _BOTH,
        {"monitor": WRITE, "sponsor": WRITE_ANY},
    ),
    "synonyms": Page(
        "coding/synonyms/", "Words offered for a term.", rights={"monitor": READ, "sponsor": READ_ANY},
    ),
    "retire_synonym": Page(
        "coding/synonyms/<int:number>/retire/", "Offer a synonym no more.", _BOTH,
        {"monitor": WRITE, "sponsor": WRITE_ANY},
    ),
    # -- oversight
    "monitoring": Page(
        "monitoring/", "Where the trial stands: recruitment, and what its oversight asks for.",
        rights=_OVERSEEING,
    ),
    "recruitment": Page(
        "monitoring/recruitment/", "Recruitment by site, halts and restarts.", rights=_OVERSEEING,
    ),
    "halt_recruitment": Page(
        "monitoring/recruitment/halt/", "Halt recruitment at a site or everywhere.", _BOTH,
        {"investigator": WRITE, **_same(WRITE_ANY, "sponsor", "administrator")},
    ),
    "restart_recruitment": Page(
        "monitoring/recruitment/<int:number>/restart/", "Lift a halt, with its authorization.", _BOTH,
        {"sponsor": WRITE_ANY},
    ),
    "documents": Page(
        "monitoring/documents/", "The essential-document log, with what is missing or expires.",
        rights={
            **_same(READ, *_SITE_STAFF, "pharmacist", "monitor"),
            **_same(READ_ANY, "sponsor", "administrator"),
        },
    ),
    "file_document": Page(
        "monitoring/documents/new/", "Log that a record is on file.", _BOTH,
        {**_same(WRITE, *_SITE_STAFF, "monitor"), **_same(WRITE_ANY, "sponsor", "administrator")},
    ),
    "withdraw_document": Page(
        "monitoring/documents/<int:number>/withdraw/", "Take back a line that was wrong.", _BOTH,
        {**_same(WRITE, *_SITE_STAFF, "monitor"), **_same(WRITE_ANY, "sponsor", "administrator")},
    ),
    "ethics": Page(
        "monitoring/ethics/", "Ethics approvals by site, until when they hold, and their reviews.",
        rights=_OVERSEEING,
    ),
    "record_ethics_review": Page(
        "monitoring/ethics/new/", "Record a step of the continuing review.", _BOTH,
        {**_same(WRITE, *_SITE_STAFF), **_same(WRITE_ANY, "sponsor", "administrator")},
    ),
    "monitoring_visits": Page(
        "monitoring/visits/", "Monitoring visits, planned and done, with open actions.",
        rights=_OF_VISITS,
    ),
    "plan_visit": Page(
        "monitoring/visits/new/", "Plan a monitoring visit.", _BOTH, {"monitor": WRITE}
    ),
    "monitoring_visit": Page(
        "monitoring/visits/<int:number>/", "One visit: its report, findings and signatures.",
        rights=_OF_VISITS,
    ),
    "record_finding": Page(
        "monitoring/visits/<int:number>/findings/new/", "A finding and its action.", _BOTH,
        {"monitor": WRITE},
    ),
    "sign_visit": Page(
        "monitoring/visits/<int:number>/sign/", "The monitor signs the report of a visit.", _BOTH,
        {"monitor": WRITE},
    ),
    "acknowledge_visit": Page(
        "monitoring/visits/<int:number>/acknowledge/", "The investigator has read the report.", _BOTH,
        {"investigator": WRITE},
    ),
    "resolve_finding": Page(
        "monitoring/visits/<int:number>/findings/<int:finding>/", "The action of a finding is done.",
        _BOTH, _same(WRITE, *_SITE_STAFF, "monitor"),
    ),
    "cancel_visit": Page(
        "monitoring/visits/<int:number>/cancel/", "A planned visit will not take place.", _BOTH,
        {"monitor": WRITE},
    ),
    "deviations": Page(
        "deviations/", "Departures from the protocol, by site, kind and assessment.",
        rights={**_same(READ, *_SITE_STAFF, "pharmacist", "monitor"), **_same(READ_ANY, "sponsor")},
    ),
    "assess_deviation": Page(
        _P + "deviations/<int:number>/", "Whether a deviation is important, and why.", _BOTH,
        {"monitor": WRITE, "sponsor": WRITE_ANY, **_same(READ, *_SITE_STAFF)},
    ),
    "central_monitoring": Page(
        "monitoring/central/", "Central monitoring: sites that differ, never by arm.",
        rights={"monitor": READ, **_same(READ_ANY, "statistician", "sponsor")},
    ),
    "open_signal": Page(
        "monitoring/central/<slug:site>/<str:statistic>/", "Open a site's signal as an issue.", _BOTH,
        {"monitor": WRITE, **_same(WRITE_ANY, "statistician", "sponsor")},
    ),
    "signal": Page(
        "monitoring/signals/<int:number>/", "One signal: assess it, close it.", _BOTH,
        {"monitor": WRITE, **_same(WRITE_ANY, "statistician", "sponsor")},
    ),
    "results": Page(
        "results/", "Results of the declared analyses; serious events one by one.",
        rights={"investigator": READ, **_same(READ_ANY, "statistician", "dsmb", "sponsor")},
    ),
    "board": Page(
        "board/", "The monitoring board's pack: which part there is for whom.",
        rights=_same(READ_ANY, "statistician", "dsmb", "sponsor"),
    ),
    "board_open": Page(
        "board/open/<slug:file>/", "The open part of the pack: all participants together.",
        rights=_same(READ_ANY, "statistician", "dsmb", "sponsor"),
    ),
    "board_closed": Page(
        "board/closed/<slug:file>/", "The closed part of the pack: results by group.",
        rights={"dsmb": READ_ANY},
    ),
    "analysis_plan": Page(
        "analysis-plan/", "The statistical analysis plan: its documents and its signatures.",
        rights={"investigator": READ, **_same(READ_ANY, "statistician", "dsmb", "sponsor")},
    ),
    "analysis_plan_file": Page(
        "analysis-plan/documents/<slug:file>/", "The analysis plan in one form.",
        rights={"investigator": READ, **_same(READ_ANY, "statistician", "dsmb", "sponsor")},
    ),
    "sign_analysis_plan": Page(
        "analysis-plan/<slug:digest>/sign/", "Sign the analysis plan that was read.", _BOTH, {"statistician": WRITE_ANY}
    ),
    # -- one participant
    "participant": Page(
        _P, "One participant on one page.",
        rights=_same(READ, *_SITE_STAFF, "pharmacist", "monitor"),
    ),
    "screen": Page(
        "screening/new/", "Put a person on the screening log.", _BOTH, _same(WRITE, *_SITE_STAFF)
    ),
    "screening": Page(
        _P + "screening/", "Screening data beside the criteria they decide.", _BOTH,
        _same(WRITE, *_SITE_STAFF),
    ),
    "screening_assess": Page(
        _P + "screening/assess/", "The criteria as they stand with what is typed; saves nothing.",
        ("POST",), _same(WRITE, *_SITE_STAFF),
    ),
    "consent": Page(_P + "consent/", "Record consent.", _BOTH, _same(WRITE, *_SITE_STAFF)),
    "sign_eligibility": Page(
        _P + "eligibility/sign/", "The investigator signs the eligibility assessment.", _BOTH,
        _same(WRITE, "investigator"),
    ),
    "fail_screening": Page(
        _P + "screening/fail/", "End a screening.", _BOTH, _same(WRITE, *_SITE_STAFF)
    ),
    "randomize": Page(
        _P + "randomize/", "Randomize a participant.", _BOTH, _same(WRITE, *_SITE_STAFF)
    ),
    "form": Page(
        _FORM, "A form at a visit.", _BOTH,
        {**_same(WRITE, *_SITE_STAFF), **_same(READ, "monitor", "pharmacist")},
    ),
    "form_sign": Page(
        _FORM + "sign/", "Sign what a form says now.", _BOTH, _same(WRITE, "investigator")
    ),
    "form_verify": Page(
        _FORM + "verify/", "Mark values as found the same in the source documents.", _BOTH,
        _same(WRITE, "monitor"),
    ),
    "form_hold": Page(
        _FORM + "hold/", "Freeze, lock or unlock a form.", _BOTH, _same(WRITE, "monitor")
    ),
    "participant_hold": Page(
        _P + "hold/", "Freeze, lock or unlock all data of a participant.", _BOTH,
        _same(WRITE, "monitor"),
    ),
    "form_move": Page(
        _FORM + "move/", "Move a form to the participant it belongs to.", _BOTH,
        _same(WRITE, *_SITE_STAFF),
    ),
    "raise_query": Page(
        _FORM + "query/", "Ask about a value.", _BOTH, _same(WRITE, *_SITE_STAFF, "monitor")
    ),
    "query": Page(
        _P + "queries/<int:number>/", "One query: answer it, close it.", _BOTH,
        _same(WRITE, *_SITE_STAFF, "monitor"),
    ),
    "diary_day": Page(
        _P + "diary/<slug:diary>/<str:day>/", "One day of the diary, on the participant's word.",
        _BOTH, {**_same(WRITE, *_SITE_STAFF), **_same(READ, "monitor", "pharmacist")},
    ),
    "visit": Page(
        _P + "visits/<slug:visit>/", "A visit: leads to its first form not yet complete.",
        rights=_same(READ, *_SITE_STAFF, "pharmacist", "monitor"),
    ),
    "form_check": Page(
        _FORM + "check/", "What a form asks for, given what is typed; saves nothing.", ("POST",),
        _same(WRITE, *_SITE_STAFF),
    ),
    "miss_visit": Page(
        _P + "visits/<slug:visit>/missed/", "State that a visit did not take place.", _BOTH,
        _same(WRITE, *_SITE_STAFF),
    ),
    "report_adverse_event": Page(
        _P + "adverse-events/new/", "Report an adverse event.", _BOTH, _same(WRITE, *_SITE_STAFF)
    ),
    "adverse_event": Page(
        _P + "adverse-events/<int:number>/", "One adverse event: what is known, and its clocks.",
        _BOTH,
        {
            **_same(WRITE, *_SITE_STAFF), **_same(READ, "monitor", "pharmacist"),
            **_same(READ_ANY, "dsmb", "sponsor"),
        },
    ),
    "reword_adverse_event": Page(
        _P + "adverse-events/<int:number>/reword/", "Correct what an adverse event is called.", _BOTH,
        _same(WRITE, *_SITE_STAFF),
    ),
    "code_term": Page(
        _P + "coding/<str:target>/", "One term: what was written, what the dictionary offers.", _BOTH,
        {"monitor": WRITE, "sponsor": WRITE_ANY},
    ),
    "safety_report": Page(
        _P + "adverse-events/<int:number>/report/<slug:clock>/", "A safety report was sent.", _BOTH,
        {"investigator": WRITE, "sponsor": WRITE_ANY},
    ),
    "supply": Page(
        _P + "supply/<slug:intervention>/", "Hand out and take back units.", _BOTH,
        {"pharmacist": WRITE, **_same(READ, *_SITE_STAFF, "monitor")},
    ),
    "deviation": Page(
        _P + "deviations/new/", "Log a departure from the protocol.", _BOTH,
        _same(WRITE, *_SITE_STAFF, "pharmacist", "monitor"),
    ),
    "unblind": Page(
        _P + "unblind/", "Be told the allocation of one participant, in an emergency or as planned.",
        _BOTH, _same(WRITE, "investigator"),
    ),
    "withdraw": Page(_P + "withdraw/", "Leaving treatment or the trial.", _BOTH, _same(WRITE, *_SITE_STAFF)),
    "transfer": Page(
        _P + "transfer/", "Another site takes over the care.", _BOTH, _same(WRITE, *_SITE_STAFF)
    ),
    "texts": Page(
        _P + "texts/", "Every text about the participant, and the redactions asked for.",
        rights=_same(READ, *_SITE_STAFF, "monitor"),
    ),
    "redact": Page(
        _P + "texts/<int:version>/<slug:name>/redact/", "Ask that a text be made unreadable.", _BOTH,
        _same(WRITE, *_SITE_STAFF, "monitor"),
    ),
    "redaction": Page(
        _P + "redactions/<int:number>/", "Approve or decline a redaction somebody else asked for.",
        _BOTH, _same(WRITE, "investigator", "monitor"),
    ),
    "erase": Page(
        _P + "erase/", "Erase what identifies a person whose participation has ended.", _BOTH,
        _same(WRITE, "investigator"),
    ),
    "own_copy": Page(
        _P + "copy/", "The participant's copy of their own data, and to whom one was given.", _BOTH,
        _same(WRITE, "investigator"),
    ),
    "complete": Page(
        _P + "complete/", "The participant reached the end of the study.", _BOTH,
        _same(WRITE, *_SITE_STAFF),
    ),
}  # fmt: skip
"""The permission table: page name to row."""

MENU = (
    "today", "participants", "randomize_list", "safety", "queries", "verification", "coding", "trail", "data_lock",
    "monitoring", "results", "protocol", "sites", "people", "trust",
    "operation",
)  # fmt: skip
"""The pages of the menu, in its order; each person sees those they may open."""
