"""The interface for machines: the pages' data and commands as JSON, under the pages' permission table."""
