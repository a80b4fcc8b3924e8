"""What the reading pages tell, to whom, and what they keep to themselves."""

from __future__ import annotations

import html
import re
from zoneinfo import ZoneInfo

import pytest

from equipoise.ledger.merkle import short_code
from support.lived import lived_through
from support.story import Person
from support.web_home import Stage, stage


@pytest.fixture(scope="module")
def played() -> Stage:
    return stage()


@pytest.fixture(scope="module")
def lived(played) -> Person:
    with played.trial.batch():
        return lived_through(played.trial)


def read(client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.content[:400]
    return response.content.decode()


def words(page: str) -> str:
    """The page's text without its tags."""
    body = page[page.index("<main") :]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def in_chinese(client):
    client.cookies["equipoise_language"] = "zh-hans"
    return client


def test_the_participant_page_says_where_the_person_stands_and_what_comes_next(played, lived):
    page = words(read(played.client("coordinator"), f"/participants/{lived.id}/"))
    assert lived.id in page
    assert "Exosome spray" in page
    assert "Next: Week 6" in page
    assert "SAE 3: report due" in page
    assert "open queries: 1" in page


def test_lanes_are_chosen_from_the_protocol(played, lived):
    page = read(played.client("coordinator"), f"/participants/{lived.id}/")
    heads = re.search(r"<table data-days><thead><tr>(.*?)</tr>", page, re.S)[1]
    lanes = re.findall(r"<th[^>]*>(.*?)</th>", heads)
    assert lanes[0] == "Day"
    assert lanes[1:3] == ["Fractions given so far", "Dose given so far"]
    assert lanes[3] == "Spray diary"
    assert lanes[4] == "Oral mucositis grade (WHO)"
    assert {"Weight", "Visits", "Adverse events", "Decisions"} <= set(lanes)
    assert not any("Hemoglobin" in lane for lane in lanes)
    assert "Hemoglobin" in page[page.index("Laboratory and further scores") :]


def test_the_trail_tells_a_change_with_what_stood_before_and_why(played, lived):
    page = words(read(played.client("coordinator"), f"/participants/{lived.id}/?trail=all"))
    assert re.search(r"Hemoglobin: 1\d\d g/L → 120 g/L; reason: typed twice", page)
    assert "Adverse event 3: Fatigue, CTCAE v5.0 grade 3" in page
    assert "Visit Week 3 did not take place; reason: fever at home" in page


def test_the_trail_shows_the_newest_first_and_leads_to_the_rest(played, lived):
    client = played.client("coordinator")
    short = read(client, f"/participants/{lived.id}/")
    whole = read(client, f"/participants/{lived.id}/?trail=all")
    total = lived.state.version
    trail = short[short.index('<ol class="trail">') :]
    assert trail.count("<li>") == 40 < total
    assert f"All {total} entries" in short
    listed = re.findall(r"· ledger (\d+)</span></li>", whole)
    assert len(listed) == total
    assert listed == sorted(listed, key=int, reverse=True)


def test_who_may_not_know_the_arm_does_not_learn_it_from_any_corner_of_the_page(played, lived):
    page = read(played.client("monitor"), f"/participants/{lived.id}/?trail=all")
    main = page[page.index("<main") :]
    assert "allocation not shown" in main
    assert "Exosome spray" not in words(page)
    heads = re.search(r"<table data-days><thead><tr>(.*?)</tr>", page, re.S)[1]
    assert "Spray diary" not in heads


def test_names_do_not_stand_on_the_participant_page(played):
    person = played.participant("consented")
    page = read(played.client("coordinator"), f"/participants/{person.id}/?trail=all")
    assert "Virtual Participant" not in page


@pytest.mark.parametrize(
    ("step", "sentence", "action"),
    [
        ("screened", "consent has not been recorded", "consent/"),
        ("consented", "eligibility is not yet decided", "screening/"),
        ("signed", "can be randomized now", "randomize/"),
    ],
)
def test_before_randomization_the_page_says_what_is_missing_and_leads_there(
    played, step, sentence, action
):
    person = played.participant(step)
    page = read(played.client("coordinator"), f"/participants/{person.id}/")
    assert sentence in words(page)
    assert f'href="/participants/{person.id}/{action}"' in page


def test_every_form_of_the_matrix_leads_to_its_page_and_missed_visits_to_none(played, lived):
    page = read(played.client("coordinator"), f"/participants/{lived.id}/")
    assert f"/participants/{lived.id}/forms/w5/symptoms/1/" in page
    assert f"/participants/{lived.id}/forms/w3/" not in page
    assert "Weight, pain and nutrition, Week 5: filled in" in words(page)
    assert "Blood count, liver and renal function, Week 2: queried" in words(page)


def test_safety_puts_the_running_clock_first_with_its_rule(played, lived):
    page = read(played.client("coordinator"), "/safety/")
    due = page[page.index('id="s-running"') : page.index('id="serious"')]
    assert lived.id in due
    assert "Fatigue" in due
    assert "Chinese GCP" in due
    assert "data-due=" in due
    assert "data-now=" in due
    assert "Nausea" in page[page.index('id="others"') :]


def test_safety_shows_a_site_its_own_events_and_the_board_all(played, lived):
    assert lived.id not in read(played.client("coordinator", "02"), "/safety/")
    assert lived.id in read(played.client("dsmb"), "/safety/")


def test_trust_says_that_nothing_was_verified_until_someone_does(played):
    client = played.client("sponsor")
    head = played.trial.ledger.head()
    page = read(client, "/trust/")
    assert head.hash in page
    assert played.trial.state.commitment in page
    assert client.post("/trust/verify/").status_code == 302
    after = words(read(client, "/trust/"))
    assert f"The ledger is whole: {head.seq} events" in after
    assert "69.3%" in after
    for command in ("python3 verify.py", "equipoise verify HOME", "--reveal"):
        assert command in after


def test_the_protocol_page_shows_criteria_with_their_expressions_and_who_must_confirm(played):
    page = words(read(played.client("monitor"), "/protocol/"))
    protocol = played.trial.protocol
    for criterion in protocol.eligibility.criteria:
        assert re.sub(r"\s+", " ", criterion.text.en) in page
        if criterion.met_when:
            assert re.sub(r"\s+", " ", criterion.met_when.strip()) in page
    for decision in protocol.decisions:
        assert decision.finding in page
    assert "To be confirmed by:" in page
    assert protocol.version[:12] in page


def test_results_have_dummy_arms_for_the_statistician_and_real_ones_for_the_board(played, lived):
    dummy = words(read(played.client("statistician"), "/results/"))
    real = words(read(played.client("dsmb"), "/results/"))
    assert "dummy arms" in dummy
    assert "No difference below means anything." in dummy
    assert "not released: for the monitoring board only" in real
    assert "dummy" not in real
    code = f"ledger root {short_code(played.trial.ledger.root())}"
    assert code in dummy
    assert code in real


def test_results_are_not_for_those_who_treat(played):
    read(played.client("coordinator"), "/results/", 403)


def test_the_public_record_has_every_section_in_order_and_no_participant(played, lived):
    page = read(played.client(), "/record/")
    titles = re.findall(r'<h2 id="h-[a-z]+">(.*?)</h2>', page)
    assert titles == [
        "Study Results", "Basic Information", "Brief Summary", "Detailed Description", "Conditions",
        "Study Design", "Study Groups", "Interventions", "Eligibility Criteria", "Sponsors",
        "Responsible Party", "Locations", "Countries", "Central Contacts", "Facility Contacts",
        "Other Identifiers",
    ]  # fmt: skip
    participants = played.trial.participant_ids()
    assert participants
    assert not [number for number in participants if number in page]
    assert f"Randomized so far {played.trial.state.randomized} " in words(page)
    assert "have not been published" in page
    assert "Recruiting" in page[page.index('id="h-locations"') :]
    assert played.trial.state.commitment in page


def test_pages_in_chinese_keep_no_english_of_our_own(played, lived):
    for role, address in (
        ("coordinator", f"/participants/{lived.id}/"),
        ("coordinator", "/safety/"),
        ("coordinator", "/protocol/"),
        ("statistician", "/results/"),
        (None, "/record/"),
    ):
        page = read(in_chinese(played.client(role)), address)
        assert '<html lang="zh-Hans">' in page
        for phrase in ("Timeline", "Adverse events", "Audit trail", "Reports due", "Eligibility Criteria",
                       "Schedule of activities", "Participant flow", "Sign out", "Study Design"):  # fmt: skip
            assert phrase not in words(page), (address, phrase)


def test_a_released_result_becomes_public_with_its_data_cut(played, lived, monkeypatch):
    monkeypatch.setattr(played.trial.state, "results_released", True)
    head = played.trial.ledger.head().seq
    monkeypatch.setattr("equipoise.web.pages.results.released_at", lambda trial: head)
    page = words(read(played.client(), "/record/"))
    assert "Participant flow" in page
    assert "ledger root" in page
    assert "dummy" not in words(read(played.client("statistician"), "/results/"))


def test_today_answers_first_and_names_the_weekday_of_every_day(played, lived):
    page = read(played.client("coordinator"), "/today/")
    text = words(page)
    assert re.search(r"Late: \d+\+?\. Due today: \d+\+?\.|Due today: |Nothing is late, and", text)
    assert text.index("Today") < text.index("Participant")
    days = re.findall(r'data-name="(?:Day|Last day)">([^<]*\d{4}-\d\d-\d\d)', page)
    assert days
    assert all(re.match(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}", day) for day in days)


def test_results_answer_first_and_show_the_primary_result_before_the_rest(played, lived):
    page = read(played.client("dsmb"), "/results/")
    sections = re.findall(r'<section id="(section-[\w-]+)"', page)
    assert sections[0] == "section-primary"
    assert "section-flow" in sections
    answer = words(page)[: words(page).index("Primary result")]
    assert (
        "The primary endpoint cannot be estimated yet: an arm has nobody with an outcome yet."
        in answer
    )


@pytest.mark.parametrize("role", ["coordinator", "investigator"])
def test_moments_are_told_on_the_sites_clock_and_not_in_utc(played, lived, role):
    from equipoise.web.vocabulary import local_time

    stamp = lived.state.randomized
    page = words(read(played.client(role), f"/participants/{lived.id}/randomize/"))
    at_site = local_time(stamp.at, ZoneInfo("Asia/Shanghai"))
    assert at_site[11:] != stamp.at[11:16]
    assert f"Time {at_site}" in page
    assert "UTC" not in page


def test_a_deviation_the_trial_logged_names_the_visit_and_not_its_code(played, lived):
    from equipoise.web.vocabulary import deviation_words

    protocol = played.trial.protocol
    visit = protocol.visit_by_id["w3"]
    told = deviation_words(
        protocol, "w3: performed 2027-01-01, window 2027-01-02 to 2027-01-04", "zh-Hans"
    )
    assert told.startswith(visit.label.in_language("zh-Hans"))
    assert "w3" not in told
    assert (
        deviation_words(protocol, "w3: fever at home", "en") == f"{visit.label.en}: fever at home"
    )
    assert deviation_words(protocol, "told by hand: w3", "en") == "told by hand: w3"


def test_no_unit_is_shown_as_a_computer_writes_it(played, lived):
    client = played.client("coordinator")
    person = played.participant("assessed")
    for address in (
        f"/participants/{person.id}/screening/",
        f"/participants/{person.id}/",
        f"/participants/{lived.id}/",
    ):
        page = words(read(client, address))
        assert not re.search(r"mm\[Hg\]|10\*9|umol|\d (?:a|mo)\b|_m2", page), address
    assert re.search(
        r"Age at consent: \d+ years", words(read(client, f"/participants/{person.id}/screening/"))
    )


def test_the_allocation_prints_as_a_card_with_trial_site_and_next_visit(played, lived):
    page = read(played.client("coordinator"), f"/participants/{lived.id}/randomize/")
    card = words("<main>" + page[page.index('class="facts card"') : page.index("What to do next")])
    assert lived.id in card
    assert "Nanning" in card
    assert "Next visit" in card
    assert "data-print" in page


def test_only_a_rehearsal_wears_the_band(played, monkeypatch):
    client = played.client("coordinator")
    page = read(client, "/today/")
    assert "Virtual day:" in page
    for step in ("day", "week", "end"):
        assert f'name="by" value="{step}"' in page
    monkeypatch.setattr(played.home, "rehearsal", None)
    assert 'class="band"' not in read(client, "/today/")
    assert 'class="band"' not in read(played.client(), "/sign-in/")
