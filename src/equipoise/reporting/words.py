"""The words of tables, figures and reports, in English and Simplified Chinese."""

from __future__ import annotations

from equipoise.quantity.text import LANGUAGES, Text

_WORDS: dict[str, tuple[str, str]] = {
    # document
    "study_report": ("Study report", "研究报告"),
    "training": ("Training: the participants are invented by people who learn.", "培训：受试者由学习人员虚构。"),
    "rehearsal": ("Rehearsal with virtual participants: no person took part.", "使用虚拟受试者的演练：没有真实人员参加。"),
    "dummy_arms": ("Dummy arms: participants were dealt to arms at random for this view. Nothing here tells of the allocation.",
                   "虚拟分组：此视图中的受试者被随机分配到各组，不反映真实分组。"),
    "data_cut": ("Data cut", "数据截止"),
    "cut_line": ("Data cut at ledger position {seq}, {on}; ledger root {code}", "数据截止：账本位置 {seq}，{on}；账本根 {code}"),
    "protocol_version": ("Protocol version", "方案版本"),
    "ledger_root": ("Ledger root", "账本根"),
    "ledger_position": ("Ledger position", "账本位置"),
    "cut_day": ("Day of the cut", "截止日期"),
    "contents": ("Contents", "目录"),
    "other_language": ("中文", "English"),
    "data_table": ("Data of the figure", "图中数据"),
    "assumed_title": ("Assumptions awaiting confirmation", "待确认的假定"),
    "assumed_lead": ("These decisions of the protocol are assumed; nobody with authority has confirmed them yet.",
                     "方案中的以下决定为假定，尚未经有权人员确认。"),
    "finding": ("Finding", "发现"),
    "decision": ("Decision", "决定"),
    # flow
    "flow": ("Participant flow", "受试者流程"),
    "flow_desc": ("From {screened} screened to {randomized} randomized and {analyzed} analyzed.",
                  "筛选 {screened} 例，随机 {randomized} 例，纳入分析 {analyzed} 例。"),
    "assessed": ("Assessed for eligibility", "筛选"),
    "not_randomized": ("Not randomized", "未随机"),
    "not_eligible": ("Not eligible", "不符合入排标准"),
    "of_these": ("{count} persons were not eligible; one person may fail several criteria.", "共 {count} 人不符合入排标准，一人可有多项。"),
    "consent_refused": ("Declined to consent", "拒绝知情同意"),
    "other_reason": ("Other reason", "其他原因"),
    "withdrawn_before": ("Withdrew before randomization", "随机前退出"),
    "in_screening": ("Still in screening", "仍在筛选"),
    "data_use_withdrawn": ("Use of data withdrawn", "撤回数据使用"),
    "data_use_counted": ("Use of data withdrawn (counted only)", "撤回数据使用(仅计数)"),
    "rescreened": ("Rescreened", "重新筛选"),
    "randomized": ("Randomized", "随机"),
    "allocated": ("Allocated to {arm}", "分配至{arm}"),
    "allocated_short": ("Allocated", "分配"),
    "received": ("Received at least one dose", "至少用药一次"),
    "not_received": ("Received no dose", "未用药"),
    "no_product": ("No study product in this group", "该组无研究产品"),
    "left_treatment": ("Stopped treatment, followed on", "停止治疗，继续随访"),
    "left_follow_up": ("Left follow-up", "退出随访"),
    "completed": ("Completed", "完成研究"),
    "on_study": ("On study", "研究中"),
    "analyzed": ("Analyzed for the primary endpoint", "纳入主要终点分析"),
    "analyzed_short": ("Analyzed", "纳入分析"),
    "not_analyzed": ("Not analyzed", "未纳入分析"),
    "stage": ("Stage", "阶段"),
    "criterion": ("Criterion", "标准"),
    "criteria_title": ("Criteria not met", "不符合的标准"),
    "more_criteria": ("{count} further criteria", "另有 {count} 项标准"),
    # reasons
    "participant_decision": ("participant's decision", "受试者决定"),
    "adverse_event": ("adverse event", "不良事件"),
    "investigator_decision": ("investigator's decision", "研究者决定"),
    "lost_to_follow_up": ("lost to follow-up", "失访"),
    "death": ("death", "死亡"),
    "other": ("other", "其他"),
    "no_anchor": ("start of the window unknown", "观察窗起点未知"),
    "window_open": ("window not yet over at the cut", "截止时观察窗尚未结束"),
    "no_assessment": ("not assessed", "未评估"),
    "left_early": ("left without the event", "未发生事件即退出"),
    "never_assessed": ("never assessed in the window", "观察窗内从未评估"),
    "left_without_event": ("died or left before the window's end without the event", "观察窗结束前未发生事件即死亡或退出"),
    "counted_no_event": ("counted as no event", "按未发生计"),
    "counted_event": ("counted as an event", "按发生计"),
    "counted_missing": ("counted as missing", "按缺失计"),
    "handling": ("Of what could not be seen: {rules}.", "无法观察到的结局：{rules}。"),
    "no_baseline": ("no baseline value", "无基线值"),
    # tables
    "all": ("All", "合计"),
    "characteristic": ("Characteristic", "特征"),
    "baseline": ("Baseline characteristics", "基线特征"),
    "baseline_note": ("n (%) of participants with a value; mean (SD); median (Q1 to Q3). Percentages may not add up to 100 because of rounding.",
                      "以有值者为分母的 n(%)；均数(标准差)；中位数(Q1 至 Q3)。因四舍五入，百分比之和可能不为 100%。"),
    "baseline_constant": ("The same in all participants: {items}.", "所有受试者相同：{items}。"),
    "mean_sd": ("mean (SD)", "均数(标准差)"),
    "median_quartiles": ("median (Q1 to Q3)", "中位数(Q1 至 Q3)"),
    "range": ("minimum to maximum", "最小值至最大值"),
    "missing": ("missing", "缺失"),
    "analyses": ("Declared analyses", "方案规定的分析"),
    "analysis": ("Analysis", "分析"),
    "endpoint": ("Endpoint", "终点"),
    "effect": ("Effect", "效应"),
    "interval": ("{level}% interval", "{level}% 区间"),
    "interval_ci": ("{level}% CI", "{level}% CI"),
    "p_value": ("p", "p 值"),
    "group": ("Group", "组别"),
    "events": ("Events", "事件数"),
    "proportion": ("Proportion", "比例"),
    "primary_result": ("Primary result", "主要结果"),
    "results_by_endpoint": ("Results by analysis", "各项分析结果"),
    "population": ("Analysis set: {label}.", "分析集：{label}。"),
    "time_frame": ("Time frame: {text}.", "时间范围：{text}。"),
    "stratified": ("Stratified by {factors}; {used} strata used.", "分层因素：{factors}；使用 {used} 层。"),
    "stratified_empty": ("Strata with participants of one group only, without weight: {empty}.", "仅有一组的 {empty} 层不提供信息，权重为零。"),
    "undefined": ("Not estimable: {reason}.", "无法估计：{reason}。"),
    "not_estimable": ("not estimable", "无法估计"),
    "not_reached": ("not reached", "未达到"),
    "against": ("{treatment} against {control}", "{treatment} 对 {control}"),
    "risk_difference": ("Risk difference (percentage points)", "率差(百分点)"),
    "odds_ratio": ("Common odds ratio", "共同比值比"),
    "risk_ratio": ("Common risk ratio", "共同风险比"),
    "hazard_ratio": ("Hazard ratio (one-step)", "风险比(一步法)"),
    "mean_difference": ("Difference in means", "均数差"),
    "adjusted_mean_difference": ("Adjusted difference in means", "校正均数差"),
    "location_shift": ("Hodges–Lehmann shift", "Hodges–Lehmann 位移"),
    "none": ("Curves by group", "各组曲线"),
    "risk_difference_mn": ("Miettinen–Nurminen score interval", "Miettinen–Nurminen 得分区间"),
    "cmh": ("Cochran–Mantel–Haenszel", "Cochran–Mantel–Haenszel"),
    "kaplan_meier": ("Kaplan–Meier", "Kaplan–Meier"),
    "log_rank": ("Log-rank", "Log-rank 检验"),
    "mean_difference_welch": ("Welch's t", "Welch t 检验"),
    "linear_model": ("Linear model", "线性模型"),
    "wilcoxon": ("Wilcoxon rank sum", "Wilcoxon 秩和检验"),
    "role_primary": ("primary", "主要"),
    "role_secondary": ("secondary", "次要"),
    "role_sensitivity": ("sensitivity", "敏感性"),
    "role_exploratory": ("exploratory", "探索性"),
    # survival
    "curves": ("Share without the event over time", "随时间未发生事件的比例"),
    "curves_desc": ("Kaplan–Meier curves by group with pointwise {level}% limits. {medians}",
                    "各组 Kaplan–Meier 曲线及逐点 {level}% 置信限。{medians}"),
    "median_of": ("{arm}: median {median}.", "{arm}：中位数 {median}。"),
    "without_event": ("Without the event", "未发生事件"),
    "day": ("Day", "天"),
    "days_from": ("Days from the origin", "自起点的天数"),
    "at_risk": ("At risk", "风险人数"),
    "censored": ("Censored", "删失"),
    "median_days": ("Median, days", "中位数(天)"),
    "curve_table": ("Kaplan–Meier estimates", "Kaplan–Meier 估计"),
    "events_of": ("{arm}: {events} of {total} with the event", "{arm}：{total} 例中 {events} 例发生事件"),
    "log_rank_p": ("log-rank p {p}", "log-rank p {p}"),
    # effects figure
    "effects": ("Risk differences", "率差"),
    "effects_desc": ("{label}: {estimate} percentage points ({interval}).", "{label}：{estimate} 个百分点({interval})。"),
    "fewer_with": ("fewer events with {arm}", "{arm}事件较少"),
    "more_with": ("more events with {arm}", "{arm}事件较多"),
    # safety
    "exposure": ("Exposure", "暴露"),
    "with_record": ("With a dose record", "有用药记录者"),
    "doses_recorded": ("Doses recorded", "记录次数"),
    "doses_taken": ("Doses taken", "实际用药次数"),
    "share_taken": ("Share taken by participant, median (Q1 to Q3)", "个人用药比例，中位数(Q1 至 Q3)"),
    "adverse_events": ("Adverse events by term and worst grade", "按术语和最高级别汇总的不良事件"),
    "adverse_note": ("Participants with at least one event, each counted once a row at the worst grade (G1 to G5, {grading}). Events that started on or after randomization.",
                     "至少发生一次事件的受试者数，每行每人按最高级别({grading})计一次；仅计随机当日及以后开始的事件。"),
    "adverse_coded": ("{coded} of {counted} events are coded and stand by class and preferred term; the others stand under the protocol's terms.",
                      "{counted} 例事件中 {coded} 例已编码，按系统器官分类和首选术语列出；其余按方案术语列出。"),
    "adverse_before": ("{count} events that started before randomization are not counted.", "随机前开始的 {count} 例事件未计入。"),
    "term": ("Term", "术语"),
    "any_grade": ("Any grade", "任何级别"),
    "grade_3_up": ("Grade ≥3", "≥3 级"),
    "grade_of": ("G{grade}", "{grade} 级"),
    "role": ("Role", "性质"),
    "method": ("Method", "方法"),
    "estimate": ("Estimate", "估计值"),
    "grade": ("Grade", "级别"),
    "serious": ("Serious", "严重"),
    "serious_events": ("Serious adverse events", "严重不良事件"),
    "none_reported": ("None reported.", "无报告。"),
    "participant": ("Participant", "受试者"),
    "arm": ("Group", "组别"),
    "started": ("Started", "开始"),
    "ended": ("Ended", "结束"),
    "seriousness": ("Seriousness", "严重性标准"),
    "causality": ("Causality", "因果关系"),
    "outcome": ("Outcome", "转归"),
    "life_threatening": ("life-threatening", "危及生命"),
    "hospitalization": ("hospitalization", "住院"),
    "disability": ("disability", "残疾"),
    "congenital_anomaly": ("congenital anomaly", "先天异常"),
    "important_medical_event": ("important medical event", "重要医学事件"),
    "not_related": ("not related", "无关"),
    "unlikely": ("unlikely", "可能无关"),
    "possible": ("possible", "可能有关"),
    "probable": ("probable", "很可能有关"),
    "definite": ("definite", "肯定有关"),
    "recovered": ("recovered", "痊愈"),
    "recovering": ("recovering", "好转"),
    "not_recovered": ("not recovered", "未好转"),
    "sequelae": ("sequelae", "有后遗症"),
    "fatal": ("fatal", "死亡"),
    "unknown": ("unknown", "未知"),
    # primary sentence
    "primary_sentence": ("{label}: {events_1} of {total_1} ({share_1}) with {treatment} and {events_2} of {total_2} ({share_2}) with {control}, a difference of {difference} percentage points ({level}% CI {interval}; p {p}).",
                         "{label}：{treatment} {total_1} 例中 {events_1} 例({share_1})，{control} {total_2} 例中 {events_2} 例({share_2})，差值 {difference} 个百分点({level}% CI {interval}；p {p})。"),
    "primary_plain": ("{label}. {measure} {estimate} ({level}% CI {interval}; p {p}).", "{label}。{measure} {estimate}({level}% CI {interval}；p {p})。"),
    "primary_none": ("The primary endpoint cannot be estimated yet: {reason}.", "主要终点尚无法估计：{reason}。"),
    "no_primary": ("The protocol declares no primary analysis.", "方案未规定主要分析。"),
}  # fmt: skip

_REASONS: dict[str, str] = {
    "an arm has nobody with an outcome yet": "有一组尚无已得出结局的受试者",
    "an arm has one participant only": "有一组仅一名受试者",
    "an arm has no events": "有一组没有事件",
    "an arm has no events, or only events": "有一组没有事件或全部发生事件",
    "no participants": "没有受试者",
    "no events": "没有事件",
    "no events in either arm": "两组均无事件",
    "no stratum has participants in both arms": "没有一层同时有两组受试者",
    "every stratum has events in all of its participants or in none": "每层要么全部发生事件，要么全无",
    "fewer than two groups were at risk": "处于风险中的组少于两个",
    "the groups were never at risk together": "各组从未同时处于风险中",
    "the values do not vary": "数值没有变异",
    "all values are equal": "所有数值相同",
    "the common odds ratio is 0/0": "共同比值比为 0/0",
    "the data do not tell this effect from the others": "数据无法区分该效应与其他效应",
    "no residual degrees of freedom": "没有剩余自由度",
    "the method needs a yes-or-no endpoint": "该方法需要二分类终点",
    "the method needs a time-to-event endpoint": "该方法需要时间终点",
    "the method needs a numeric endpoint": "该方法需要数值终点",
}


def say(key: str, language: str, **values: object) -> str:
    """A phrase in a language, its places filled. KeyError for an unknown phrase."""
    words = _WORDS[key][_index(language)]
    return words.format(**values) if values else words


def known_or(key: str, language: str) -> str:
    """The phrase of a category, or the category itself where there are no words for it."""
    return say(key, language) if key in _WORDS else key.replace("_", " ")


def method_name(method: str, language: str) -> str:
    """A declared method as a reader knows it: `risk_difference_mn` is the Miettinen–Nurminen interval."""
    return known_or(method, language)


def reason_in(reason: str, language: str) -> str:
    """A method's reason in a language."""
    return reason if _index(language) == 0 else _REASONS.get(reason, reason)


def after(first: str, second: str, language: str) -> str:
    """Two phrases joined by a colon of the language."""
    return f"{first}: {second}" if _index(language) == 0 else f"{first}：{second}"


def text_of(text: Text, language: str) -> str:
    """A protocol's text in a language, English where it has not been translated."""
    return text.in_language(language)


def _index(language: str) -> int:
    return LANGUAGES.index(language)
