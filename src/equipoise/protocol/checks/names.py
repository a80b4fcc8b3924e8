"""Names: every id once, and every reference to something that exists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from equipoise.protocol.document import Offset, Window
from equipoise.protocol.expression.scope import RESERVED

from .examination import Examination

_ITEM = ("item", "item", "数据项")
_FORM = ("form", "form", "表单")
_VISIT = ("visit", "visit", "访视")
_ARM = ("arm", "arm", "组别")
_ANCHOR = ("anchor", "anchor", "时间锚点")
_EPOCH = ("epoch", "epoch", "阶段")
_CODELIST = ("codelist", "codelist", "编码表")
_INTERVENTION = ("intervention", "intervention", "干预措施")
_ENDPOINT = ("endpoint", "endpoint", "终点")
_ANALYSIS = ("analysis", "analysis", "分析")
_SET = ("analysis-set", "analysis set", "分析集")
_STRATUM = ("stratum", "stratum factor", "分层因素")
_SITE = ("site", "site", "研究中心")
_TERM = ("term", "adverse event term", "不良事件术语")
_ROLE = ("role", "role", "角色")


def check_names(examination: Examination) -> None:
    """Duplicate ids, names that mean two things, and references to nothing."""
    _check_duplicates(examination)
    _check_ambiguity(examination)
    _check_design_references(examination)
    _check_data_references(examination)
    _check_schedule_references(examination)
    _check_plan_references(examination)


def _duplicates(
    examination: Examination, kind: str, place: str, ids: Sequence[str], key: str = "id"
) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(ids):
        if name in first:
            examination.error(
                "duplicate-id",
                f"{kind}.{name}",
                f"{place}[{index}].{key}" if key else f"{place}[{index}]",
                (
                    f"the id {name!r} stands a second time; first at {place}[{first[name]}]",
                    f"标识 {name!r} 重复；首次出现于 {place}[{first[name]}]",
                ),
                ("rename or remove one of the two", "请重命名或删除其中之一"),
            )
        else:
            first[name] = index


def _check_duplicates(examination: Examination) -> None:
    protocol = examination.protocol
    schedule = protocol.schedule
    lists: list[tuple[str, str, Iterable[Any], str]] = [
        ("site", "identity.sites", protocol.identity.sites, "id"),
        ("site", "identity.sites", protocol.identity.sites, "key"),
        ("arm", "arms", protocol.arms, "id"),
        ("intervention", "interventions", protocol.interventions, "id"),
        ("criterion", "eligibility.criteria", protocol.eligibility.criteria, "id"),
        ("consent", "consents", protocol.consents, "version"),
        ("codelist", "codelists", protocol.codelists, "id"),
        ("item", "items", protocol.items, "id"),
        ("form", "forms", protocol.forms, "id"),
        ("anchor", "schedule.anchors", schedule.anchors, "id"),
        ("epoch", "schedule.epochs", schedule.epochs, "id"),
        ("visit", "schedule.visits", schedule.visits, "id"),
        ("diary", "schedule.diaries", schedule.diaries, "id"),
        (
            "source-verification",
            "monitoring.source_verification",
            protocol.monitoring.source_verification,
            "id",
        ),
        (
            "essential-document",
            "monitoring.essential_documents",
            protocol.monitoring.essential_documents,
            "id",
        ),
        ("analysis-set", "analysis_sets", protocol.analysis_sets, "id"),
        ("intercurrent-event", "intercurrent_events", protocol.intercurrent_events, "id"),
        ("endpoint", "endpoints", protocol.endpoints, "id"),
        ("analysis", "analyses", protocol.analyses, "id"),
        ("term", "safety.terms", protocol.safety.terms, "id"),
        ("clock", "safety.clocks", protocol.safety.clocks, "id"),
        ("stopping-rule", "safety.stopping_rules", protocol.safety.stopping_rules, "id"),
        ("role", "roles", protocol.roles, "role"),
        ("interim-look", "design.interim_looks", protocol.design.interim_looks, "id"),
        ("multiplicity", "multiplicity", protocol.multiplicity, "id"),
    ]
    if protocol.randomization is not None:
        lists.append(("stratum", "randomization.strata", protocol.randomization.strata, "id"))
    for kind, place, parts, key in lists:
        _duplicates(examination, kind, place, [getattr(part, key) for part in parts], key)
    for index, codelist in enumerate(protocol.codelists):
        codes = [code.code for code in codelist.codes]
        _duplicates(examination, f"code.{codelist.id}", f"codelists[{index}].codes", codes, "code")
    for index, form in enumerate(protocol.forms):
        items = [entry.item for entry in form.items]
        _duplicates(examination, f"form.{form.id}", f"forms[{index}].items", items, "item")
        checks = [check.id for check in form.checks]
        _duplicates(examination, f"check.{form.id}", f"forms[{index}].checks", checks)
    for index, visit in enumerate(schedule.visits):
        place = f"schedule.visits[{index}].forms"
        _duplicates(examination, f"visit.{visit.id}", place, visit.forms, "")


def _check_ambiguity(examination: Examination) -> None:
    anchors = {anchor.id for anchor in examination.protocol.schedule.anchors}
    for index, item in enumerate(examination.protocol.items):
        if item.id in anchors or item.id in RESERVED:
            other = (
                ("an anchor", "时间锚点") if item.id in anchors else ("a fixed name", "保留名称")
            )
            examination.error(
                "ambiguous-name",
                item.id,
                f"items[{index}].id",
                (
                    f"{item.id!r} is an item and {other[0]}: an expression cannot tell them apart",
                    f"{item.id!r} 既是数据项又是{other[1]}，表达式无法区分",
                ),
                (f"rename the item, for instance '{item.id}_date'", "请重命名该数据项"),
            )
    for index, anchor in enumerate(examination.protocol.schedule.anchors):
        if anchor.id in RESERVED:
            examination.error(
                "ambiguous-name",
                anchor.id,
                f"schedule.anchors[{index}].id",
                (f"{anchor.id!r} is a fixed name", f"{anchor.id!r} 是保留名称"),
                ("rename the anchor", "请重命名该时间锚点"),
            )


def _offset(examination: Examination, offset: Offset | None, place: str, owner: str) -> None:
    if offset is not None:
        anchors = [anchor.id for anchor in examination.protocol.schedule.anchors]
        examination.unknown(_ANCHOR, offset.anchor, anchors, f"{place}.anchor", owner)


def _check_design_references(examination: Examination) -> None:
    protocol = examination.protocol
    interventions = protocol.intervention_by_id
    for index, arm in enumerate(protocol.arms):
        for at, name in enumerate(arm.interventions):
            place = f"arms[{index}].interventions[{at}]"
            examination.unknown(_INTERVENTION, name, interventions, place, f"arm.{arm.id}")
    for index, intervention in enumerate(protocol.interventions):
        if intervention.regimen is not None:
            place, owner = f"interventions[{index}].regimen", f"intervention.{intervention.id}"
            _offset(examination, intervention.regimen.start, f"{place}.start", owner)
            _offset(examination, intervention.regimen.stop, f"{place}.stop", owner)
    for index, contact in enumerate(protocol.identity.contacts):
        if contact.site is not None:
            place = f"identity.contacts[{index}].site"
            examination.unknown(_SITE, contact.site, protocol.site_by_id, place, "contact")
    size = protocol.design.sample_size
    endpoints = protocol.endpoint_by_id
    if size is not None and size.endpoint is not None:
        place = "design.sample_size.endpoint"
        examination.unknown(_ENDPOINT, size.endpoint, endpoints, place, "sample_size")
    for index, look in enumerate(protocol.design.interim_looks):
        place = f"design.interim_looks[{index}].endpoint"
        examination.unknown(_ENDPOINT, look.endpoint, endpoints, place, f"interim.{look.id}")
    declared = {analysis.id: analysis for analysis in protocol.analyses}
    for index, family in enumerate(protocol.multiplicity):
        for at, name in enumerate(family.analyses):
            place = f"multiplicity[{index}].analyses[{at}]"
            examination.unknown(_ANALYSIS, name, declared, place, f"multiplicity.{family.id}")
    randomization = protocol.randomization
    if randomization is None:
        return
    for name in randomization.ratio:
        examination.unknown(_ARM, name, protocol.arm_by_id, f"randomization.ratio.{name}", "ratio")
    for index, factor in enumerate(randomization.strata):
        if factor.item is not None:
            place = f"randomization.strata[{index}].item"
            examination.unknown(
                _ITEM, factor.item, protocol.item_by_id, place, f"stratum.{factor.id}"
            )
    _offset(examination, randomization.latest, "randomization.latest", "randomization")
    for index, supply in enumerate(protocol.supply):
        owner = f"supply.{supply.intervention}"
        place = f"supply[{index}]"
        examination.unknown(
            _INTERVENTION, supply.intervention, interventions, f"{place}.intervention", owner
        )
        for at, name in enumerate(supply.dispensing_visits):
            examination.unknown(
                _VISIT, name, protocol.visit_by_id, f"{place}.dispensing_visits[{at}]", owner
            )


def _check_data_references(examination: Examination) -> None:
    protocol = examination.protocol
    items = protocol.item_by_id
    roles = [grant.role for grant in protocol.roles]
    for index, criterion in enumerate(protocol.eligibility.criteria):
        for at, name in enumerate(criterion.needs):
            place = f"eligibility.criteria[{index}].needs[{at}]"
            examination.unknown(_ITEM, name, items, place, f"criterion.{criterion.id}")
    for index, item in enumerate(protocol.items):
        if item.codelist is not None:
            place = f"items[{index}].codelist"
            examination.unknown(
                _CODELIST, item.codelist, protocol.codelist_by_id, place, f"item.{item.id}"
            )
    for index, form in enumerate(protocol.forms):
        for at, entry in enumerate(form.items):
            place = f"forms[{index}].items[{at}].item"
            examination.unknown(_ITEM, entry.item, items, place, f"form.{form.id}")
        own = [entry.item for entry in form.items]
        for at, check in enumerate(form.checks):
            if check.item is not None:
                place = f"forms[{index}].checks[{at}].item"
                examination.unknown(_ITEM, check.item, own, place, f"form.{form.id}.{check.id}")
        for at, role in enumerate(form.roles):
            place = f"forms[{index}].roles[{at}]"
            examination.unknown(_ROLE, role, roles, place, f"form.{form.id}")


def _check_schedule_references(examination: Examination) -> None:
    protocol = examination.protocol
    schedule = protocol.schedule
    anchors = [anchor.id for anchor in schedule.anchors]
    epochs = [epoch.id for epoch in schedule.epochs]
    for index, anchor in enumerate(schedule.anchors):
        for key in ("item", "planned"):
            name = getattr(anchor, key)
            if name is not None:
                place = f"schedule.anchors[{index}].{key}"
                examination.unknown(_ITEM, name, protocol.item_by_id, place, f"anchor.{anchor.id}")
    for index, epoch in enumerate(schedule.epochs):
        place = f"schedule.epochs[{index}]"
        _offset(examination, epoch.start, f"{place}.start", f"epoch.{epoch.id}.start")
        _offset(examination, epoch.end, f"{place}.end", f"epoch.{epoch.id}.end")
    for index, visit in enumerate(schedule.visits):
        place, owner = f"schedule.visits[{index}]", f"visit.{visit.id}"
        examination.unknown(_EPOCH, visit.epoch, epochs, f"{place}.epoch", owner)
        examination.unknown(_ANCHOR, visit.anchor, anchors, f"{place}.anchor", owner)
        if visit.until is not None:
            examination.unknown(_ANCHOR, visit.until, anchors, f"{place}.until", owner)
        for at, form in enumerate(visit.forms):
            examination.unknown(_FORM, form, protocol.form_by_id, f"{place}.forms[{at}]", owner)
    for index, diary in enumerate(schedule.diaries):
        place, owner = f"schedule.diaries[{index}]", f"diary.{diary.id}"
        examination.unknown(_FORM, diary.form, protocol.form_by_id, f"{place}.form", owner)
        for at, arm in enumerate(diary.arms):
            examination.unknown(_ARM, arm, protocol.arm_by_id, f"{place}.arms[{at}]", owner)
        if diary.intervention is not None:
            examination.unknown(
                _INTERVENTION,
                diary.intervention,
                protocol.intervention_by_id,
                f"{place}.intervention",
                owner,
            )
        _offset(examination, diary.start, f"{place}.start", owner)
        _offset(examination, diary.stop, f"{place}.stop", owner)
        for at, item in enumerate(diary.dose_items):
            examination.unknown(
                _ITEM, item, protocol.item_by_id, f"{place}.dose_items[{at}]", owner
            )
    for index, form in enumerate(schedule.log_forms):
        place = f"schedule.log_forms[{index}]"
        examination.unknown(_FORM, form, protocol.form_by_id, place, "log_forms")


def _check_plan_references(examination: Examination) -> None:
    protocol = examination.protocol
    endpoints = protocol.endpoint_by_id
    sets = [analysis_set.id for analysis_set in protocol.analysis_sets]
    randomization = protocol.randomization
    factors = [factor.id for factor in randomization.strata] if randomization is not None else []
    for index, analysis_set in enumerate(protocol.analysis_sets):
        if analysis_set.endpoint is not None:
            place = f"analysis_sets[{index}].endpoint"
            examination.unknown(
                _ENDPOINT,
                analysis_set.endpoint,
                endpoints,
                place,
                f"analysis_set.{analysis_set.id}",
            )
    for index, endpoint in enumerate(protocol.endpoints):
        place, owner = f"endpoints[{index}]", f"endpoint.{endpoint.id}"
        examination.unknown(_SET, endpoint.population, sets, f"{place}.population", owner)
        variable = endpoint.variable
        place = f"{place}.variable"
        examination.unknown(_ITEM, variable.item, protocol.item_by_id, f"{place}.item", owner)
        window: Window | None = getattr(variable, "window", None)
        if window is not None:
            _offset(examination, window.start, f"{place}.window.start", f"{owner}.start")
            _offset(examination, window.end, f"{place}.window.end", f"{owner}.end")
        _offset(examination, getattr(variable, "origin", None), f"{place}.origin", owner)
        for key in ("visit", "baseline"):
            name: str | None = getattr(variable, key, None)
            if name is not None:
                examination.unknown(_VISIT, name, protocol.visit_by_id, f"{place}.{key}", owner)
        for at, visit in enumerate(getattr(variable, "visits", ())):
            examination.unknown(_VISIT, visit, protocol.visit_by_id, f"{place}.visits[{at}]", owner)
    for index, analysis in enumerate(protocol.analyses):
        place, owner = f"analyses[{index}]", f"analysis.{analysis.id}"
        examination.unknown(_ENDPOINT, analysis.endpoint, endpoints, f"{place}.endpoint", owner)
        for at, pair in enumerate(analysis.comparisons):
            for side, arm in enumerate(pair):
                examination.unknown(
                    _ARM, arm, protocol.arm_by_id, f"{place}.comparisons[{at}][{side}]", owner
                )
        for key in ("stratified_by", "subgroups"):
            for at, factor in enumerate(getattr(analysis, key)):
                examination.unknown(_STRATUM, factor, factors, f"{place}.{key}[{at}]", owner)
        if analysis.population is not None:
            examination.unknown(_SET, analysis.population, sets, f"{place}.population", owner)
    for index, rule in enumerate(protocol.monitoring.source_verification):
        place, owner = f"monitoring.source_verification[{index}]", f"source_verification.{rule.id}"
        for at, form in enumerate(rule.forms):
            examination.unknown(_FORM, form, protocol.form_by_id, f"{place}.forms[{at}]", owner)
        for at, item in enumerate(rule.items):
            examination.unknown(_ITEM, item, protocol.item_by_id, f"{place}.items[{at}]", owner)
    _offset(examination, protocol.safety.collect_from, "safety.collect_from", "safety.from")
    _offset(examination, protocol.safety.collect_until, "safety.collect_until", "safety.until")
    terms = {term.id for term in protocol.safety.terms}
    for index, stopping in enumerate(protocol.safety.stopping_rules):
        place, owner = f"safety.stopping_rules[{index}]", f"stopping-rule.{stopping.id}"
        for at, arm in enumerate(stopping.arms):
            examination.unknown(_ARM, arm, protocol.arm_by_id, f"{place}.arms[{at}]", owner)
        for at, term in enumerate(stopping.events.terms if stopping.events else ()):
            examination.unknown(_TERM, term, terms, f"{place}.events.terms[{at}]", owner)
