"""Central monitoring in words and figures: what a statistic asks, its values, and the funnel of a rate."""

from __future__ import annotations

from equipoise.analysis.central import LEVEL, SiteValue, Statistic, funnel_limits
from equipoise.protocol.document import Protocol
from equipoise.quantity.text import Text

from .figures.svg import ACCENT, INK, SOFT, frame, label, rule, short

_RATES: dict[str, tuple[str, str, float]] = {
    "adverse_events": ("Adverse events in 100 participant days", "每 100 受试者日的不良事件", 100),
    "serious_events": ("Serious adverse events in 1,000 participant days", "每 1000 受试者日的严重不良事件", 1000),
    "deviations": ("Protocol deviations in 100 participant days", "每 100 受试者日的方案偏离", 100),
    "queries": ("Queries in 100 values", "每 100 个数值的质疑", 100),
    "corrections": ("Forms saved again, in 100 forms", "每 100 份表单的再次保存", 100),
    "missed_visits": ("Visits missed, of 100", "每 100 次访视的缺失", 100),
    "empty_items": ("Items left empty, of 100", "每 100 个数据项的空缺", 100),
    "off_window_visits": ("Visits outside their window, of 100", "每 100 次访视的超窗", 100),
    "on_target_visits": ("Visits exactly on their target day, of 100", "每 100 次恰在计划日的访视", 100),
    "weekend_visits": ("Visits on a Saturday or Sunday, of 100", "每 100 次在周末的访视", 100),
}  # fmt: skip
"""Words of a rate, and the number of units of exposure it is shown for."""
_LEVELS = {
    "entry_lag": ("Days from a form's day to its entry", "从表单日期到录入的天数"),
    "visit_deviation": ("Days between visits and their targets", "访视与计划日的相差天数"),
}
_KINDS = {
    "spread": ("Spread between participants: {item}", "受试者间离散程度：{item}"),
    "variation": ("Variation within participants: {item}", "受试者内变异：{item}"),
    "digits": ("Last digits: {item}", "末位数字：{item}"),
    "heaping": ("Last digit 0 or 5: {item}", "末位为 0 或 5：{item}"),
    "weekday": ("Weekdays of randomization", "随机的星期分布"),
    "copies": ("Pairs of participants with the same numbers: {item}", "数值完全相同的受试者对：{item}"),
}  # fmt: skip
_VALUES = {
    "rate": ("rate", "率"),
    "level": ("median", "中位数"),
    "variation": ("median SD", "标准差中位数"),
    "spread": ("SD", "标准差"),
    "digits": ("share of the site's commonest", "该中心最常见类别的占比"),
    "weekday": ("share of the site's commonest", "该中心最常见类别的占比"),
    "heaping": ("share", "占比"),
    "copies": ("share of pairs", "受试者对占比"),
}
_FUNNEL = {
    "exposure": ("Exposure", "暴露量"),
    "description": (
        "Each dot is a site: {sites}. The line is the rate of all sites together, the funnel where 95% and "
        "99.8% of sites would lie if none differed{wide}.",
        "每个点为一个中心：{sites}。横线为所有中心的总率，漏斗为各中心无差异时 95% 与 99.8% 的范围{wide}。",
    ),
    "wide": (
        ", widened for an over-dispersion of {phi}",
        "，已按过度离散 {phi} 放宽",
    ),
}


def _said(pair: tuple[str, str], language: str) -> str:
    return Text({"en": pair[0], "zh-Hans": pair[1]}).in_language(language)


def statistic_words(kind: str, subject: str, protocol: Protocol, language: str) -> str:
    """What a statistic asks; an unknown one by its id, so that an old signal can still be read."""
    if kind == "rate" and subject in _RATES:
        return _said(_RATES[subject][:2], language)
    if kind == "level" and subject in _LEVELS:
        return _said(_LEVELS[subject], language)
    if kind not in _KINDS:
        return f"{kind}.{subject}"
    item, form = protocol.item_by_id.get(subject), protocol.form_by_id.get(subject)
    name = item.label if item else form.title if form else None
    words = name.in_language(language) if name else subject
    return _said(_KINDS[kind], language).format(item=words)


def value_kind_words(kind: str, language: str) -> str:
    """What the values of a kind of statistic are."""
    return _said(_VALUES[kind], language)


def shown_value(statistic: Statistic, value: float) -> str:
    """A site's value as it is shown: a rate for its units of exposure, a share in percent, else as it is."""
    if statistic.kind == "rate":
        return f"{value * _RATES[statistic.subject][2]:.2f}"
    if statistic.kind in ("digits", "weekday", "heaping", "copies"):
        return f"{100 * value:.1f}%"
    return f"{value:.3g}"


def shown_p(p: float) -> str:
    """A p-value with three decimals, or below 0.001."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 350.0, 230.0, 44.0, 326.0, 14.0, 190.0
_STEPS = 60
_BANDS = ((0.998, "4 3"), (0.95, "none"))


def funnel_figure(statistic: Statistic, protocol: Protocol, language: str) -> str:
    """The funnel plot of a rate (Spiegelhalter, 2005) as SVG: sites over their exposure, with limits."""
    scale = _RATES[statistic.subject][2]
    events = sum(one.observed for one in statistic.sites)
    exposures = [one.exposure for one in statistic.sites]
    rate = events / sum(exposures)
    phi = statistic.dispersion
    most = 1.1 * max(exposures)
    first = most / _STEPS
    places = [first + (most - first) * step / _STEPS for step in range(_STEPS + 1)]
    least = min(exposures) / 2
    shown = [
        funnel_limits(rate, at, phi, confidence)
        for confidence, _dash in _BANDS
        for at in places
        if at >= least
    ]
    top = max([one.value for one in statistic.sites] + [high for _low, high in shown]) or 1.0

    def x(exposure: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * exposure / most

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * min(value / (1.05 * top), 1.0)

    body = [
        rule(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, kind="axis"),
        rule(_LEFT, _TOP, _LEFT, _BOTTOM, kind="axis"),
        rule(_LEFT, y(rate), _RIGHT, y(rate)),
        label(_LEFT - 6, y(rate) + 4, f"{rate * scale:.2g}", anchor="end", soft=True),
        label(_LEFT - 6, _BOTTOM + 4, "0", anchor="end", soft=True),
        label(_RIGHT, _BOTTOM + 32, _said(_FUNNEL["exposure"], language), anchor="end", soft=True),
        label(_RIGHT, _BOTTOM + 16, f"{most:.0f}", anchor="end", soft=True),
    ]
    for confidence, dash in _BANDS:
        for side in (0, 1):
            points = [
                f"{short(x(at))} {short(y(funnel_limits(rate, at, phi, confidence)[side]))}"
                for at in places
            ]
            body.append(
                f'<path class="rule" fill="none" stroke="{SOFT}" stroke-dasharray="{dash}" '
                f'd="M{"L".join(points)}"/>'
            )
    for place, one in enumerate(statistic.sites):
        differs = one.site in statistic.named
        cx, cy = short(x(one.exposure)), short(y(one.value))
        style, color = ("dot", ACCENT) if differs else ("dot second", INK)
        body.append(f'<circle class="{style}" cx="{cx}" cy="{cy}" r="4.5" fill="{color}"/>')
        # neighbors by turns to the left and to the right, so that their numbers keep apart
        side, anchor = ((-8, "end"), (8, "start"))[place % 2]
        body.append(
            label(x(one.exposure) + side, y(one.value) + 4, one.site, anchor=anchor, bold=differs)
        )
    wide = _said(_FUNNEL["wide"], language).format(phi=f"{phi:.2f}") if phi > 1 else ""
    listed = "; ".join(f"{one.site} {shown_value(statistic, one.value)}" for one in statistic.sites)
    description = _said(_FUNNEL["description"], language).format(sites=listed, wide=wide)
    title = statistic_words(statistic.kind, statistic.subject, protocol, language)
    return frame(f"funnel-{statistic.subject}", _WIDTH, _HEIGHT, title, description, body)


__all__ = [
    "LEVEL", "SiteValue", "funnel_figure", "shown_p", "shown_value", "statistic_words",
    "value_kind_words",
]  # fmt: skip
