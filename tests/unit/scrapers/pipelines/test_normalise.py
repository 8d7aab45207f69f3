from dataclasses import replace

import pytest

from listino.domain.offer import Photo
from scrapers.items import ScrapedGoods
from scrapers.pipelines.normalise import NormalisePipeline


def normalised(item: ScrapedGoods, **changes: object) -> ScrapedGoods:
    item.goods = replace(item.goods, **changes)  # type: ignore[arg-type]
    return NormalisePipeline().process_item(item)


def test_white_space_is_cleaned(item: ScrapedGoods) -> None:
    goods = normalised(
        item, sku=" 1 ", name="\u00a0Camicia \n di lino ", brand=" ", category="", slogan="\t", description=" a  b "
    ).goods
    assert (goods.sku, goods.name, goods.description) == ("1", "Camicia di lino", "a b")
    assert (goods.brand, goods.category, goods.slogan) == (None, None, None)


@pytest.mark.parametrize(
    ("code", "gtin"),
    [("4006381333931", "4006381333931"), ("4006381333930", None), ("12", None), ("", None), (None, None)],
)
def test_a_code_with_a_wrong_check_digit_is_no_code(code: str | None, gtin: str | None, item: ScrapedGoods) -> None:
    assert normalised(item, gtin=code).goods.gtin == gtin


def test_each_photo_and_each_related_product_once(item: ScrapedGoods) -> None:
    photo, other = Photo(url="a", thumbnail_url="a"), Photo(url="b", thumbnail_url="b")
    goods = normalised(item, photos=(photo, other, photo), related=("2", "8411", "3", "2")).goods
    assert goods.photos == (photo, other)
    assert goods.related == ("2", "3"), "nor is a product related to itself"


def test_the_offer_is_left_alone(item: ScrapedGoods) -> None:
    before = item.goods
    assert normalised(item).goods == before
