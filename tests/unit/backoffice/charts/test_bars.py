from xml.etree import ElementTree

from backoffice.charts.bars import Bar, bar_chart


def drawing(*bars: Bar) -> ElementTree.Element:
    drawn = bar_chart(bars, told='What "they" are')
    assert drawn is not None
    return ElementTree.fromstring(drawn)  # noqa: S314  # our own drawing


def test_where_there_is_nothing_nothing_is_drawn() -> None:
    assert bar_chart([], told="none") is None
    assert bar_chart([Bar("a", 0, "0"), Bar("b", 0, "0")], told="none") is None


def test_bars_are_as_long_as_their_share_of_the_longest() -> None:
    root = drawing(Bar("a", 200, "200"), Bar("b", 50, "50"), Bar("c", 0, "0"))

    fills = [bar.get("width") for bar in root.iter("rect") if bar.get("class") == "bar-fill"]
    assert fills == ["100.00%", "25.00%", "0.00%"]
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'What "they" are'
    assert not [element for element in root.iter() if "style" in element.attrib]


def test_bars_lie_below_each_other_within_the_drawing() -> None:
    root = drawing(*(Bar(str(place), place, "") for place in range(1, 11)))

    tops = [int(bar.get("y", "")) for bar in root.iter("rect") if bar.get("class") == "bar-fill"]
    assert tops == sorted(set(tops))
    assert tops[-1] + int(root.find("rect").get("height", "")) == int(root.get("height", ""))  # type: ignore[union-attr]  # there are ten


def test_a_name_is_text_and_a_long_one_keeps_its_end() -> None:
    root = drawing(Bar("<script>alert(1)</script>", 1, "1"), Bar("/products/it:bottega:" + 30 * "0" + "3020", 1, "1"))

    names = [text.text for text in root.iter("text") if text.get("class") == "bar-name"]
    assert names[0] == "<script>alert(1)</script>"
    assert len(names[1] or "") == 30
    assert (names[1] or "").startswith("/products")
    assert (names[1] or "").endswith("003020")
