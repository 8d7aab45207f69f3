"""Currencies as shops write them: signs, words and ISO 4217 codes, and what is peculiar to each in print."""

from collections.abc import Mapping
from typing import Final

# How a sign is found in a text: one character, or a dollar with the letters of its country.
SYMBOL: Final = r"(?:[\u20a0-\u20cf£¥￡￥฿֏円元원]|[A-Za-z]{0,3}\$(?:[ \u00a0]?(?:US|CA)\b)?)"

# Signs and abbreviations that mean one currency, in exactly this case: a "ft" is a foot and a "km" is a distance.
_EXACT: Final[Mapping[str, str]] = {
    "€": "EUR", "£": "GBP", "￡": "GBP", "₽": "RUB", "₺": "TRY", "₴": "UAH", "₹": "INR", "₫": "VND", "₩": "KRW",
    "₪": "ILS", "₱": "PHP", "฿": "THB", "₸": "KZT", "₼": "AZN", "₾": "GEL", "֏": "AMD", "₦": "NGN", "₡": "CRC", "₲": "PYG",
    "円": "JPY", "원": "KRW", "$": "USD", "US$": "USD", "U$": "USD", "$US": "USD", "$ US": "USD", "R$": "BRL", "NT$": "TWD", "A$": "AUD",
    "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "$CA": "CAD", "$ CA": "CAD", "HK$": "HKD", "S$": "SGD", "NZ$": "NZD", "MX$": "MXN",
    "Ft": "HUF", "FT": "HUF", "Fr.": "CHF", "SFr.": "CHF", "sFr.": "CHF", "TL": "TRY", "Rp": "IDR", "Rp.": "IDR",
    "RM": "MYR", "RMB": "CNY", "kn": "HRK", "din": "RSD", "din.": "RSD", "đ": "VND", "Đ": "VND", "р.": "RUB", "Р.": "RUB",
    # These codes are English or Slavic words in small letters.
    "ALL": "ALL", "BAM": "BAM", "GEL": "GEL", "MAD": "MAD", "TRY": "TRY", "SEK": "SEK", "COP": "COP",
}  # fmt: skip
# Words and codes that mean one currency in any case, without the full stop of an abbreviation.
_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("euro", "euros", "eura", "eur", "евро", "ευρώ", "євро"), "EUR"),
    **dict.fromkeys(("kč", "czk"), "CZK"),
    **dict.fromkeys(("zł", "pln", "zloty", "złoty", "złote", "złotych"), "PLN"),
    **dict.fromkeys(("руб", "рубль", "рубля", "рублей", "rub"), "RUB"),
    **dict.fromkeys(("грн", "гривень", "гривня", "гривні", "uah"), "UAH"),
    **dict.fromkeys(("лв", "лева", "bgn"), "BGN"),
    **dict.fromkeys(("lei", "leu", "ron"), "RON"),
    **dict.fromkeys(("дин", "рсд", "rsd"), "RSD"),
    **dict.fromkeys(("ден", "денари", "mkd"), "MKD"),
    **dict.fromkeys(("forint", "huf"), "HUF"),
    **dict.fromkeys(("franken", "chf", "sfr"), "CHF"),
    **dict.fromkeys(("kuna", "hrk"), "HRK"),
    **dict.fromkeys(("lek", "lekë"), "ALL"),
    **dict.fromkeys(("тг", "тенге", "kzt"), "KZT"),
    **dict.fromkeys(("vnd", "vnđ"), "VND"),
    **dict.fromkeys(("reais", "brl"), "BRL"),
    "kronor": "SEK",
    # Codes that are no words: Europe's and its neighbours', the large others, and those the euro replaced.
    **{
        code.lower(): code
        for code in (
            "GBP", "USD", "DKK", "NOK", "ISK", "MDL", "BYN", "AZN", "AMD", "GIP", "JPY", "CNY", "KRW",
            "INR", "IDR", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD", "THB", "MYR", "PHP", "MXN", "ARS",
            "CLP", "PYG", "ZAR", "AED", "SAR", "QAR", "KWD", "BHD", "OMR", "JOD", "TND", "ILS", "EGP",
            "NGN", "UZS", "ATS", "BEF", "DEM", "EEK", "ESP", "FIM", "FRF", "GRD", "IEP", "ITL", "LTL",
            "LUF", "LVL", "NLG", "PTE", "SIT", "SKK",
        )
    },
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
_LONE_SIGNS: Final = frozenset("¥￥元₤₶₧₣")
# Where a sign is a word of the language: feet, tea spoons ("2 TL Zucker"), the Italian for "her".
_A_WORD_IN: Final[Mapping[str, frozenset[str]]] = {
    "Ft": frozenset({"en"}),
    "FT": frozenset({"en"}),
    "TL": frozenset({"de"}),
    "lei": frozenset({"it"}),
}
# An amount in these is whole in every shop: their minor units are worth nothing or do not exist.
WITHOUT_CENTS: Final = frozenset((
    "ALL", "AMD", "CLP", "COP", "ESP", "HUF", "IDR", "ISK", "ITL", "JPY", "KRW", "KZT", "PYG", "RSD", "UZS",
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
    bare = name.rstrip(".")
    code = _EXACT.get(name) or _EXACT.get(bare) or _WORDS.get(bare.casefold())
    if code is None and name.endswith("$"):
        code = "USD"
    if language is None:
        return code
    spoken = language[:2].lower()
    if code is None:
        return _BY_LANGUAGE.get(bare.casefold(), {}).get(spoken)
    return None if spoken in _A_WORD_IN.get(bare, ()) else code


def is_shared_sign(name: str) -> bool:
    """Whether this is the sign of a currency, though it does not say of which ("kr", "¥", "₶")."""
    bare = name.rstrip(".")
    return bare.casefold() in ("kr", "kroner") or bare[-1:] in _LONE_SIGNS
