import pytest

from listino.extract.text import decode_page, plain, plain_from_html

HTML = "text/html"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("caffè €".encode(), HTML),
        ("caffè €".encode(), None),
        ("caffè €".encode(), "text/html; charset=utf-8"),
        ("caffè €".encode("utf-8-sig"), HTML),
        ("caffè €".encode("utf-8-sig"), "text/html; charset=latin-1"),
        ("caffè €".encode("utf-16"), HTML),
        ("caffè €".encode("cp1252"), HTML),
        ("caffè €".encode("cp1252"), "text/html; charset=windows-1252"),
        # What servers call Latin-1 is Windows-1252, as browsers read it.
        ("caffè €".encode("cp1252"), "text/html; charset=ISO-8859-1"),
        ("caffè €".encode("iso-8859-15"), "text/html; charset=iso-8859-15"),
    ],
)
def test_pages_are_decoded_as_browsers_do(body: bytes, content_type: str | None) -> None:
    assert decode_page(body, content_type) == "caffè €"


@pytest.mark.parametrize(
    "element",
    ['<meta charset="iso-8859-1">', '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'],
)
def test_the_page_may_declare_its_encoding_itself(element: str) -> None:
    assert decode_page(f"{element}caffè".encode("latin-1"), HTML) == f"{element}caffè"


def test_bytes_of_no_encoding_raise_nothing() -> None:
    assert "x" in decode_page(b"\x00x\x80\x81\xff", "text/html; charset=nonsense")
    assert decode_page(b"", None) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, None), ("", None), (" \u00a0\n", None), (" a \u00a0\t b\u202fc ", "a b c")],
)
def test_white_space_is_folded(text: str | None, words: str | None) -> None:
    assert plain(text) == words


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (None, None),
        ("", None),
        ("<p></p>", None),
        ("<p>uno</p><p>due</p>", "uno due"),
        ("uno<br>due<br/>tre", "uno due tre"),
        ("<ul><li>uno<li>due</ul>", "uno due"),
        ("mo<b>k</b>a", "moka"),
        ("caff&egrave; &amp; t&egrave;", "caffè & tè"),
        ("<p>caff&egrave;</p>", "caffè"),
        ("edizione <limited> 5 < 6", "edizione <limited> 5 < 6"),
        ("<p>testo</p><script>track()</script><style>p{}</style>", "testo"),
        ("<script>track()</script>testo", "testo"),
    ],
)
def test_words_of_markup(markup: str | None, words: str | None) -> None:
    assert plain_from_html(markup) == words
