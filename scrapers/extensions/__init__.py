"""Scrapy extensions: the throttle, and the record of the run."""
