"""Settings of the Scrapy project. What differs from machine to machine is in LISTINO_* variables instead."""

BOT_NAME = "listino"
SPIDER_MODULES = ["scrapers.spiders"]
NEWSPIDER_MODULE = "scrapers.spiders"
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

# Items of one answer that go through the pipelines at a time. An answer holds one product; for each answer Scrapy starts
# as many tasks as are allowed here.
CONCURRENT_ITEMS = 2

# USER_AGENT is set by MarketSpider from LISTINO_CONTACT. RobotsMiddleware obeys, in the place of Scrapy's own.
ROBOTSTXT_OBEY = True
ASYNCIO_EVENT_LOOP = "uvloop.Loop"
COOKIES_ENABLED = False
# What no platform of ours needs, and every answer would pay for.
METAREFRESH_ENABLED = False
REFERER_ENABLED = False
HTTPPROXY_ENABLED = False
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
}
TELNETCONSOLE_ENABLED = False
REDIRECT_MAX_TIMES = 5
DOWNLOAD_TIMEOUT = 30  # seconds
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024  # bytes; a sitemap may hold 50 MB

# When a request is sent, and how many at a time, is decided by the budget of its host: see PoliteDownloadHandler.
DOWNLOAD_DELAY = 0

# 429 and 503 are the business of BackOffMiddleware.
RETRY_TIMES = 3
RETRY_HTTP_CODES = [500, 502, 504, 522, 524, 408]

DOWNLOADER_MIDDLEWARES = {
    "scrapers.middlewares.declared_hosts.DeclaredHostsMiddleware": 50,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapers.middlewares.robots.RobotsMiddleware": 100,
    "scrapers.middlewares.back_off.BackOffMiddleware": 540,
}
DOWNLOAD_HANDLERS = {
    "http": "scrapers.download.PoliteDownloadHandler",
    "https": "scrapers.download.PoliteDownloadHandler",
}
ITEM_PIPELINES = {
    "scrapers.pipelines.normalise.NormalisePipeline": 100,
    "scrapers.pipelines.validate.ValidatePipeline": 200,
    "scrapers.pipelines.unique.UniquePipeline": 300,
    "scrapers.pipelines.limit.LimitPipeline": 350,
    "scrapers.pipelines.store.StorePipeline": 400,
}
EXTENSIONS = {
    "scrapers.extensions.crawl_record.CrawlRecord": 500,
}
LOG_LEVEL = "INFO"
