"""The Scrapy project: four market spiders. `python -m scrapers --help` runs one; `scrapy crawl it` does too."""
