"""The French market."""

from scrapers.market_spider import MarketSpider


class FrenchSpider(MarketSpider):
    name = market = "fr"
