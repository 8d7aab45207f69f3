"""What the demo shops sell, before any language: kinds of goods, colours, size scales, brands and model names.

All brands and models are invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

DEPARTMENTS = ("shoes", "bags", "coffee", "home", "kitchen", "toys", "books", "tools")

# Size scales in the order a shop lists them; a good offers a run of neighbours out of its scale.
SCALES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "shoe": ("36", "37", "38", "39", "40", "41", "42", "43", "44", "45"),
        "letter": ("S", "M", "L", "XL"),
        "pack": ("250 g", "500 g", "1 kg"),
        "diameter": ("Ø 20 cm", "Ø 24 cm", "Ø 28 cm", "Ø 32 cm"),
        "area": ("130 × 170 cm", "150 × 200 cm", "180 × 220 cm"),
    }
)

# Colour codes and how the photos paint them (two stops of a gradient).
COLOURS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "red": ("#e5484d", "#8c1d2b"),
        "blue": ("#4f8ef7", "#1b3a8a"),
        "green": ("#46a758", "#14532d"),
        "black": ("#5b5f66", "#16181c"),
        "white": ("#fbfaf7", "#cfcac0"),
        "brown": ("#b07d54", "#5a3825"),
        "grey": ("#b3b9c2", "#646b76"),
        "yellow": ("#ffd84d", "#c98a00"),
        "orange": ("#ff9f4a", "#b4480c"),
        "pink": ("#f7a8c4", "#b83a6f"),
        "turquoise": ("#5fd3c8", "#0f766e"),
        "violet": ("#b08cf0", "#4c2a96"),
    }
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of goods: its department, price span in whole euros, size scale, materials and weight span in grams.

    `scale` is empty where the kind comes in one size, `coloured` says whether it comes in colours; a kind with neither
    never has variants. `matter` names the feature that `matters` are values of (a material, a variety, a binding).
    """

    code: str
    department: str
    price: tuple[int, int]
    weight: tuple[int, int]
    matters: tuple[str, ...]
    scale: str = ""
    coloured: bool = False
    matter: str = "material"

    @property
    def varies(self) -> bool:
        return bool(self.scale) or self.coloured


KINDS: tuple[Kind, ...] = (
    Kind("sneaker", "shoes", (39, 169), (450, 900), ("leather", "canvas", "suede"), "shoe", True),
    Kind("boot", "shoes", (79, 289), (800, 1600), ("leather", "suede"), "shoe", True),
    Kind("sandal", "shoes", (24, 99), (250, 600), ("leather", "cork"), "shoe", True),
    Kind("handbag", "bags", (49, 420), (350, 1100), ("leather", "canvas", "felt"), "", True),
    Kind("backpack", "bags", (39, 189), (500, 1500), ("canvas", "nylon"), "", True),
    Kind("suitcase", "bags", (89, 1290), (2200, 4800), ("aluminium", "nylon"), "letter", True),
    Kind("beans", "coffee", (6, 24), (250, 250), ("arabica", "blend"), "pack", False, "variety"),
    Kind("tea", "coffee", (5, 29), (250, 250), ("green_tea", "black_tea"), "pack", False, "variety"),
    Kind("espresso", "coffee", (199, 2490), (4500, 14000), ("steel", "aluminium"), "", True),
    Kind("lamp", "home", (29, 340), (700, 4200), ("brass", "glass", "oak"), "", True),
    Kind("blanket", "home", (29, 179), (900, 2400), ("wool", "cotton"), "area", True),
    Kind("armchair", "home", (349, 1890), (14000, 32000), ("oak", "leather", "felt"), "", True),
    Kind("pan", "kitchen", (19, 149), (700, 2900), ("steel", "iron", "copper"), "diameter"),
    Kind("knife", "kitchen", (15, 220), (90, 320), ("steel", "damascus")),
    Kind("mug", "kitchen", (6, 28), (250, 450), ("porcelain", "stoneware"), "", True),
    Kind("teddy", "toys", (12, 69), (200, 900), ("plush", "cotton"), "letter", True),
    Kind("puzzle", "toys", (8, 49), (400, 1600), ("cardboard", "beech")),
    Kind("train", "toys", (19, 129), (600, 3200), ("beech", "tin")),
    Kind("cookbook", "books", (12, 49), (500, 1400), ("hardcover", "paperback"), matter="binding"),
    Kind("guide", "books", (9, 29), (250, 600), ("paperback",), matter="binding"),
    Kind("novel", "books", (9, 27), (250, 700), ("hardcover", "paperback"), matter="binding"),
    Kind("drill", "tools", (49, 390), (1100, 3400), ("steel",), "", True),
    Kind("screwdrivers", "tools", (12, 119), (300, 1900), ("steel", "beech")),
    Kind("shears", "tools", (14, 89), (250, 1200), ("steel", "aluminium"), "", True),
)

BRANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "shoes": ("Passolento", "Nordwind", "Le Corsaire", "Caminante", "Öland"),
        "bags": ("Valigeria Sforza", "Müller & Töchter", "L'Étoile d'Or", "Talabartería Vega"),
        "coffee": ("Torrefazione Adria", "Rösthaus Elbe", "Brûlerie du Canal", "Cafés Señorío"),
        "home": ("Casa Lume", "Waldlicht", "Maison Perrault", "Hogar & Cía"),
        "kitchen": ("Officina Rame", "Klingenwerk", "Le Billot", "Fogón"),
        "toys": ("Trottolino", "Bärenbande", "Petit Tambour", "Duendecillo"),
        "books": ("Edizioni Faro", "Verlag am Wehr", "Éditions du Lierre", "Editorial Añil"),
        "tools": ("Ferraris & Figli", "Werkhof", "Outillage Garnier", "Herrería Sanz"),
    }
)

MODELS: tuple[str, ...] = (
    "Aurora", "Nimbus", "Vela", "Luna", "Terra", "Nora", "Arlo", "Mistral", "Brio", "Zenit", "Salina", "Orion",
    "Tessa", "Fjord", "Rialto", "Ardea", "Montblanc", "Sirocco", "Lyra", "Bruma", "Corallo", "Kiruna", "Delfi", "Estela",
)  # fmt: skip

ORIGINS = ("IT", "FR", "DE", "ES", "PT")


def kinds_of(department: str) -> tuple[Kind, ...]:
    """The kinds a department sells, in the order its page names them."""
    return tuple(kind for kind in KINDS if kind.department == department)
