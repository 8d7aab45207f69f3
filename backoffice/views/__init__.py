"""The pages, one module a noun; templates and tests carry the same noun."""
