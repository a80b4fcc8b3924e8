"""The words of safety tables and narratives."""

from __future__ import annotations

SAFETY_WORDS: dict[str, tuple[str, str]] = {
    # exposure
    "days_on_treatment": ("Days from first to last dose, median (Q1 to Q3)", "首次至末次用药天数，中位数(Q1 至 Q3)"),
    "share_of_planned": ("Share taken of planned, median (Q1 to Q3)", "实际占计划用药比例，中位数(Q1 至 Q3)"),
    "unjudged_note": ("–: in a group without a study product there is nothing to judge a relation to.", "–：该组无研究产品，不作相关性判断。"),
    "doses_planned": ("Doses planned", "计划次数"),
    "exposure_note": (
        "Planned: the regimen's doses up to the data cut, whether or not a participant stopped. Recorded: those that somebody entered.",
        "计划次数：截至数据截止按给药方案应用的次数，不论受试者是否停药。记录次数：已录入的次数。",
    ),
    # relatedness
    "related_title": ("Adverse events by relatedness to the study product", "按与研究产品相关性汇总的不良事件"),
    "related_any": ("At least possibly related", "可能有关及以上"),
    "related_severe": ("Related, grade ≥3", "有关且≥3 级"),
    "related_serious": ("Related, serious", "有关且严重"),
    "judged_as": ("Participants by their most closely related event", "按每人相关性最高的事件"),
    "not_judged": ("not judged", "未判断"),
    "related_note": (
        "Participants with at least one event; related: judged by the investigator as possible, probable or definite for any product.",
        "至少发生一次事件的受试者数；有关：研究者判断与任一产品可能、很可能或肯定有关。",
    ),
    # rates
    "rates_title": ("Exposure-adjusted incidence of adverse events", "按观察时间校正的不良事件发生率"),
    "participant_weeks": ("Participant-weeks", "人周"),
    "rate_per_100": ("Per 100 participant-weeks (95% CI)", "每 100 人周(95% CI)"),
    "rates_note": (
        "Participants with a first event over their time at risk of it: from randomization to the first event, else to the end of observation. Exact Poisson intervals.",
        "首次发生事件的受试者数除以风险时间：自随机至首次事件，未发生者至观察结束。泊松分布精确区间。",
    ),
    # laboratory
    "shifts_title": ("Laboratory values: from baseline to the worst value after it", "实验室检查：基线至其后最差值的变化"),
    "worst_after": ("worst after baseline", "基线后最差"),
    "level_low": ("Low", "低"),
    "level_normal": ("Normal", "正常"),
    "level_high": ("High", "高"),
    "level_both": ("Low and high", "低且高"),
    "level_none": ("No value", "无值"),
    "level_unknown": ("No value or range", "无值或无范围"),
    "baseline_level": ("At baseline", "基线水平"),
    "shifts_note": (
        "Participants. Low and high are told by the range of the site's own laboratory on the day, for the sex where it has one. Baseline is the last value up to the day of randomization.",
        "受试者数。高低按各中心实验室当日的参考范围(分性别者按性别)判断。基线为随机当日及以前的末次值。",
    ),
    "grades_title": ("Laboratory values by CTCAE v5.0 grade: from baseline to the worst grade after it", "实验室检查按 CTCAE v5.0 分级：基线至其后最高级别的变化"),
    "grades_note": (
        "Participants by grade (G0: within the limits of grade 1). Only what a value decides is graded, by the limits of normal of the site's own laboratory on the day, by absolute limits, and by multiples of baseline where CTCAE says so. Baseline is the last value up to the day of randomization.",
        "按级别列出受试者数(0 级：未达 1 级)。仅依据检验值分级：各中心实验室当日的正常值限、绝对界值，以及 CTCAE 规定时的基线倍数。基线为随机当日及以前的末次值。",
    ),
    # narratives
    "narratives_title": ("Narratives of serious adverse events (drafts)", "严重不良事件叙述(草稿)"),
    "serious_event": ("Serious event", "严重事件"),
    "narrative": ("Draft, made from the data", "由数据生成的草稿"),
    "narratives_note": (
        "Drafts: each sentence is made from captured fields and nothing else. To be checked and completed by the investigator before use.",
        "草稿：每句仅由已采集的字段生成。使用前须由研究者核对并补充。",
    ),
    "n_person": ("Participant {participant}{site}{who}, group {arm}, was randomized on {day}.", "受试者 {participant}{site}{who}，{arm}组，于 {day} 随机。"),
    "n_site": (" ({site})", "（{site}）"),
    "n_who": (", {sex}, {age} years", "，{sex}，{age} 岁"),
    "n_who_sex": (", {sex}", "，{sex}"),
    "n_who_age": (", {age} years", "，{age} 岁"),
    "n_doses": (
        "{product}: {taken} of {recorded} recorded doses had been taken by then, from {first} to {last}.",
        "{product}：此前记录的 {recorded} 次中用药 {taken} 次，自 {first} 至 {last}。",
    ),
    "n_no_dose": ("{product}: none of {recorded} recorded doses had been taken by then.", "{product}：此前记录的 {recorded} 次均未用药。"),
    "n_event": ("On {day}, day {number} counted from randomization as day 1, {term} began; worst grade {grade}{scale}.", "{day}(以随机日为第 1 天计第 {number} 天)开始发生{term}，最高 {grade} 级{scale}。"),
    "n_event_before": ("On {day}, {number} days before randomization, {term} began; worst grade {grade}{scale}.", "{day}(随机前 {number} 天)开始发生{term}，最高 {grade} 级{scale}。"),
    "n_scale": (" ({scale})", "（{scale}）"),
    "n_serious": ("Seriousness: {criteria}.", "符合严重标准：{criteria}。"),
    "n_alongside": ("Under way at that time: {events}.", "当时同时存在：{events}。"),
    "n_alone": ("No other adverse event was under way at that time.", "当时无其他不良事件。"),
    "n_other": ("{term} (grade {grade}, since {day})", "{term}({grade} 级，自 {day})"),
    "n_cause": ("Relation to {product}, as judged: {answer}.", "与{product}的关系判断：{answer}。"),
    "n_not_judged": ("Relation to a study product was not judged.", "未判断与研究产品的关系。"),
    "n_action": ("Action taken: {action}.", "采取措施：{action}。"),
    "n_outcome_ended": ("Outcome: {outcome}; it ended on {day} (duration {days} d).", "转归：{outcome}；于 {day} 结束，共 {days} 天。"),
    "n_outcome_open": ("Outcome: {outcome}; no end is recorded at the data cut.", "转归：{outcome}；数据截止时未记录结束日期。"),
    "n_left_treatment": ("The participant stopped treatment on {day}.", "受试者于 {day} 停止治疗。"),
    "n_left_follow_up": ("The participant left follow-up on {day}.", "受试者于 {day} 退出随访。"),
    "n_died": ("The participant died on {day}.", "受试者于 {day} 死亡。"),
    "action_none": ("none", "无"),
    "action_interrupted": ("study treatment interrupted", "暂停研究治疗"),
    "action_stopped": ("study treatment stopped", "停用研究治疗"),
    "action_dose_reduced": ("dose reduced", "减量"),
    "action_not_applicable": ("not applicable", "不适用"),
}  # fmt: skip
