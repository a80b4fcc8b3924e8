"""The words of the summary for participants: short sentences, no term of the trade where there is another."""

from __future__ import annotations

PLAIN_WORDS: dict[str, tuple[str, str]] = {
    "plain_kind": ("Summary of results for participants", "研究结果简介(受试者版)"),
    "plain_draft": (
        "Draft: made by rules from the data. A person must check it before it is given to anybody.",
        "草稿：由规则根据数据生成。发放前须由专人核对。",
    ),
    "plain_answer": ("Thank you to everybody who took part. This is what the study found.", "感谢所有参与者。以下是本研究的结果。"),
    "plain_check": ("To check: {text}", "待核对：{text}"),
    # sections
    "plain_tested": ("What was tested?", "研究了什么？"),
    "plain_who": ("Who took part?", "谁参加了研究？"),
    "plain_found": ("What did the study find?", "研究发现了什么？"),
    "plain_further": ("What else was measured?", "还测量了什么？"),
    "plain_harm": ("Which medical problems did people have?", "参与者出现了哪些健康问题？"),
    "plain_meaning": ("What does this mean, and what does it not mean?", "这意味着什么，不意味着什么？"),
    "plain_more": ("Where can I read more, and whom can I ask?", "在哪里了解更多，可以向谁咨询？"),
    "plain_to_do": ("To be checked before this is given out", "发放前的核对事项"),
    # tested
    "plain_groups": ("The groups were:", "分组如下："),
    "plain_by_chance": ("A computer decided by chance who came into which group.", "由计算机随机决定每个人进入哪一组。"),
    "plain_open": (
        "People and their doctors knew which group they were in.",
        "参与者和医生都知道分在哪一组。",
    ),
    "plain_masked": ("Until the end, these people did not know who was in which group: {who}.", "在研究结束前，下列人员不知道分组：{who}。"),
    # who
    "plain_people": ("{n} people took part, in {places}.", "共有 {n} 人参加，地点：{places}。"),
    "plain_dates": ("The first joined on {first}, the last on {last}.", "第一位于 {first} 加入，最后一位于 {last} 加入。"),
    "plain_age": ("On average they were {mean} years old; the youngest was {low}, the oldest {high}.", "平均年龄 {mean} 岁，最小 {low} 岁，最大 {high} 岁。"),
    "plain_level": ("{level}: {n} of {of}.", "{level}：{of} 人中 {n} 人。"),
    "plain_allocated": ("{arm}: {n} people.", "{arm}：{n} 人。"),
    "plain_left": ("{n} of the {of} people left the study early.", "{of} 人中有 {n} 人提前退出。"),
    "plain_none_left": ("Nobody left the study early.", "无人提前退出。"),
    "plain_withdrew": ("{n} more people took part and asked that their data not be used. They are counted here and nowhere else.", "另有 {n} 人参加后要求不使用其数据，仅在此计数。"),
    "plain_waiting": (
        "The study is not over: {n} people are still being followed. The results may change.",
        "研究尚未结束：仍有 {n} 人在随访中，结果可能变化。",
    ),
    # found
    "plain_question": ("The main question was about this: {label}. It was looked at over this time: {frame}.", "主要问题是：{label}。观察时间：{frame}。"),
    "plain_events_hundred": (
        "{arm}: it happened to {events} of {of} people. That is about {hundred} in every 100.",
        "{arm}：{of} 人中 {events} 人发生，约为每 100 人中 {hundred} 人。",
    ),
    "plain_events_few": ("{arm}: it happened to {events} of {of} people.", "{arm}：{of} 人中 {events} 人发生。"),
    "plain_mean": ("{arm}: on average {mean}{unit} ({n} people).", "{arm}：平均 {mean}{unit}({n} 人)。"),
    "plain_median": ("{arm}: for half of the people it was {median}{unit} or less ({n} people).", "{arm}：一半人为 {median}{unit}或以下({n} 人)。"),
    "plain_fewer": (
        "Compared with {control}, that is about {n} fewer in every 100 people with {treatment}.",
        "与{control}相比，{treatment}每 100 人中约少 {n} 人。",
    ),
    "plain_more_events": (
        "Compared with {control}, that is about {n} more in every 100 people with {treatment}.",
        "与{control}相比，{treatment}每 100 人中约多 {n} 人。",
    ),
    "plain_equal": (
        "Compared with {control}, that is about as many in every 100 people with {treatment}.",
        "与{control}相比，{treatment}每 100 人中人数大致相同。",
    ),
    "plain_lower": ("Compared with {control}, it was {n}{unit} lower on average with {treatment}.", "与{control}相比，{treatment}平均低 {n}{unit}。"),
    "plain_higher": ("Compared with {control}, it was {n}{unit} higher on average with {treatment}.", "与{control}相比，{treatment}平均高 {n}{unit}。"),
    "plain_same": ("Compared with {control}, it was about the same on average with {treatment}.", "与{control}相比，{treatment}平均大致相同。"),
    "plain_range": (
        "Chance plays a part in every study. With {level} percent confidence the true difference lies between {lower} and {upper}.",
        "任何研究都受偶然性影响。有 {level}% 的把握认为真实差别介于 {lower} 与 {upper} 之间。",
    ),
    "plain_fewer_of": ("{n} fewer in 100", "每 100 人少 {n} 人"),
    "plain_more_of": ("{n} more in 100", "每 100 人多 {n} 人"),
    "plain_none_of": ("no difference", "无差别"),
    "plain_lower_of": ("{n}{unit} lower", "低 {n}{unit}"),
    "plain_higher_of": ("{n}{unit} higher", "高 {n}{unit}"),
    "plain_uncertain": (
        "This range includes no difference at all. The study does not tell whether there is a difference between {treatment} and {control}.",
        "该范围包括“没有差别”。本研究不能判断{treatment}与{control}之间是否存在差别。",
    ),
    "plain_certain": (
        "This range does not include \"no difference\". A difference like this would seldom come about by chance alone; how large it really is stays uncertain.",
        "该范围不包括“没有差别”。这样的差别很少仅由偶然造成；但真实差别的大小仍不确定。",
    ),
    "plain_undefined": ("The difference between {treatment} and {control} cannot be worked out from these data.", "根据现有数据无法计算{treatment}与{control}之间的差别。"),
    "plain_open_question": (
        "From this the study cannot tell whether {treatment} and {control} differ.",
        "据此，本研究不能判断{treatment}与{control}是否有差别。",
    ),
    "plain_seldom_chance": (
        "Taken over all people, {treatment} and {control} differed by more than chance alone often brings about; how large the difference really is stays uncertain.",
        "就全部受试者而言，{treatment}与{control}的差别大于偶然通常所致；但真实差别的大小仍不确定。",
    ),
    "plain_last_visit": ("The numbers above are those at the last visit; what follows takes in every visit.", "以上为末次访视时的数值；以下比较纳入所有访视。"),
    "plain_adjusted": ("The next numbers allow for differences between the groups that were there at the start.", "以下数值已考虑两组在开始时的差别。"),
    "of_people": ("{n} of {of}", "{of} 人中 {n} 人"),
    "of_hundred": (" (about {n} in 100)", "(约每 100 人 {n} 人)"),
    "masked_participant": ("participants", "受试者"),
    "masked_care_provider": ("those who treat them", "治疗人员"),
    "masked_investigator": ("the doctors of the study", "研究医生"),
    "masked_outcomes_assessor": ("those who judge the outcome", "结局评估者"),
    "plain_no_primary": ("The protocol names no main question for analysis.", "方案未规定主要分析。"),
    "plain_not_seen": ("For {n} of the {of} people it is not known; they are not counted here.", "{of} 人中有 {n} 人情况不明，未计入。"),
    "plain_further_lead": (
        "These were further questions. The more questions are asked, the more often one seems answered by chance alone.",
        "以下为其他问题。问题越多，越容易有某一项仅因偶然而显得有结果。",
    ),
    # harm
    "plain_harm_lead": (
        "Every medical problem from the start of treatment on was written down, whatever its cause. So not all of these come from what was tested.",
        "治疗开始后的所有健康问题均予记录，不论原因。因此并非都由所研究的治疗引起。",
    ),
    "plain_any": ("At least one medical problem:", "至少出现一种健康问题："),
    "plain_serious": ("At least one serious medical problem (for instance one that led to a stay in hospital):", "至少出现一种严重的健康问题(例如导致住院)："),
    "plain_related": ("At least one problem that doctors thought might come from what was tested:", "至少出现一种医生认为可能与所研究治疗有关的问题："),
    "plain_count": ("{arm}: {n} of {of} people", "{arm}：{of} 人中 {n} 人"),
    "plain_count_hundred": ("{arm}: {n} of {of} people, about {hundred} in 100", "{arm}：{of} 人中 {n} 人，约每 100 人 {hundred} 人"),
    "plain_common": ("The most common problems were:", "最常见的问题："),
    "plain_common_columns": ("Problem", "问题"),
    "plain_deaths": ("{n} of {of} people died during the study, of whatever cause ({arms}).", "研究期间 {of} 人中有 {n} 人死亡，原因不限({arms})。"),
    "plain_no_deaths": ("Nobody died during the study.", "研究期间无人死亡。"),
    "plain_no_events": ("No medical problem was reported.", "未报告健康问题。"),
    # meaning
    "plain_one_study": (
        "This is the result of one study. Other studies may find something else. It does not say what is best for one person.",
        "这只是一项研究的结果，其他研究可能有不同发现，也不能说明对某一个人什么最好。",
    ),
    "plain_no_change": (
        "Please change nothing in your treatment because of this text. Talk to your doctor.",
        "请不要因本文改变您的治疗，有疑问请咨询医生。",
    ),
    "plain_open_meaning": (
        "Because everybody knew the groups, hopes and expectations may have had a part in how things were judged.",
        "由于分组公开，期望可能影响了对结果的判断。",
    ),
    "plain_subjective": ("The main outcome is judged by people, not measured by a device; that leaves room for such an influence.", "主要结局由人判断而非仪器测量，更易受此影响。"),
    "plain_rare": (
        "{n} people had what was tested. A side effect that happens to fewer than about 1 in {rare} people may not have been seen.",
        "{n} 人接受了所研究的治疗。发生率低于约每 {rare} 人 1 例的副作用可能未被发现。",
    ),
    "plain_assumed": ("Some rules of this study were assumed and have not been confirmed by the study team.", "本研究的部分规定为假定，尚未经研究团队确认。"),
    # more
    "plain_numbers": ("The study's numbers: {numbers}.", "研究编号：{numbers}。"),
    "plain_sponsor": ("The study was run by {sponsor}.", "研究由{sponsor}实施。"),
    "plain_contact": ("Questions: {contact}.", "咨询：{contact}。"),
    # to check
    "check_plain": ("Say disease, groups and main outcome in words that participants use; the names above are those of the protocol.", "用参与者的语言说明疾病、分组和主要结局；以上为方案用语。"),
    "check_better": ("Say whether more or less of the outcome is better for people. The rules do not know.", "说明结局多些好还是少些好，规则无法判断。"),
    "check_meaning": ("What the result means for patients today, and what is studied next.", "结果对当前患者的意义，以及下一步研究。"),
    "check_contact": ("Whom participants can reach, with telephone and e-mail.", "参与者可联系的人员及其电话和邮箱。"),
    "check_small": ("Whether somebody could be recognized from small numbers above.", "以上小数目是否可能使某人被识别。"),
    "check_serious": ("Which serious problems should be told of, and in which words.", "哪些严重问题需要说明，以及如何表述。"),
    "check_unfinished": ("Whether results may be told at all before the study is over.", "研究结束前是否可以告知结果。"),
}  # fmt: skip
