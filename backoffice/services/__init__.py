"""What pages and the JSON API share: one module a subject. Nothing here knows of requests, templates or addresses."""
