"""The Italian market."""

from scrapers.market_spider import MarketSpider


class ItalianSpider(MarketSpider):
    name = market = "it"
