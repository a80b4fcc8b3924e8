"""Something of everything that oversight numbers, in a trial whose sites are open."""

from __future__ import annotations

from equipoise.conduct import commands as c
from equipoise.home.home import ADMINISTRATOR
from equipoise.trial import Trial
from support.story import COORDINATOR, MONITOR, central, expect


def trial_text_address(trial: Trial, path: str) -> str:
    """An address about a text of site 01 that can be redacted still."""
    text = trial.texts("01")[-1]
    return path.replace("<int:version>", str(text.version)).replace("<slug:name>", text.name)


def oversee(trial: Trial, *, standing: bool = False) -> None:
    """Halt number one, at the site where nobody is, lifted again unless it is to stand; document, visit, finding and signal number one."""
    if trial.state.oversight.visits:
        return
    today = trial.today("03")
    halt = c.HaltRecruitment(site="03", ordered_by="dsmb", ordered_on=today, reason="a question")
    done = expect(trial.do(halt, central("sponsor")))
    if not standing:
        lift = c.RestartRecruitment(
            halt=done.happenings[0].halt, authorized_by="dsmb", authorized_on=today,
            reference="minutes 1", reason="answered",
        )  # fmt: skip
        expect(trial.do(lift, central("sponsor")))
    kind = next(one for one in trial.protocol.monitoring.essential_documents if one.level == "site")
    filed = c.FileDocument(
        document=kind.id, site="01", dated=today, location="binder 1, tab 2", version="1",
        expires_on=today.replace(year=today.year + 1),
    )  # fmt: skip
    expect(trial.do(filed, ADMINISTRATOR))
    visit = c.PlanMonitoringVisit(site="01", kind="routine", planned_on=today)
    expect(trial.do(visit, MONITOR))
    finding = c.RecordFinding(
        site="01", visit=1, text="a page is missing", action="file it", owner=COORDINATOR.id,
        due=today, important=True,
    )  # fmt: skip
    expect(trial.do(finding, MONITOR))
    signal = c.OpenSignal(
        site="01", statistic="rate.adverse_events", cut=trial.state.seq, text="fewer than elsewhere"
    )
    expect(trial.do(signal, MONITOR))
    place = next(one.place for one in trial.texts("01") if one.event == "DocumentFiled")
    asked = c.RequestTrialRedaction(site="01", value=place, reason="names somebody")
    expect(trial.do(asked, central("sponsor")))
    review = c.RecordEthicsReview(
        site="01", decision="submitted", on=today, reference="annual report 1"
    )
    expect(trial.do(review, ADMINISTRATOR))
