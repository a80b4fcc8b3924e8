"""Refusals about dictionaries and the coding of terms."""

from __future__ import annotations

from .template import Template

CODING: dict[str, Template] = {
    "dictionary-not-kept": Template(
        "no dictionary with the hash {hash} is kept here and in use",
        "此处没有哈希为 {hash} 的在用词典",
        "conduct.coding",
        "import the user's own files first (`equipoise dictionary import`)",
        "请先导入用户自有的词典文件（`equipoise dictionary import`）",
    ),
    "dictionary-current": Template(
        "{name} {version} is in use already",
        "{name} {version} 已在使用",
        "conduct.coding",
        "nothing to do",
        "无需操作",
    ),
    "dictionary-replaced": Template(
        "terms are coded with {name} {version} now",
        "现以 {name} {version} 编码",
        "conduct.coding",
        "look at the suggestions of that version",
        "请查看该版本的建议",
    ),
    "no-such-code": Template(
        "{name} has no term with the code {term}",
        "{name} 中没有代码为 {term} 的术语",
        "conduct.coding",
        "choose a term of the dictionary",
        "请选择词典中的术语",
    ),
    "code-not-current": Template(
        "the term {term} of {name} is kept for old codings only",
        "{name} 的术语 {term} 仅为旧编码保留",
        "conduct.coding",
        "choose a current term",
        "请选择现行术语",
    ),
    "nothing-to-code": Template(
        "{participant} has nothing to code at {target}",
        "{participant} 的 {target} 没有需要编码的内容",
        "conduct.coding",
        "choose a line of the worklist",
        "请从待办列表中选择",
    ),
    "words-changed": Template(
        "what is written there has changed since you read it",
        "您阅读之后，该处文字已被更改",
        "conduct.coding",
        "read it again, then code it",
        "请重新阅读后再编码",
    ),
    "coded-already": Template(
        "this is coded as {term} already",
        "已编码为 {term}",
        "conduct.coding",
        "nothing to do",
        "无需操作",
    ),
    "synonym-known": Template(
        "these words are synonym {number} already",
        "该词已是第 {number} 号同义词",
        "conduct.coding",
        "nothing to do",
        "无需操作",
    ),
    "no-such-synonym": Template(
        "there is no synonym {number} in use",
        "没有在用的第 {number} 号同义词",
        "conduct.coding",
        "choose one of the list",
        "请从列表中选择",
    ),
}
