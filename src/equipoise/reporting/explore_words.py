"""The words of what is shown of simulations: replicates that are picked and opened, scans and grids."""

from __future__ import annotations

EXPLORE_WORDS: dict[str, tuple[str, str]] = {
    "replicates": ("Replicates of the trial", "试验的模拟重复"),
    "replicates_desc": (
        "{count} replicates, a dot each, from {low} to {high}; {early} of them stopped early (filled).",
        "共 {count} 次重复，每点一次，自 {low} 至 {high}；其中 {early} 次提前终止(实心点)。",
    ),
    "replicates_lead": (
        "{count} trials simulated {scenario}, with seed {seed}. In {rejects} of them the first analysis crosses its "
        "boundary; {early} stopped early.",
        "情形“{scenario}”，共模拟 {count} 次，种子 {seed}。其中 {rejects} 次首个分析越过界值，{early} 次提前终止。",
    ),
    "scenario_assumed": ("as assumed", "按原假定"),
    "scenario_null": ("without effect", "无疗效"),
    "scenario_biased_null": (
        "without effect, but with a grader who knows the arm",
        "无疗效且评估者知晓分组",
    ),
    "replicate": ("Replicate", "重复"),
    "pick_why": ("Picked as", "入选原因"),
    "pick_median": ("the median estimate", "估计值居中"),
    "pick_lowest": ("the lowest estimate", "估计值最低"),
    "pick_highest": ("the highest estimate", "估计值最高"),
    "pick_stopped": ("stopped early", "提前终止"),
    "pick_imbalance": ("the worst imbalance", "组间最不均衡"),
    "pick_longest": ("the longest", "历时最长"),
    "pick_estimate": ("Estimate (interval)", "估计值(区间)"),
    "pick_p": ("p", "P 值"),
    "pick_arms": ("By arm", "各组人数"),
    "pick_months": ("Months", "月数"),
    "pick_open": ("Open as a trial", "作为试验打开"),
    "pick_any": ("Any other replicate of this seed", "该种子的其他任一重复"),
    "pick_playing": (
        "Virtual participants play replicate {replicate} out, day by day. This page asks again every two seconds.",
        "虚拟受试者正在逐日演出第 {replicate} 次重复。本页每两秒刷新一次。",
    ),
    "pick_failed": (
        "Replicate {replicate} could not be opened.",
        "第 {replicate} 次重复未能打开。",
    ),
    "pick_ready": (
        "Replicate {replicate} is a trial now, with all its entries. Sign in with one of these.",
        "第 {replicate} 次重复现已成为完整试验，含全部记录。可用下列账户登录。",
    ),
    "pick_sign_ins": ("Sign-ins", "账户"),
    "pick_go": ("To the trial", "进入试验"),
    "pick_back": ("To the replicates", "返回全部重复"),
    "pick_two_roads": ("The same replicate on both roads", "同一重复的两条途径"),
    "pick_simulated": ("Simulated", "模拟"),
    "pick_played": ("Analyzed from the trial's entries", "由试验记录分析"),
    "pick_equal": ("equal in every digit", "各位数字全同"),
    "pick_differs": ("DIFFERENT", "不同"),
    "pick_agree": ("Agreement", "一致性"),
    "pick_analysis": ("Analysis", "分析"),
    "pick_dots": (
        "Filled: stopped early. Estimate of {analysis}.",
        "实心：提前终止。分析：{analysis}。",
    ),
    "grid": ("How often the design rejects", "拒绝无效假设的概率"),
    "grid_desc": (
        "{analysis}: {count} simulated settings, from {low} to {high}.",
        "{analysis}：共 {count} 种设定，概率 {low} 至 {high}。",
    ),
    "grid_foot": (
        "{analysis}; bars: 1.96 Monte Carlo errors",
        "{analysis}；误差线为 1.96 倍蒙特卡罗误差",
    ),
}
