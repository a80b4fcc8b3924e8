"""Randomization: ratio, blocks, strata and what records them."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from equipoise.protocol.document import (
    BiasedCoin,
    Minimization,
    PermutedBlocks,
    Randomization,
    StratumFactor,
    Urn,
)

from .examination import Examination


def check_allocation(examination: Examination) -> None:
    """The scheme against arms, sites, items and schedule."""
    randomization = examination.protocol.randomization
    if randomization is None:
        return
    _check_masking(examination)
    _check_ratio(examination, randomization)
    for index, factor in enumerate(randomization.strata):
        _check_factor(examination, factor, f"randomization.strata[{index}]")
    scheme = randomization.scheme
    if isinstance(scheme, PermutedBlocks):
        _check_blocks(examination, randomization, scheme)
        _check_cells(examination, randomization, scheme)
    if isinstance(scheme, Minimization):
        _check_minimization(examination, randomization, scheme)
    if isinstance(scheme, BiasedCoin):
        _check_coin(examination, randomization, scheme)
    if isinstance(scheme, Urn):
        _check_equal_shares(examination, randomization, ("the urn", "瓮模型"))


def _check_equal_shares(
    examination: Examination, randomization: Randomization, rule: tuple[str, str], arms: int = 0
) -> None:
    """Rules that know only equal shares, and one of them only two arms."""
    shares = list(randomization.ratio.values())
    if len(set(shares)) > 1 or (arms and len(shares) != arms):
        number, count = (f"{arms} arms", f" {arms} 个组别") if arms else ("arms", "组别")
        examination.error(
            "scheme-needs-equal-shares",
            "",
            "randomization.ratio",
            (
                f"{rule[0]} is for {number} in equal shares, not {_shown(randomization)}",
                f"{rule[1]}仅用于等比例的{count}，而非 {_shown(randomization)}",
            ),
            (
                "write the same share for every arm, or use permuted blocks or minimization",
                "请为各组写相同比例，或改用置换区组或最小化法",
            ),
        )


def _check_coin(examination: Examination, randomization: Randomization, scheme: BiasedCoin) -> None:
    _check_equal_shares(examination, randomization, ("the biased coin", "偏币法"), arms=2)
    if not Fraction(1, 2) < Fraction(scheme.probability) <= 1:
        examination.error(
            "coin-probability",
            "",
            "randomization.scheme.probability",
            (
                f"a coin of {scheme.probability} does not favor the arm that is behind",
                f"概率 {scheme.probability} 未偏向例数较少的组别",
            ),
            ("write a probability above 1/2, such as 2/3", "请写大于 1/2 的概率，例如 2/3"),
        )


def _check_masking(examination: Examination) -> None:
    """Where the bedside is masked, whatever is taken, dispensed or noted there is the same in all arms."""
    protocol = examination.protocol
    masking = protocol.design.masking
    if masking is None or masking.level == "none":
        return
    if masking.masked and set(masking.masked) <= {"outcomes_assessor"}:
        return
    named = {supply.intervention for supply in protocol.supply}
    named |= {diary.intervention for diary in protocol.schedule.diaries if diary.intervention}
    named |= {one.id for one in protocol.interventions if one.regimen is not None}
    for index, intervention in enumerate(protocol.interventions):
        holders = [arm.id for arm in protocol.arms if intervention.id in arm.interventions]
        if intervention.id in named and 0 < len(holders) < len(protocol.arms):
            _arms_differ(
                examination, intervention.id, f"interventions[{index}].id", intervention.id, holders
            )
    for index, diary in enumerate(protocol.schedule.diaries):
        if diary.arms and set(diary.arms) != set(protocol.arm_by_id):
            place = f"schedule.diaries[{index}].arms"
            _arms_differ(examination, diary.id, place, diary.id, diary.arms)


def _arms_differ(
    examination: Examination, finding: str, place: str, what: str, holders: list[str]
) -> None:
    only = ", ".join(holders)
    examination.error(
        "masked-arms-differ",
        finding,
        place,
        (
            f"the trial is masked, and {what!r} is there in some arms only ({only}): whoever hands it out,"
            " takes it or reads the supply sees the group",
            f"本试验设盲，而 {what!r} 仅见于部分组别（{only}）：发放、服用或查看供应者即可得知组别",
        ),
        (
            "give every arm one intervention with the regimen, as packed for the masking, and name what"
            " differs in interventions without a regimen",
            "请为各组设同一个带给药方案的干预措施（按设盲包装），并以无给药方案的干预措施说明差异",
        ),
    )


def _check_ratio(examination: Examination, randomization: Randomization) -> None:
    for index, arm in enumerate(examination.protocol.arms):
        if arm.id not in randomization.ratio:
            examination.error(
                "arm-without-ratio",
                arm.id,
                f"arms[{index}].id",
                (
                    f"nobody is ever allocated to the arm {arm.id!r}",
                    f"组别 {arm.id!r} 没有分配比例",
                ),
                (
                    f"write `{arm.id}: 1` in randomization.ratio",
                    f"请在 randomization.ratio 中写 `{arm.id}: 1`",
                ),
            )
    if len(randomization.ratio) < 2:
        examination.error(
            "ratio-too-short",
            "ratio",
            "randomization.ratio",
            ("there is nothing to randomize between", "只有一个组别，无法随机"),
            ("give the ratio of two or more arms", "请给出两个或以上组别的比例"),
        )


def _check_blocks(
    examination: Examination, randomization: Randomization, scheme: PermutedBlocks
) -> None:
    unit = sum(randomization.ratio.values())
    for index, size in enumerate(scheme.sizes):
        if size <= 0 or size % unit:
            nearest = max(unit, round(size / unit) * unit)
            examination.error(
                "block-size",
                str(size),
                f"randomization.scheme.sizes[{index}]",
                (
                    f"a block of {size} cannot hold the ratio {_shown(randomization)}",
                    f"区组大小 {size} 无法容纳比例 {_shown(randomization)}",
                ),
                (
                    f"write a multiple of {unit}, for instance {nearest}",
                    f"请使用 {unit} 的倍数，例如 {nearest}",
                ),
            )


def _shown(randomization: Randomization) -> str:
    return ":".join(str(share) for share in randomization.ratio.values())


def _check_cells(
    examination: Examination, randomization: Randomization, scheme: PermutedBlocks
) -> None:
    """Half a block is left open in each stratum: too many strata defeat the balance they are for."""
    size = examination.protocol.design.sample_size
    cells = prod(len(factor.levels) for factor in randomization.strata)
    largest = max(scheme.sizes)
    if size is not None and cells * largest > size.target:
        examination.warning(
            "strata-too-many",
            "",
            "randomization.strata",
            (
                f"{cells} strata with blocks of up to {largest} leave most blocks open at"
                f" {size.target} participants",
                f"{cells} 个分层、最大区组 {largest}：{size.target} 名参与者不足以填满区组",
            ),
            (
                "drop a factor, use smaller blocks, or minimize",
                "请减少因素、缩小区组，或采用最小化法",
            ),
        )


def _check_factor(examination: Examination, factor: StratumFactor, place: str) -> None:
    protocol = examination.protocol
    if factor.source == "site":
        expected = [site.id for site in protocol.identity.sites]
        _check_levels(examination, factor, place, expected, ("sites", "研究中心"))
        return
    if factor.item is None:
        examination.error(
            "stratum-source",
            factor.id,
            place,
            (f"the factor {factor.id!r} names no item", f"分层因素 {factor.id!r} 未指定数据项"),
            ("name its `item`, or write `source: site`", "请指定 `item`，或写 `source: site`"),
        )
        return
    item = protocol.item_by_id.get(factor.item)
    if item is None:
        return
    if item.type == "boolean":
        _check_levels(examination, factor, place, ["true", "false"], ("yes/no", "是/否"))
    elif item.type == "code":
        codelist = protocol.codelist_by_id.get(item.codelist or "")
        if codelist is not None:
            codes = [code.code for code in codelist.codes]
            _check_levels(
                examination,
                factor,
                place,
                codes,
                (f"codelist {codelist.id!r}", f"编码表 {codelist.id!r} "),
            )
    else:
        examination.error(
            "stratum-type",
            factor.id,
            f"{place}.item",
            (
                f"{item.id!r} is of type {item.type!r}, which has no levels",
                f"{item.id!r} 的类型 {item.type!r} 没有水平",
            ),
            (
                "stratify by a coded or yes/no item, for instance one derived from it",
                "请按编码型或是/否型数据项分层，例如由其推导的数据项",
            ),
        )
        return
    unrecorded = [
        source
        for source in examination.collection.sources([item.id])
        if source in protocol.item_by_id and not examination.collection.before_randomization(source)
    ]
    if unrecorded and not examination.lost:
        examination.error(
            "stratum-not-recorded",
            factor.id,
            f"{place}.item",
            (
                f"no screening or baseline visit records {unrecorded[0]!r}, by which is stratified",
                f"筛选或基线访视均未记录用于分层的 {unrecorded[0]!r}",
            ),
            (
                "put a form with it on a visit before randomization",
                "请在随机化前的访视中安排包含它的表单",
            ),
        )


def _check_levels(
    examination: Examination,
    factor: StratumFactor,
    place: str,
    expected: list[str],
    source: tuple[str, str],
) -> None:
    if sorted(factor.levels) != sorted(expected):
        examination.error(
            "stratum-levels",
            factor.id,
            f"{place}.levels",
            (
                f"the levels {', '.join(factor.levels) or '(none)'} are not those of the {source[0]}:"
                f" {', '.join(expected) or '(none)'}",
                f"水平 {', '.join(factor.levels) or '（无）'} 与{source[1]}不一致："
                f"{', '.join(expected) or '（无）'}",
            ),
            (f"write [{', '.join(expected)}]", f"请写 [{', '.join(expected)}]"),
        )
    for label in factor.labels:
        if label not in factor.levels:
            examination.error(
                "stratum-levels",
                f"{factor.id}.{label}",
                f"{place}.labels.{label}",
                (f"the label {label!r} belongs to no level", f"标签 {label!r} 不对应任何水平"),
                ("remove it, or mend its name", "请删除或更正"),
            )


def _check_minimization(
    examination: Examination, randomization: Randomization, scheme: Minimization
) -> None:
    factors = [factor.id for factor in randomization.strata]
    for name, weight in scheme.weights.items():
        place = f"randomization.scheme.weights.{name}"
        if examination.unknown(
            ("stratum", "stratum factor", "分层因素"), name, factors, place, "weights"
        ):
            continue
        if weight <= 0:
            examination.error(
                "minimization-weight",
                name,
                place,
                (
                    f"the weight {weight} of {name!r} is not positive",
                    f"{name!r} 的权重 {weight} 不为正",
                ),
                ("write a positive weight, or leave the factor out", "请写正数，或删除该因素"),
            )
    if not factors:
        examination.error(
            "minimization-without-factors",
            "",
            "randomization.scheme",
            ("minimization has no factors to balance", "最小化法没有可平衡的因素"),
            ("list them under `strata`", "请在 `strata` 中列出"),
        )
    arms = len(randomization.ratio)
    least, chance = Fraction(1, arms), Fraction(scheme.probability)
    if not least < chance <= 1:
        examination.error(
            "minimization-probability",
            "",
            "randomization.scheme.probability",
            (
                f"the probability {scheme.probability} of the favored arm is not above that of chance",
                f"优先组别的概率 {scheme.probability} 不高于随机水平",
            ),
            ("write a probability such as 0.8", "请写例如 0.8 的概率"),
        )
    if scheme.coin == "rank":
        _check_equal_shares(examination, randomization, ("the coin by rank", "按秩分配"))
        highest = Fraction(2, max(arms - 1, 2))
        if least < chance and chance > highest:
            examination.error(
                "minimization-rank",
                "",
                "randomization.scheme.probability",
                (
                    f"with q = {scheme.probability} and {arms} arms the last rank's probability is negative",
                    f"q = {scheme.probability}、{arms} 个组别时末位秩的概率为负",
                ),
                (f"write at most {highest}", f"请写不超过 {highest} 的值"),
            )
