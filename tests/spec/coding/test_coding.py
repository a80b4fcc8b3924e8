"""Terms are coded by persons against the user's own dictionary; a change of the words voids the coding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.analysis.cut import cut, with_dummy_arms
from equipoise.analysis.safety import adverse_events
from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.conduct.coding import Dictionary
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import ParticipantState
from equipoise.conduct.values import Address
from equipoise.exchange.dictionaries import (
    DictionaryError,
    Matcher,
    compared,
    read_csv,
    read_dictionary,
)
from equipoise.home import Home, HomeError, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR
from equipoise.trial import Trial
from support.dictionaries import DRUGS, meddra
from support.played import SECOND_PROTOCOL
from support.story import COORDINATOR, MONITOR, SEED_PROTOCOL, START, Person, expect, new_trial


def invented(folder: Path, version: str = "1", **moved: str) -> Dictionary:
    """The invented dictionary, in both languages."""
    sources = {
        "en": meddra(folder / f"en-{version}", **moved),
        "zh-Hans": meddra(folder / f"zh-{version}", "zh-Hans", **moved),
    }
    return read_dictionary("events", "Invented", version, sources)


def use(trial: Trial, *kept: Dictionary) -> None:
    """Keep these dictionaries and register each, in order."""
    trial.dictionary = {one.sha256: one for one in kept}.get
    for one in kept:
        registered = c.RegisterDictionary(
            purpose=one.purpose, name=one.name, version=one.version, sha256=one.sha256
        )
        expect(trial.do(registered, ADMINISTRATOR, at=START))


@pytest.fixture
def first(tmp_path: Path) -> Dictionary:
    return invented(tmp_path)


@pytest.fixture
def person(first: Dictionary) -> Person:
    """A participant with a sore tongue in words of the site's own, in a trial that uses the dictionary."""
    trial = new_trial()
    use(trial, first)
    someone = Person(trial).enroll()
    reported(someone, "sore tonge")
    return someone


def reported(person: Person, term: str) -> None:
    event = c.ReportAdverseEvent(
        participant=person.id, term=term, grade=2, started_on=person.at.date()
    )
    expect(person.do(event))


def code(person: Person, dictionary: Dictionary, code: str, **changes: str) -> object:
    said = {"target": "ae/1", **changes}
    command = c.CodeTerm(participant=person.id, sha256=dictionary.sha256, code=code, **said)
    return person.do(command, MONITOR)


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def row(person: Person, target: str = "ae/1") -> dict[str, object]:
    """The line of the worklist."""
    (found,) = person.trial.ledger.rows(
        "coding", where={"participant": person.id, "target": target}
    )
    return found


# -- reading --------------------------------------------------------------------------------------


def test_the_same_files_give_the_same_hash_and_a_changed_word_another(tmp_path: Path) -> None:
    one, again = invented(tmp_path / "a"), invented(tmp_path / "b")
    assert one.sha256 == again.sha256
    assert one.sha256 != invented(tmp_path / "c", p50002="90002").sha256
    tongue = one.entries["10002"]
    assert (dict(tongue.term), tongue.preferred_code, dict(tongue.group)) == (
        {"en": "Sore tongue", "zh-Hans": "舌痛"}, "50001",
        {"en": "Mouth things", "zh-Hans": "口腔之事"},
    )  # fmt: skip
    assert [entry.code for entry in one.entries.values() if not entry.current] == ["10005"]


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("llt.asc", "10009$Lost$59999$$$$$$$Y$$", "its preferred term 59999 does not stand in pt.asc"),
        ("llt.asc", "10001$Again$50001$$$$$$$Y$$", "stands a second time"),
        ("pt.asc", "59999", "fields separated by $"),
        ("mdhier.asc", "50001$70001$80001$99999$a$b$c$d$e$$99999$N$", "does not stand in soc.asc"),
        ("soc.asc", "$nameless$", "code or name is empty"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_named_with_its_line(
    tmp_path: Path, file: str, line: str, says: str
) -> None:
    folder = meddra(tmp_path / "en")
    before = (folder / file).read_text()
    (folder / file).write_text(f"{before}{line}\n")
    with pytest.raises(DictionaryError) as raised:
        read_dictionary("events", "Invented", "1", {"en": folder})
    assert says in str(raised.value)
    assert f"{file}:{len(before.splitlines()) + 1}" in str(raised.value)


def test_languages_of_two_versions_are_not_joined(tmp_path: Path) -> None:
    english, chinese = meddra(tmp_path / "en"), meddra(tmp_path / "zh", "zh-Hans")
    file = english / "llt.asc"
    file.write_text(file.read_text() + "10009$New word$50001$$$$$$$Y$$\n")
    with pytest.raises(DictionaryError, match="10009 stands in one language and not in the other"):
        read_dictionary("events", "Invented", "1", {"en": english, "zh-Hans": chinese})


def test_a_table_of_drugs_is_read_and_its_faults_are_named(tmp_path: Path) -> None:
    file = tmp_path / "drugs.csv"
    file.write_text("\ufeff" + DRUGS, encoding="utf-8")
    assert read_csv(file, "en")["D2"].preferred == {"en": "Inventamol"}
    for text, says in (
        ("term,code\n", "the column preferred_term is missing"),
        (DRUGS + "Third,D2,a,b\n", ":4: the code D2 stands a second time"),
        (DRUGS + "Third,D3,a\n", ":4: 3 cells under a heading of 4"),
        (DRUGS + "Third,,a,b\n", ":4: code is empty"),
    ):
        file.write_text(text)
        with pytest.raises(DictionaryError, match=says):
            read_csv(file, "en")
    file.write_bytes(DRUGS.encode() + b"\xff\n")
    with pytest.raises(DictionaryError, match="is not UTF-8"):
        read_csv(file, "en")


# -- suggesting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found", "how"),
    [
        ("Sore tongue", "10002", "exact"),
        ("舌痛", "10002", "exact"),
        ("MOUTH dryness!", "10003", "normalized"),
        ("口 干", "10003", "similar"),
        ("soar tounge", "10002", "similar"),
        ("口腔疼", "10001", "similar"),
        ("the pastilles did it", "10002", "synonym"),
    ],
)
def test_terms_are_offered_by_the_same_words_a_synonym_spelling_and_likeness(
    first: Dictionary, words: str, found: str, how: str
) -> None:
    offered = Matcher(first).suggest(words, [("The pastilles did it", "10002")])
    assert (offered[0].entry.code, offered[0].how) == (found, how)


def test_nothing_is_offered_for_nothing_nor_a_term_that_is_not_current(first: Dictionary) -> None:
    matcher = Matcher(first)
    assert matcher.suggest("") == matcher.suggest("!?") == matcher.suggest("xqzwv") == []
    assert all(one.entry.current for one in matcher.suggest("Old redness word"))


# -- coding ---------------------------------------------------------------------------------------


def test_a_person_codes_a_term_and_the_worklist_shows_it(person: Person, first: Dictionary) -> None:
    assert row(person)["status"] == "open"
    expect(code(person, first, "10002", words="sore tonge"))
    coding = person.state.codings["ae/1"]
    assert (coding.preferred["zh-Hans"], coding.group["en"]) == ("口腔疼痛", "Mouth things")
    assert (row(person)["status"], row(person)["dictionary"]) == ("coded", first.sha256)
    assert codes(code(person, first, "10002")) == ("coded-already",)
    assert codes(code(person, first, "10003")) == ("no-reason",)
    expect(code(person, first, "10003", reason="dry, not sore"))
    assert person.state.codings["ae/1"].code == "10003"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"code": "77777"}, "no-such-code"),
        ({"code": "10005"}, "code-not-current"),
        ({"target": "ae/9"}, "nothing-to-code"),
        ({"target": "screening/laboratory/1/hemoglobin"}, "nothing-to-code"),
        ({"sha256": "0" * 64}, "dictionary-not-kept"),
        ({"words": "something else"}, "words-changed"),
    ],
)
def test_what_cannot_be_coded_is_refused(
    person: Person, first: Dictionary, changes: dict[str, str], why: str
) -> None:
    said = {"target": "ae/1", "sha256": first.sha256, "code": "10002", **changes}
    assert codes(person.do(c.CodeTerm(participant=person.id, **said), MONITOR)) == (why,)
    assert codes(person.do(c.CodeTerm(participant=person.id, **said), COORDINATOR)) == (
        "not-permitted",
    )


def test_a_changed_name_voids_the_coding_and_asks_for_a_new_one(
    person: Person, first: Dictionary
) -> None:
    expect(code(person, first, "10002"))
    reword = c.RewordAdverseEvent(
        participant=person.id, number=1, term="dry mouth", reason="misread the note"
    )
    assert codes(person.do(reword, MONITOR)) == ("not-permitted",)
    expect(person.do(reword))
    assert person.state.adverse_events[1].verbatim == "dry mouth"
    assert person.state.codings["ae/1"].void.actor == COORDINATOR.id
    assert row(person)["status"] == "void"
    assert codes(person.do(reword)) == ("nothing-to-save",)
    expect(code(person, first, "10003"))
    assert (person.state.codings["ae/1"].void, row(person)["status"]) == (None, "coded")


def test_a_term_of_the_protocol_is_coded_too_and_stays_one_after_correction(
    person: Person, first: Dictionary
) -> None:
    reported(person, "nausea")
    assert (row(person, "ae/2")["term"], row(person, "ae/2")["status"]) == ("nausea", "open")
    expect(code(person, first, "10001", target="ae/2", words="nausea"))
    back = c.RewordAdverseEvent(participant=person.id, number=2, term="fatigue", reason="other")
    expect(person.do(back))
    assert person.state.adverse_events[2].term == "fatigue"


def test_a_drug_is_coded_where_it_was_captured_until_it_is_changed(
    person: Person, tmp_path: Path
) -> None:
    file = tmp_path / "drugs.csv"
    file.write_text(DRUGS)
    drugs = read_dictionary("drugs", "Invented drugs", "1", {"en": file})
    events = person.trial.dictionary
    person.trial.dictionary = lambda sha256: drugs if sha256 == drugs.sha256 else events(sha256)
    registered = c.RegisterDictionary(
        purpose="drugs", name=drugs.name, version="1", sha256=drugs.sha256
    )
    expect(person.do(registered, ADMINISTRATOR))
    given = {"drug_name": "pain pill", "drug_indication": "sore tongue"}
    expect(person.save("log", "concomitant", **given))
    target = "log/concomitant/1/drug_name"
    assert row(person, target)["purpose"] == "drugs"
    assert row(person, "log/concomitant/1/drug_indication")["purpose"] == "events"
    expect(code(person, drugs, "D2", target=target))
    assert codes(code(person, drugs, "D2", target="ae/1")) == ("dictionary-not-kept",)
    expect(person.save("log", "concomitant", reason="other unit", drug_indication="pain"))
    assert row(person, target)["status"] == "coded", "another item changed"
    expect(person.save("log", "concomitant", reason="typing error", drug_name="rinse"))
    assert row(person, target)["status"] == "void"
    address = Address("log", "concomitant")
    other = Person(person.trial).enroll()
    moved = c.MoveValues(
        participant=person.id, address=address, to_participant=other.id, reason="wrong person"
    )
    expect(person.do(moved))
    assert row(other, target)["status"] == "open", "a coding does not move along"
    assert not list(
        person.trial.ledger.rows("coding", where={"participant": person.id, "target": target})
    )


def test_a_new_version_says_what_it_changes_and_codes_nothing_by_itself(
    person: Person, first: Dictionary, tmp_path: Path
) -> None:
    reported(person, "dry")
    expect(code(person, first, "10002"))
    expect(code(person, first, "10003", target="ae/2"))
    second = invented(tmp_path, "2", p50002="90002")
    state: ParticipantState = person.state
    assert [compared(one, second).kind for one in state.codings.values()] == ["same", "moved"]
    old = {first.sha256: first}
    person.trial.dictionary = {**old, second.sha256: second}.get
    registered = c.RegisterDictionary(
        purpose="events", name="Invented", version="2", sha256=second.sha256
    )
    assert codes(person.do(registered, MONITOR)) == ("not-permitted",)
    expect(person.do(registered, ADMINISTRATOR))
    assert codes(person.do(registered, ADMINISTRATOR)) == ("dictionary-current",)
    assert person.state.codings == state.codings
    assert codes(code(person, first, "10001")) == ("dictionary-replaced",)
    expect(code(person, second, "10003", target="ae/2"))
    assert person.state.codings["ae/2"].group_code == "90002"


def test_a_synonym_is_kept_once_and_retired_with_a_reason(
    person: Person, first: Dictionary
) -> None:
    add = c.AddSynonym(purpose="events", text="Sore tonge", sha256=first.sha256, code="10002")
    expect(person.do(add, MONITOR))
    assert codes(person.do(add, MONITOR)) == ("synonym-known",)
    (synonym,) = person.trial.state.coding.synonyms_for("events")
    assert (synonym.text, synonym.code) == ("Sore tonge", "10002")
    assert codes(person.do(c.RetireSynonym(number=1, reason=" "), MONITOR)) == ("no-reason",)
    expect(person.do(c.RetireSynonym(number=1, reason="wrong"), MONITOR))
    assert person.trial.state.coding.synonyms_for("events") == ()
    assert codes(person.do(c.RetireSynonym(number=1, reason="x"), MONITOR)) == ("no-such-synonym",)


def test_the_table_of_adverse_events_stands_by_class_and_preferred_term_where_coded(
    person: Person, first: Dictionary
) -> None:
    """Two words for one preferred term are one row; what is not coded stands as before."""
    reported(person, "mouth hurts")
    reported(person, "nausea")
    before = adverse_events(with_dummy_arms(cut(person.trial)))
    assert before.coded == 0
    expect(code(person, first, "10002"))
    expect(code(person, first, "10001", target="ae/2"))
    table = adverse_events(with_dummy_arms(cut(person.trial)))
    assert (table.coded, table.counted) == (2, 3)
    coded, other = table.terms
    assert (str(coded.label), coded.label.in_language("zh-Hans")) == ("Sore of mouth", "口腔疼痛")
    assert str(coded.system_organ_class) == "Mouth things"
    assert sum(arm.participants for arm in coded.arms) == 1
    assert sum(arm.events for arm in coded.arms) == 2
    assert other.id == "nausea"
    assert table.any_event == before.any_event


# -- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [SEED_PROTOCOL, SECOND_PROTOCOL], ids=["first", "second"])
def test_a_dictionary_is_imported_compared_and_held_to_its_hash(
    tmp_path: Path, protocol: Path
) -> None:
    path = tmp_path / "home"
    settings = RehearsalSettings(seed=1, replicate=0, start=START.isoformat(), options={})
    Home.create(path, protocol, rehearsal=settings).close()

    def run(*words: str) -> object:
        done = CliRunner().invoke(
            main, ["dictionary", *words, "--home", str(path), "--format", "json"]
        )
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    files = f"en={meddra(tmp_path / 'en')}"
    told = run("import", "events", "--name", "Invented", "--version", "1", "--files", files)
    assert isinstance(told, dict)
    assert told["terms"] == 5
    kept = Path(told["file"])
    assert kept.stat().st_mode & 0o077 == 0, "licensed content is nobody else's to read"
    with Home.open(path) as home:
        (registered,) = home.trial().state.coding.dictionaries
        assert (registered.sha256, registered.version) == (told["sha256"], "1")
        assert home.trial().dictionary(told["sha256"]).entries["10002"].term["en"] == "Sore tongue"
    assert run("compare", "events", "--name", "Invented", "--version", "2", "--files", files) == []
    kept.write_text(kept.read_text().replace("Sore tongue", "Sore tung"))
    with Home.open(path) as home, pytest.raises(HomeError, match="import the dictionary again"):
        home.shelf.find(told["sha256"])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ("de=x", "write LANGUAGE=PATH"),
        ("en=nowhere.csv", "No such file"),
        ("en=.", "llt.asc is missing"),
    ],
)
def test_what_cannot_be_imported_is_said_in_one_line(
    tmp_path: Path, files: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["dictionary", "import", "events", "--home", "h", "--name", "I", "--version", "1"]
    done = CliRunner().invoke(main, [*words, "--files", files])
    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
