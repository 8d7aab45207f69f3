import pytest

from listino.domain.errors import InvalidValue
from listino.live.keys import ShopKeys, shop_key


def test_all_keys_of_a_shop_share_its_hash_tag() -> None:
    keys = ShopKeys("it:bottega")
    assert keys.answer("it:bottega:1") == "live:{it:bottega}:answer:it:bottega:1"
    *of_the_shop, of_all = keys.queue
    assert len(of_the_shop) == len(set(of_the_shop)) == 8
    assert {key.rpartition(":")[0] for key in of_the_shop} == {"live:{it:bottega}"}
    assert of_all == "live:drains"


def test_the_shop_of_a_product() -> None:
    assert shop_key("it:bottega:a%3Ab") == "it:bottega"
    with pytest.raises(InvalidValue):
        shop_key("5")
