"""What a language must be able to say about the goods, and where the four vocabularies are found."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """One language's words for the codes in `listino.local.shops.kinds`, and its sentences.

    Sentences avoid agreeing with the noun, so that any good can stand in them. `kinds` gives the noun used in names and
    the name of the leaf category; `matters` gives the name of a material and the phrase that follows a noun;
    `labels` names features and variant attributes (the size attribute under the code of its scale).
    """

    shop_title: str
    departments: Mapping[str, str]
    kinds: Mapping[str, tuple[str, str]]
    colours: Mapping[str, str]
    matters: Mapping[str, tuple[str, str]]
    origins: Mapping[str, str]
    labels: Mapping[str, str]
    warranty: str
    presents: str
    slogans: tuple[str, ...]
    pitches: Mapping[str, tuple[str, ...]]
    closings: tuple[str, ...]
    flourishes: tuple[str, ...]
    ui: Mapping[str, str]
