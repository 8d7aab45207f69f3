import pytest

from listino.shops.options import style_and_size


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ("", "")),
        ([("Colore", "Rosso"), ("Taglia", "M")], ("Rosso", "M")),
        ([("Taglia", "M"), ("Colore", "Rosso")], ("Rosso", "M")),
        ([("Couleur", "Bleu")], ("Bleu", "")),
        ([("FARBE ", "Blau"), ("Größe", "XL")], ("Blau", "XL")),
        ([("Color", "Azul"), ("Estampado", "Rayas"), ("Talla", "38")], ("Azul / Rayas", "38")),
        ([("Peso", "1 kg"), ("Macinatura", "fine")], ("", "1 kg / fine")),
        ([("Title", "Default Title")], ("", "")),
        ([("Colore", ""), ("Taglia", "M")], ("", "M")),
        ([("", "M")], ("", "M")),
    ],
)
def test_looks_make_styles_and_all_else_sizes(options: list[tuple[str, str]], found: tuple[str, str]) -> None:
    assert style_and_size(options) == found
