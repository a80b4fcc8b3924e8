"""A participant's copy of their own data: all that is recorded about one person, in plain words."""

from .content import OwnCopy, copy_of
from .rendering import RENDERERS

__all__ = ["RENDERERS", "OwnCopy", "copy_of"]
