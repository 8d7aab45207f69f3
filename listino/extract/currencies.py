"""Currencies as shops write them: signs, words and ISO 4217 codes, and what is peculiar to each in print."""

from collections.abc import Mapping
from typing import Final

# How a sign is found in a text: one character, or a dollar with the letters of its country.
SYMBOL: Final = (
    r"(?:[\u20a0-\u20cf£¥￡￥฿֏円元원]|(?<![A-Za-z])(?:US|AU|NZ|C) \$|[A-Za-z]{0,3}\$(?:[ \u00a0]?(?:US|CA)\b)?)"
)

# Signs and abbreviations that mean one currency, in exactly this case: a "ft" is a foot and a "km" is a distance.
_EXACT: Final[Mapping[str, str]] = {
    "€": "EUR", "£": "GBP", "￡": "GBP", "₽": "RUB", "₺": "TRY", "₴": "UAH", "₹": "INR", "₫": "VND", "₩": "KRW",
    "₪": "ILS", "₱": "PHP", "฿": "THB", "₸": "KZT", "₼": "AZN", "₾": "GEL", "֏": "AMD", "₦": "NGN", "₡": "CRC", "₲": "PYG",
    "円": "JPY", "원": "KRW", "$": "USD", "US$": "USD", "U$": "USD", "$US": "USD", "$ US": "USD", "R$": "BRL", "NT$": "TWD", "A$": "AUD",
    "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "$CA": "CAD", "$ CA": "CAD", "HK$": "HKD", "S$": "SGD", "NZ$": "NZD", "MX$": "MXN",
    "Ft": "HUF", "Fr.": "CHF", "SFr.": "CHF", "sFr.": "CHF", "TL": "TRY", "Rp": "IDR", "Rp.": "IDR",
    "US $": "USD", "AU $": "AUD", "NZ $": "NZD", "RMB": "CNY", "kn": "HRK", "din": "RSD", "din.": "RSD", "đ": "VND", "Đ": "VND", "р.": "RUB", "Р.": "RUB",
    # Codes stand in capitals: Europe's and its neighbours', the large others, and some that the euro replaced.
    **{code: code for code in (
        "EUR", "GBP", "CHF", "ALL", "AMD", "AZN", "BAM", "BGN", "BYN", "CZK", "DKK", "GEL", "GIP", "HRK", "HUF", "ISK", "KZT",
        "MDL", "MKD", "NOK", "PLN", "RON", "RSD", "RUB", "SEK", "TRY", "UAH", "USD", "AED", "ARS", "AUD", "BHD", "BRL", "CAD",
        "CLP", "CNY", "COP", "EGP", "HKD", "IDR", "ILS", "INR", "JOD", "JPY", "KRW", "KWD", "MAD", "MXN", "MYR", "NGN", "NZD",
        "OMR", "PHP", "PYG", "QAR", "SAR", "SGD", "THB", "TND", "TWD", "UZS", "VND", "ZAR", "DEM", "FRF", "ITL", "LTL", "LVL",
        "NLG", "PTE", "SKK",
    )},
}  # fmt: skip
# Words and codes that mean one currency in any case, without the full stop of an abbreviation.
_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("euro", "euros", "eura", "eur", "евро", "ευρώ", "євро"), "EUR"),
    **dict.fromkeys(("kč", "czk"), "CZK"),
    **dict.fromkeys(("zł", "pln", "zloty", "złoty", "złote", "złotych"), "PLN"),
    **dict.fromkeys(("руб", "рубль", "рубля", "рублей"), "RUB"),
    **dict.fromkeys(("грн", "гривень", "гривня", "гривні", "uah"), "UAH"),
    **dict.fromkeys(("лв", "лева", "bgn"), "BGN"),
    **dict.fromkeys(("lei", "leu"), "RON"),
    **dict.fromkeys(("дин", "рсд"), "RSD"),
    **dict.fromkeys(("ден", "денари"), "MKD"),
    **dict.fromkeys(("franken", "chf", "sfr"), "CHF"),
    **dict.fromkeys(("тг", "тенге"), "KZT"),
    **dict.fromkeys(("vnd", "vnđ"), "VND"),
    "forint": "HUF", "kuna": "HRK", "reais": "BRL", "lekë": "ALL", "kronor": "SEK",
    # Codes that no language has as a word: shops write them small, too ("dem" and "ron" are German and Spanish words).
    **{code.lower(): code for code in ("GBP", "USD", "DKK", "NOK")},
}  # fmt: skip
# Signs that several currencies share: the page's language tells, and nothing else does.
_BY_LANGUAGE: Final[Mapping[str, Mapping[str, str]]] = {
    "kr": {"sv": "SEK", "no": "NOK", "nb": "NOK", "nn": "NOK", "da": "DKK", "is": "ISK"},
    "kroner": {"no": "NOK", "nb": "NOK", "nn": "NOK", "da": "DKK"},
    "km": {"bs": "BAM", "hr": "BAM", "sr": "BAM"},
    "br": {"be": "BYN", "ru": "BYN", "am": "ETB"},
    "¥": {"ja": "JPY", "zh": "CNY"},
    "￥": {"ja": "JPY", "zh": "CNY"},
    "元": {"zh": "CNY"},
    "rs": {"hi": "INR", "ta": "INR", "te": "INR", "ur": "PKR", "si": "LKR"},
}
# Whose dollar or peso a bare "$" is where the language says its region; elsewhere it is that of the United States.
_DOLLAR_OF: Final[Mapping[str, str]] = {
    "AR": "ARS", "AU": "AUD", "CA": "CAD", "CL": "CLP", "CO": "COP", "HK": "HKD", "MX": "MXN", "NZ": "NZD",
    "SG": "SGD", "TW": "TWD", "UY": "UYU",
}  # fmt: skip
_LONE_SIGNS: Final = frozenset("¥￥元₤₶₧₣")
# Where a sign is a word of the language: feet, tea spoons ("2 TL Zucker"), the Italian for "her".
_A_WORD_IN: Final[Mapping[str, frozenset[str]]] = {
    "Ft": frozenset({"en"}),
    "TL": frozenset({"de"}),
    "lei": frozenset({"it"}),
}
# Words, norms, models and programs, too ("DIN 912", "CAD 2024"): before a bare number they are no currency.
DOUBTFUL_BEFORE: Final = frozenset((
    "ALL", "ARS", "BAM", "CAD", "COP", "DEM", "Ft", "GEL", "MAD", "RON", "SAR", "TL", "TRY", "din", "din.", "kn", "lei", "Lei", "LEI",
))  # fmt: skip
# What makes a plain dollar sign precise: "$12.90 CAD".
DOLLARS: Final = frozenset(("ARS", "AUD", "BRL", "CAD", "CLP", "COP", "HKD", "MXN", "NZD", "SGD", "TWD"))
# An amount in these is whole in every shop: their minor units are worth nothing or do not exist.
WITHOUT_CENTS: Final = frozenset((
    "ALL", "AMD", "CLP", "COP", "HUF", "IDR", "ISK", "ITL", "JPY", "KRW", "KZT", "PYG", "RSD", "UZS",
    "VND",
))  # fmt: skip
# Their minor unit is the thousandth (ISO 4217), so that three digits after a mark are common.
OF_THOUSANDTHS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# At home these are written with a decimal point, whatever the language of the page around them.
WITH_POINT: Final = frozenset((
    "USD", "GBP", "CHF", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD", "MXN", "CNY", "INR", "ILS", "THB", "PHP",
    "MYR",
))  # fmt: skip


def currency_named(name: str, language: str | None = None) -> str | None:
    """The ISO 4217 code of one sign, word or code as written ("Kč", "руб.", "eur"); None if it is none or means several.

    `kr`, `¥` and the like mean several; a language (BCP 47) that uses one of them decides.
    """
    code = _EXACT.get(name)
    if name == "$" and language is not None and "-" in language:
        return _DOLLAR_OF.get(language[-2:].upper(), code)
    if code is not None and name not in _A_WORD_IN:
        return code
    bare = name.rstrip(".")
    folded = bare.casefold()
    spoken = "" if language is None else language[:2].lower()
    if spoken in _A_WORD_IN.get(bare, ()):
        return None
    code = code or _EXACT.get(bare) or _WORDS.get(folded) or _BY_LANGUAGE.get(folded, {}).get(spoken)
    # "C $" is Canadian, or the end of "USB-C $12"; any other letters before a dollar sign are the end of a word.
    return "USD" if code is None and name.endswith("$") and name != "C $" else code


def is_shared_sign(name: str) -> bool:
    """Whether this is the sign of a currency, though it does not say of which ("kr", "¥", "₶")."""
    bare = name.rstrip(".")
    return bare.casefold() in ("kr", "kroner", "c $") or bare[-1:] in _LONE_SIGNS
