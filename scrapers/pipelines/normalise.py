"""Cleans what shops write: white space, repeated photos, codes that are no codes."""

from dataclasses import replace

from stdnum import ean

from listino.extract.text import plain
from scrapers.items import ScrapedGoods


class NormalisePipeline:
    """Leaves out what is no value (a GTIN with a wrong check digit); it never makes one up."""

    def process_item(self, item: ScrapedGoods) -> ScrapedGoods:
        goods = item.goods
        item.goods = replace(
            goods,
            sku=goods.sku.strip(),
            name=plain(goods.name) or "",
            brand=plain(goods.brand),
            category=plain(goods.category),
            slogan=plain(goods.slogan),
            description=plain(goods.description),
            gtin=goods.gtin if goods.gtin and ean.is_valid(goods.gtin) else None,
            photos=tuple({photo.url: photo for photo in goods.photos}.values()),
            related=tuple(dict.fromkeys(key for key in goods.related if key != goods.sku)),
        )
        return item
