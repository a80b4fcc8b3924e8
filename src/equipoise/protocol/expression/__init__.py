"""The expression language of criteria, edit checks, derived items, skip logic and conditions.

Small, typed and three-valued: `platelets >= 100 '10*9/L'`, `alt <= 2.5 * uln(alt)`. An expression is
parsed by a parser of its own, checked against the protocol when it is read, and compiled to
closures; missing data make it unknown, and its answer carries the values it used.
"""

from __future__ import annotations

from .compiled import (
    Compiled,
    Step,
    compile_condition,
    compile_derived,
    compile_expression,
    compile_in_scope,
    faults_of,
)
from .errors import ExpressionError
from .parser import parse
from .scope import Codes, Known, Scope, Type, scope_of
from .tree import Node, unparse, walk
from .values import Answer, Datum, Environment

__all__ = [
    "Answer",
    "Codes",
    "Compiled",
    "Datum",
    "Environment",
    "ExpressionError",
    "Known",
    "Node",
    "Scope",
    "Step",
    "Type",
    "compile_condition",
    "compile_derived",
    "compile_expression",
    "compile_in_scope",
    "faults_of",
    "parse",
    "scope_of",
    "unparse",
    "walk",
]
