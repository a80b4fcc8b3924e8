"""What whoever opens the archive in twenty years reads first, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from equipoise.protocol.document import Protocol

from .tables import SEALED, Table

ENGLISH = """\
# {title}

This folder holds everything that was recorded in the trial {trial} ({mode}), up to event {events} of {time} (UTC). It was made by
Equipoise, and can be read and verified without it. Any editor reads the text files, any spreadsheet the tables.

## What is here

| file | holds |
|---|---|
| `ledger.jsonl` | every event, in order, one JSON object a line: the record of the trial |
| `ledger.sqlite` | the same events as the table `events` of a SQLite database |
| `head`, `checkpoints.jsonl` | signed statements of how far the ledger goes and what stands in it |
| `protocols/` | each version of the protocol (YAML), named by its hash, which events cite as `protocol` |
| `tables/` | the data as CSV: see below |
| `verify_archive.py`, `verify.py`, `verify_allocations.py` | the verifiers: Python 3.11 or newer, nothing to install |
| `manifest.json` | the SHA-256 of every file, signed with the ledger's key |

## Is it whole?

    python3 -I verify_archive.py

prints `whole` and ends with exit code 0, or names what is not. It needs no network. The key that must have signed is

    {key}

The newest checkpoint here has the short code `{code}`.

Compare both with a report, a site's copy of a checkpoint or the public record: whoever can replace this whole folder could also replace
the key written in it. `verify_allocations.py` recomputes the randomization from what its keeper reveals at the end of the trial.

## An event

`seq` is its place, `stream` and `version` say whom it is about, `type` and `schema` what its `payload` means, `actor` and `role` who brought it,
`site` where, `server_time` when (UTC), `protocol` under which version. `hash` is SHA-256 of `equipoise-ledger-1|`, `previous`, `|` and the
line's JSON without `previous` and `hash`; `previous` is the hash of the event before. Nothing was ever changed or taken out:
a correction is a later event.

A value `{{"sealed": …, "nonce": …, "context": …, "text": …}}` is sealed: a name, a free text, an allocation. Its keys stayed with the sponsor. A key that
was destroyed (an erasure, a redaction) cannot be made again, and the chain is whole all the same.

## The tables

| table | rows | holds |
|---|---|---|
{tables}

UTF-8 with a byte order mark, commas, quotation marks doubled (RFC 4180). Days are ISO 8601 (a date may be partial: `2026-03`), instants UTC. A cell that a
spreadsheet would run as a formula begins with an apostrophe; the ledger has it without. `seq` leads to the event. Nobody's name,
telephone or identity number stands in a table. {texts} {allocations}
"""

CHINESE = """\
# {title}

本文件夹包含试验 {trial}（{mode}）截至第 {events} 条事件（{time}，UTC）的全部记录。它由 Equipoise 生成，无需 Equipoise 即可阅读和验证：
文本文件可用任何编辑器打开，表格可用任何电子表格软件打开。

## 内容

| 文件 | 内容 |
|---|---|
| `ledger.jsonl` | 按顺序排列的全部事件，每行一个 JSON 对象：试验的原始记录 |
| `ledger.sqlite` | 相同的事件，存于 SQLite 数据库的 `events` 表 |
| `head`、`checkpoints.jsonl` | 关于账本长度与内容的签名声明 |
| `protocols/` | 方案的各个版本（YAML），以其哈希命名，事件以 `protocol` 引用 |
| `tables/` | CSV 格式的数据，见下文 |
| `verify_archive.py`、`verify.py`、`verify_allocations.py` | 验证程序：Python 3.11 或更新版本，无需安装其他软件 |
| `manifest.json` | 每个文件的 SHA-256，由账本密钥签名 |

## 是否完整

    python3 -I verify_archive.py

打印 `whole` 并以退出码 0 结束，否则指出问题所在。无需网络。签名所用的公钥应为

    {key}

此处最新检查点的短码为 `{code}`。

请将两者与报告、中心保存的检查点或公开记录核对：能替换整个文件夹的人，也能替换其中所写的公钥。试验结束、随机种子公开后，
`verify_allocations.py` 可据此重新计算随机分配。

## 事件

`seq` 为顺序号，`stream` 与 `version` 表示涉及的对象，`type` 与 `schema` 表示 `payload` 的含义，`actor` 与 `role` 为操作者及其角色，`site` 为中心，
`server_time` 为时间（UTC），`protocol` 为方案版本。`hash` 是 `equipoise-ledger-1|`、`previous`、`|` 以及该行去掉 `previous` 和 `hash` 后的 JSON
的 SHA-256；`previous` 为前一事件的哈希。任何内容都未被修改或删除：更正是后来的事件。

形如 `{{"sealed": …, "nonce": …, "context": …, "text": …}}` 的值已加密：姓名、自由文本或分组。密钥由申办者保管。已销毁的密钥（删除或遮蔽）无法恢复，
但链条仍然完整。

## 表格

| 表 | 行数 | 内容 |
|---|---|---|
{tables}

UTF-8（带 BOM），逗号分隔，引号成对（RFC 4180）。日期为 ISO 8601（可为部分日期，如 `2026-03`），时刻为 UTC。会被电子表格当作公式的单元格以撇号开头，
账本中没有该撇号。`seq` 指向事件。任何表格均不含姓名、电话或证件号码。{texts}{allocations}
"""

_WORDS = {
    "en": {
        "texts": "Free texts stand in the tables in clear: keep this archive as you keep source documents.",
        "sealed": f"A free text is shown as `{SEALED}`.",
        "open": "`participants.csv` names each participant's arm.",
        "blind": "No allocation stands here in readable form.",
        "rehearsal": "a rehearsal with virtual participants",
        "training": "for training, with invented participants",
        "live": "live",
    },
    "zh": {
        "texts": "表格中的自由文本为明文：请像源文件一样妥善保管本存档。",
        "sealed": f"自由文本显示为 `{SEALED}`。",
        "open": "`participants.csv` 列出每位受试者的组别。",
        "blind": "此处没有任何可读的分组信息。",
        "rehearsal": "虚拟受试者的预演",
        "training": "培训用，受试者为虚构",
        "live": "正式试验",
    },
}


def guides(
    protocol: Protocol, facts: Mapping[str, object], tables: Sequence[Table]
) -> dict[str, str]:
    """The guide in both languages, by file name."""
    return {
        "READ-ME-FIRST.md": _filled(ENGLISH, protocol, "en", facts, tables),
        "请先阅读.md": _filled(CHINESE, protocol, "zh", facts, tables),
    }


def _filled(
    template: str,
    protocol: Protocol,
    language: str,
    facts: Mapping[str, object],
    tables: Sequence[Table],
) -> str:
    words = _WORDS[language]
    titles = protocol.identity.titles
    rows = "\n".join(
        f"| `{table.name}.csv` | {len(table.rows)} | "
        f"{table.about if language == 'en' else table.about_zh} |"
        for table in tables
    )
    return template.format(
        title=(titles.short or titles.brief).in_language("en" if language == "en" else "zh-Hans"),
        trial=facts["trial"],
        mode=words[str(facts["mode"])],
        events=facts["events"],
        time=facts["time"],
        key=facts["key"],
        code=facts["code"],
        tables=rows,
        texts=words["texts" if facts["texts"] else "sealed"],
        allocations=words["open" if facts["allocations"] else "blind"],
    )
