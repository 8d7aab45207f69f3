"""Settings of the Scrapy project. What differs from machine to machine is in LISTINO_* variables instead."""

BOT_NAME = "listino"
SPIDER_MODULES = ["scrapers.spiders"]
NEWSPIDER_MODULE = "scrapers.spiders"
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

# USER_AGENT is set by MarketSpider from LISTINO_CONTACT.
ROBOTSTXT_OBEY = True
COOKIES_ENABLED = False
TELNETCONSOLE_ENABLED = False
REDIRECT_MAX_TIMES = 5
DOWNLOAD_TIMEOUT = 30  # seconds
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024  # bytes; a sitemap may hold 50 MB

# Politeness: throttled by the shop's own latency, never faster than robots.txt and the shop's declaration allow.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 0.25  # seconds
AUTOTHROTTLE_MAX_DELAY = 60
AUTOTHROTTLE_TARGET_CONCURRENCY = 4.0
DOWNLOAD_DELAY_JITTER = 0  # otherwise a Crawl-delay would be undercut half of the time
CONCURRENT_REQUESTS = 8  # what is under way is finished before a stop: few, so that a stop is quick
CONCURRENT_REQUESTS_PER_DOMAIN = 4

# 429 and 503 are the business of BackOffMiddleware.
RETRY_TIMES = 3
RETRY_HTTP_CODES = [500, 502, 504, 522, 524, 408]

DOWNLOADER_MIDDLEWARES = {
    "scrapers.middlewares.declared_hosts.DeclaredHostsMiddleware": 50,
    "scrapers.middlewares.back_off.BackOffMiddleware": 540,
}
DOWNLOAD_HANDLERS = {
    "http": "scrapers.download.LimitedDownloadHandler",
    "https": "scrapers.download.LimitedDownloadHandler",
}
ITEM_PIPELINES = {
    "scrapers.pipelines.normalise.NormalisePipeline": 100,
    "scrapers.pipelines.validate.ValidatePipeline": 200,
    "scrapers.pipelines.unique.UniquePipeline": 300,
    "scrapers.pipelines.limit.LimitPipeline": 350,
    "scrapers.pipelines.store.StorePipeline": 400,
}
EXTENSIONS = {
    "scrapy.extensions.throttle.AutoThrottle": None,
    "scrapers.extensions.polite_throttle.PoliteThrottle": 0,
    "scrapers.extensions.crawl_record.CrawlRecord": 500,
}
LOG_LEVEL = "INFO"
