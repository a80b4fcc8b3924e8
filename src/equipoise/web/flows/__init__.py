"""Pages that change something. Each change is one command given to the trial."""
