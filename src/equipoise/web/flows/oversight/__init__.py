"""The trial's oversight: halts of recruitment."""
