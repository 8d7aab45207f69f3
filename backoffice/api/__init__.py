"""The back office as JSON under /api/v1, for programs of the staff: one module a subject, beside the pages' services."""
