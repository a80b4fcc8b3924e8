"""Sphinx configuration of the manual."""

project = "Equipoise"
author = "The Equipoise developers"
copyright = "2026, The Equipoise developers"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "One protocol, from record to report", "fixed_sidebar": True}
html_show_sourcelink = False
suppress_warnings = ["myst.xref_missing"]
