"""Numbers to tables, figures and documents: what is shown, never how it was computed."""
