from typing import Any

import pytest
from parsel import Selector


@pytest.mark.parametrize("market", ["it", "fr", "de", "es"])
def test_every_photo_is_served(open_shop: Any, market: str) -> None:
    shop = open_shop(market, count=40)
    products = list(shop.catalogue.truth().values())
    addresses = {photo.url for product in products for photo in product.photos}
    addresses |= {photo.thumbnail_url for product in products for photo in product.photos}
    addresses |= {photo for product in products for variant in product.offer.variants for photo in variant.photos}
    assert len(addresses) >= 60
    for address in addresses:
        answer = shop.client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        drawing = Selector(answer.text, type="xml")
        drawing.remove_namespaces()
        assert drawing.xpath("name(/*)").get() == "svg"


def test_a_thumbnail_is_smaller(open_shop: Any) -> None:
    shop = open_shop("it", count=5)
    photo = next(iter(shop.catalogue.truth().values())).photos[0]
    assert 'width="800"' in shop.client.get(photo.url).text
    assert 'width="160"' in shop.client.get(photo.thumbnail_url).text


@pytest.mark.parametrize("file", ["BOT-00105-9.svg", "BOT-99999-1.svg", "MER-00105-1.svg", "x.svg", "BOT-00105-1.png"])
def test_no_other_file_is_served(open_shop: Any, file: str) -> None:
    assert open_shop("it").client.get(f"/media/{file}").status_code == 404
