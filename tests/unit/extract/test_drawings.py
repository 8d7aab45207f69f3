import pytest

from listino.extract import extract
from listino.extract.drawings import without_drawings


@pytest.mark.parametrize(
    ("page", "left"),
    [
        ("<p>19,90 €</p>", "<p>19,90 €</p>"),
        ('a<svg class="cart"><path d="M0 0"/></svg>b<svg/></svg>c', "abc"),
        ("a<svg><svg></svg></svg>b", "a<svg></svg>b"),
        ("a<svg>b", "a<svg>b"),
        ("a<svg class=x />b<p>c", "a<svg class=x />b<p>c"),
        ("<script>x = '<svg>'</script>b<svg></svg>", "<script>x = '<svg>'</script>b"),
        ("<svg><foreignObject><div>7 €</div></foreignObject></svg>", "<svg><foreignObject><div>7 €</div></foreignObject></svg>"),
        ("a<svg>" + "b" * 30_000 + "</svg>", "a<svg>" + "b" * 30_000 + "</svg>"),
    ],
)  # fmt: skip
def test_only_what_is_plainly_a_drawing_is_left_out(page: str, left: str) -> None:
    assert without_drawings(page) == left


@pytest.mark.parametrize(
    "icon", ["<svg><path/></svg>", "<svg/>", "<svg>", "<svg><svg></svg></svg>", "<script>'<svg>'</script>"]
)
def test_a_price_behind_an_icon_is_read(icon: str) -> None:
    page = f"<html lang=it><h1>Moka</h1><button>{icon}Carrello</button><p class=price>{icon}€ 19,90</p>"
    assert str(extract(page, "https://shop.example/p").price) == "19.90"
