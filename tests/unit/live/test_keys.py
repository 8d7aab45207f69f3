import pytest

from listino.domain.errors import InvalidValue
from listino.live.keys import ShopKeys, shop_key


def test_all_keys_of_a_shop_share_its_hash_tag() -> None:
    keys = ShopKeys("it:bottega")
    made = [keys.waiting, keys.drain, keys.flight("it:bottega:1"), keys.answer("it:bottega:1")]
    assert made == [
        "live:{it:bottega}:waiting",
        "live:{it:bottega}:drain",
        "live:{it:bottega}:flight:it:bottega:1",
        "live:{it:bottega}:answer:it:bottega:1",
    ]


def test_the_shop_of_a_product() -> None:
    assert shop_key("it:bottega:a%3Ab") == "it:bottega"
    with pytest.raises(InvalidValue):
        shop_key("5")
