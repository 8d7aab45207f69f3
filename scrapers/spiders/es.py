"""The Spanish market."""

from scrapers.market_spider import MarketSpider


class SpanishSpider(MarketSpider):
    name = market = "es"
