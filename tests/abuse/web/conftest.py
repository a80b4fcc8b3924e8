"""Before any of these tests a home is served."""

from support.web_home import a_home_is_served

__all__ = ["a_home_is_served"]
