"""A document on paper: the same sections, tables and figures as HTML, as PDF and as a Word file.

What stands in a document is said here once; each form draws it and adds nothing.
"""

from __future__ import annotations

from .html import paper_html
from .model import (
    Block,
    Facts,
    Figure,
    Items,
    Paper,
    Paragraph,
    Section,
    numbered,
)
from .pdf import paper_pdf
from .word import paper_word

__all__ = [
    "Block", "Facts", "Figure", "Items", "Paper", "Paragraph", "Section", "numbered", "paper_html", "paper_pdf",
    "paper_word",
]  # fmt: skip
