"""Figures drawn on the server as SVG: classes and presentation attributes only, no inline style.

Each figure is built from plain dataclasses and carries a table with the same content, so that what is
drawn can also be read. Words are translated by the `say` function a page passes in.
"""
