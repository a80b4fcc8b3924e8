"""Refusals about the tokens that machines sign in with."""

from __future__ import annotations

from .template import Template

MACHINES: dict[str, Template] = {
    "no-reason-for-revoking": Template(
        "the reason is missing",
        "未填写原因",
        "conduct.tokens",
        "say why the token is taken back",
        "请说明撤销令牌的原因",
    ),
    "no-such-token": Template(
        "no token {token} stands",
        "没有生效中的令牌 {token}",
        "conduct.tokens",
        "see the list of tokens",
        "请查看令牌列表",
    ),
    "token-days": Template(
        "{until} is not from today ({today}) to {last}",
        "{until} 不在今天（{today}）至 {last} 之间",
        "conduct.tokens",
        "choose a last day within a year; a new token can follow",
        "请选择一年内的截止日期；到期后可再签发新令牌",
    ),
    "token-name-taken": Template(
        "{token} is empty or names another token already",
        "{token} 为空，或已是另一令牌的名称",
        "conduct.tokens",
        "give the token a name of its own",
        "请为令牌另取名称",
    ),
}
