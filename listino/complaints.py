"""What pydantic finds wrong with settings and declarations, in the words of somebody who has never heard of it."""

from collections.abc import Collection
from difflib import get_close_matches

from pydantic_core import ErrorDetails

# By pydantic's own names of the errors (docs.pydantic.dev/latest/errors/validation_errors); braces: its context.
_WORDS = {
    "missing": "is missing",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must have {min_length} characters or more",
    "too_short": "must have {min_length} characters or more",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "decimal_max_places": "must have at most {decimal_places} decimal places",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "value_error": "{error}",
}


def in_words(detail: ErrorDetails) -> str:
    """What is wrong with a value, without its name."""
    words = _WORDS.get(detail["type"])
    return words.format(**detail.get("ctx", {})) if words else detail["msg"]


def unknown_key(key: str, known: Collection[str]) -> str:
    """What to say of a key that nobody knows."""
    return f"unknown key `{key}`{meant(key, known)}; known keys: {', '.join(known)}"


def none_of(value: str, allowed: Collection[str]) -> str:
    """What to say of a value that is none of the allowed ones."""
    return f"{value!r} is none of {', '.join(allowed)}{meant(value, allowed)}"


def meant(word: str, known: Collection[str], prefix: str = "") -> str:
    """` (did you mean …?)` where one of the known words is like it, whatever its case; else nothing. `prefix`: what all of
    them begin with, which would make any two alike."""
    spelt = {each.lower(): each for each in known}
    close = get_close_matches(word.lower(), spelt, n=1)
    return f" (did you mean `{prefix}{spelt[close[0]]}`?)" if close else ""
