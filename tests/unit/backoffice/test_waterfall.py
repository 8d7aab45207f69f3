from backoffice.waterfall import waterfall_of
from listino.live.legs import Leg, Legs

LEGS = Legs(
    requested=1_000_000, queued=1_000_500, started=1_003_000, asked=1_004_000, answered=1_184_000, stored=1_192_000,
    delivered=1_200_000,
)  # fmt: skip


def test_each_leg_lies_on_one_scale() -> None:
    way = waterfall_of(LEGS)
    assert way is not None
    assert (way.total_ms, way.joined) == (200.0, False)
    assert [leg.name for leg in way.legs] == ["queued", "started", "asked", "answered", "stored", "delivered"]
    bars = {leg.name: (round(begins, 2), round(width, 2)) for leg, begins, width in way.bars}
    assert bars["answered"] == (2.0, 90.0)
    assert bars["queued"] == (0.0, 0.5), "what takes no time is seen all the same"
    assert way.legs[3] == Leg("answered", 4.0, 180.0)


def test_without_a_way_there_is_nothing_to_draw() -> None:
    assert waterfall_of(None) is None
    assert waterfall_of(Legs(requested=1)) is None
    joined = waterfall_of(Legs(queued=1, started=2))
    assert joined is not None
    assert joined.joined
