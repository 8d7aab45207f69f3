"""Photos and the style sheet: small drawings made from a good's colours and its initial, the same on every start."""

import re
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listino.local.shops.answers import answer
from listino.local.shops.article import Article
from listino.local.shops.catalogue import Catalogue
from listino.local.shops.kinds import COLOURS

_ACCENTS = {"it": "#b4432f", "fr": "#2f4bb4", "de": "#1f6f54", "es": "#b47a12"}
_FILE = re.compile(r"(?P<reference>[A-Z]{3}-[0-9]{5,9})-(?P<number>[1-9])(?P<thumb>-thumb)?\.svg")
_STYLE = """:root{--accent:%s}*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1f2328;background:#faf9f6}
header,footer{padding:1rem 2rem;background:#fff;border-bottom:3px solid var(--accent)}main{max-width:64rem;margin:0 auto;padding:2rem}
.logo{font-size:1.6rem;font-weight:700;color:var(--accent);text-decoration:none}nav a{margin-right:1rem;color:inherit}
.notice,small{color:#656d76;font-size:.85rem}.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:1rem}
.card{background:#fff;padding:1rem;border-radius:.75rem;box-shadow:0 1px 3px #0002}.card h3{font-size:1rem;margin:.5rem 0}
nav ol{display:flex;gap:1rem;list-style:none;padding:0}img{max-width:100%%;height:auto;border-radius:.5rem}del,s{color:#8c959f}strong,.price,.current-price,.precio{color:var(--accent)}
a{color:var(--accent)}footer{border:0;border-top:1px solid #d0d7de;color:#656d76}
"""


class Media:
    """Serves `/media/<reference>-<n>.svg`, `…-<n>-thumb.svg` and the style sheet; goods that are gone keep their photos."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def routes(self) -> list[Route]:
        return [Route("/media/shop.css", self.style), Route("/media/{file}", self.photo)]

    async def style(self, request: Request) -> Response:
        css = _STYLE % _ACCENTS[self._catalogue.market]
        return answer(request, css.encode(), "text/css; charset=utf-8", headers={"cache-control": "max-age=3600"})

    async def photo(self, request: Request) -> Response:
        match = _FILE.fullmatch(request.path_params["file"])
        index = self._catalogue.front.index_of_key(match["reference"]) if match else None
        if match is None or index is None or not (self._catalogue.is_live(index) or self._catalogue.is_gone(index)):
            return Response(status_code=404)
        article = self._catalogue.article(index)
        number = int(match["number"])
        if number > article.good.photo_count:
            return Response(status_code=404)
        svg = draw(article, number, 160 if match["thumb"] else 800)
        return answer(request, svg.encode(), "image/svg+xml", headers={"cache-control": "max-age=3600"})


def draw(article: Article, number: int, size: int) -> str:
    """The numbered photo as a square SVG with an edge of `size` pixels: a gradient, a soft shape, and the good's initial."""
    good = article.good
    names = good.colours or (list(COLOURS)[(good.number * 5) % len(COLOURS)],)
    light, dark = COLOURS[names[(number - 1) % len(names)]]
    tilt = 15 + (good.number * 37 + number * 53) % 60
    ink = "#3b3a36" if light == COLOURS["white"][0] else "#ffffff"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 100 100" role="img">'
        f"<title>{escape(good.name)}</title>"
        f'<defs><linearGradient id="g" gradientTransform="rotate({tilt})"><stop stop-color="{light}"/>'
        f'<stop offset="1" stop-color="{dark}"/></linearGradient></defs><rect width="100" height="100" fill="url(#g)"/>'
        f'<circle cx="{tilt + 12}" cy="{88 - tilt}" r="{26 + number * 4}" fill="{ink}" opacity=".12"/>'
        f'<text x="50" y="54" font-family="Georgia,serif" font-size="46" fill="{ink}" text-anchor="middle" '
        f'dominant-baseline="middle">{escape(good.name[0])}</text>'
        f'<text x="92" y="94" font-size="6" fill="{ink}" opacity=".7" text-anchor="end">{number}</text></svg>'
    )
