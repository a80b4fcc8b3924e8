"""The fixed words of posted results, in English and Simplified Chinese."""

from __future__ import annotations

from equipoise.quantity.text import LANGUAGES

_WORDS: dict[str, tuple[str, str]] = {
    "overall_study": ("Overall Study", "整个研究"),
    "received": ("Received at least one dose", "至少用药一次"),
    "no_product": ("There is no study product in this group.", "该组无研究产品。"),
    "analyzed": ("Analyzed for the primary endpoint", "纳入主要终点分析"),
    "still_on_study": ("Still on study at the data cut", "数据截止时仍在研究中"),
    "pre_assignment": (
        "{screened} persons were assessed for eligibility and {randomized} randomized. Not randomized: {reasons}.",
        "共筛选 {screened} 人，随机 {randomized} 人。未随机者：{reasons}。",
    ),
    "all_randomized": (
        "{screened} persons were assessed for eligibility and all were randomized.",
        "共筛选 {screened} 人，全部随机。",
    ),
    "not_eligible": ("{n} not eligible", "{n} 人不符合标准"),
    "consent_refused": ("{n} declined to consent", "{n} 人拒绝知情同意"),
    "other_reason": ("{n} for another reason", "{n} 人因其他原因"),
    "withdrawn_before": ("{n} withdrew before randomization", "{n} 人随机前退出"),
    "data_use_before": ("{n} withdrew the use of their data", "{n} 人撤回数据使用"),
    "in_screening": ("{n} still in screening", "{n} 人仍在筛选"),
    "data_use_after": (
        "{n} randomized participants withdrew the use of their data: they are counted here and nowhere else.",
        "{n} 名已随机受试者撤回数据使用：仅在此计数，不出现在其他任何部分。",
    ),
    "recruited": (
        "Recruited at {sites}; first participant randomized {first}, last {last}.",
        "招募中心：{sites}；首例随机 {first}，末例随机 {last}。",
    ),
    "baseline_population": (
        "All randomized participants whose data may be used, in the group allocated.",
        "所有数据可用的随机受试者，按分配组别。",
    ),
    "total": ("Total", "合计"),
    "total_of_all": ("Total of all reporting groups", "所有报告组合计"),
    "participants": ("Participants", "人"),
    "age": ("Age, Continuous", "年龄(连续)"),
    "sex": ("Sex: Female, Male", "性别：女、男"),
    "region": ("Region of Enrollment", "入组国家或地区"),
    "without_value": ("{n} of {of} participants have no value.", "{of} 人中 {n} 人无数值。"),
    "undefined": ("Not defined for so few participants.", "人数过少，无法计算。"),
    "not_reached": (
        "NA: not reached, because too few participants had the event.",
        "NA：因发生事件的人数过少而未达到。",
    ),
    "limit_open": ("The limit is infinite or cannot be computed.", "该界限为无穷或无法计算。"),
    "days": ("days", "天"),
    "score": ("score on a scale", "评分"),
    "set": ("Analysis set: {label}.", "分析集：{label}。"),
    "missing": (
        "{arm}: {n} of {of} not analyzed ({reasons}).",
        "{arm}：{of} 人中 {n} 人未纳入分析({reasons})。",
    ),
    "counted": (
        "Where the outcome could not be seen: {rules}.",
        "无法观察到的结局：{rules}。",
    ),
    "median_time": (
        "Median time by the Kaplan-Meier method; participants without the event are censored at their last assessment.",
        "采用 Kaplan-Meier 法估计中位时间；未发生事件者于末次评估时删失。",
    ),
    "last_visit": (
        "The data are those at the last visit; the analyses take in every visit.",
        "数据为末次访视时的值；分析纳入所有访视。",
    ),
    "not_analyzed": (
        "The protocol declares no analysis of this endpoint.",
        "方案未规定对该终点的分析。",
    ),
    "other_set": (
        "Another set of participants than the data above: {label}; {counts}.",
        "所用受试者与上列数据不同：{label}；{counts}。",
    ),
    "analyzed_of": ("{arm}: {n} analyzed", "{arm}：{n} 人纳入分析"),
    "with_event_of": (
        "{arm}: {events} of {n} with the event",
        "{arm}：{n} 人中 {events} 人发生事件",
    ),
    "difference_of": ("{treatment} less {control}", "{treatment}减{control}"),
    "ratio_of": ("{treatment} over {control}", "{treatment}比{control}"),
    "points_of": (
        "{treatment} less {control}, in percentage points",
        "{treatment}减{control}，单位为百分点",
    ),
    "stratified": ("Stratified by {factors}.", "按{factors}分层。"),
    "adjusted": ("Adjusted for {factors}.", "按{factors}校正。"),
    "not_estimable": ("Not estimable: {reason}.", "无法估计：{reason}。"),
    "events_time": ("From the day of randomization{until}.", "自随机之日起{until}。"),
    "events_until": (" to {until}", "至{until}"),
    "on_day": ("{n} days {side} {anchor}", "{anchor}{side} {n} 天"),
    "one_day": ("1 day {side} {anchor}", "{anchor}{side} 1 天"),
    "before": ("before", "前"),
    "after": ("after", "后"),
    "events_described": (
        "Participants in the set: {label}. An event is graded by {grading}; events that began before randomization are not counted. "
        "Each participant counts once for a term, however often it occurred.",
        "受试者范围：{label}。事件按 {grading} 分级；随机前开始的事件不计入。同一术语每人计一次，不论发生几次。",
    ),
    "events_coded": (
        "{coded} of {counted} events were coded and stand under the dictionary's preferred term and class; the others stand under the protocol's terms.",
        "{counted} 例事件中 {coded} 例已编码，按词典首选术语和分类列出；其余按方案术语列出。",
    ),
    "events_words": (
        "Events in words of the reporter that are not coded stand together as one term, under General disorders: the words themselves are not published.",
        "以报告者原话记录且未编码的事件合并为一个术语，列于全身性疾病；原话不予公布。",
    ),
    "other_term": ("Other event, not coded", "其他事件(未编码)"),
    "deaths_note": (
        "Deaths from any cause, of all participants randomized.",
        "任何原因的死亡，以所有随机受试者为分母。",
    ),
    "rehearsal": (
        "Rehearsal with virtual participants: nothing here happened to a person.",
        "使用虚拟受试者的预演：此处内容均未发生在真人身上。",
    ),
    "training": (
        "Training: the participants are invented by people who learn.",
        "培训：受试者由学习人员虚构。",
    ),
    "dummy": (
        "Dummy groups: participants were dealt to groups at random. Nothing here tells of the allocation.",
        "虚拟分组：受试者被随机分配到各组，不反映真实分组。",
    ),
    "unfinished": (
        "At the data cut ({on}) {n} randomized participants were still on study.",
        "数据截止({on})时，{n} 名随机受试者仍在研究中。",
    ),
    "assumed": (
        "{n} decisions of the protocol are assumed and have not been confirmed.",
        "方案中有 {n} 项决定为假定，尚未确认。",
    ),
    # why people left, in the registry's words
    "participant_decision": ("Withdrawal by Subject", "受试者退出"),
    "lost_to_follow_up": ("Lost to Follow-up", "失访"),
    "adverse_event": ("Adverse Event", "不良事件"),
    "investigator_decision": ("Physician Decision", "医师决定"),
    "death": ("Death", "死亡"),
    "other": ("Other", "其他"),
    # what a comparison estimates, in the registry's words where it has them
    "risk_difference": ("Risk Difference (RD)", "率差"),
    "risk_ratio": ("Risk Ratio (RR)", "风险比"),
    "odds_ratio": ("Odds Ratio (OR)", "比值比"),
    "hazard_ratio": ("Hazard Ratio (HR)", "风险比(HR)"),
    "adjusted_hazard_ratio": ("Hazard Ratio (HR)", "风险比(HR)"),
    "mean_difference": ("Mean Difference (Final Values)", "均数差(终值)"),
    "mean_change": ("Mean Difference (Net)", "均数差(变化值)"),
    "location_shift": ("Hodges-Lehmann location shift", "Hodges-Lehmann 位移"),
}


def say(key: str, language: str, **values: object) -> str:
    """A phrase, its places filled. KeyError for an unknown one."""
    words = _WORDS[key][LANGUAGES.index(language)]
    return words.format(**values) if values else words


def known(key: str) -> bool:
    """Whether there is a phrase of this name."""
    return key in _WORDS


def listed(words: list[str], language: str) -> str:
    """Phrases one after the other."""
    return (", " if language == "en" else "，").join(words)
