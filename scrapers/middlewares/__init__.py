"""Downloader middlewares: which hosts may be asked, and how to behave when a shop says it has had enough."""
