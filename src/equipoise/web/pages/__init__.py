"""The pages one reads. Each module holds one page: a function of the request, and what it shows."""
