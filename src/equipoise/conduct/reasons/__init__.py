"""Every reason for which a command can be refused, in one place and both languages.

A template names what differs from case to case in braces; `reason` fills it in. The manual's page of
refusals is made from this catalog, which is kept by what a refusal is about.
"""

from __future__ import annotations

from equipoise.quantity.text import Text

from ..refusal import Reason
from .administration import ADMINISTRATION
from .capture import CAPTURE
from .care import CARE
from .coding import CODING
from .enrollment import ENROLLMENT
from .file import FILE
from .machines import MACHINES
from .monitoring import MONITORING
from .people import PEOPLE
from .planning import PLANNING
from .privacy import PRIVACY
from .quality import QUALITY
from .recruitment import RECRUITMENT
from .review import REVIEW
from .safety import SAFETY
from .signals import SIGNALS
from .template import Template

CATALOG: dict[str, Template] = {
    **ADMINISTRATION,
    **PEOPLE,
    **MACHINES,
    **ENROLLMENT,
    **RECRUITMENT,
    **FILE,
    **MONITORING,
    **SIGNALS,
    **CAPTURE,
    **SAFETY,
    **CARE,
    **QUALITY,
    **PRIVACY,
    **CODING,
    **REVIEW,
    **PLANNING,
}


def reason(code: str, field: str | None = None, **names: object) -> Reason:
    """The reason with this code; a name given as a `Text` is put in the language of the message."""
    template = CATALOG[code]

    def filled(text: str, language: str) -> str:
        return text.format(
            **{
                name: value.in_language(language) if isinstance(value, Text) else value
                for name, value in names.items()
            }
        )

    return Reason(
        code,
        Text({"en": filled(template.en, "en"), "zh-Hans": filled(template.zh, "zh-Hans")}),
        filled(template.rule, "en"),
        Text(
            {
                "en": filled(template.remedy_en, "en"),
                "zh-Hans": filled(template.remedy_zh, "zh-Hans"),
            }
        ),
        field,
    )


__all__ = ["CATALOG", "Template", "reason"]
