"""`listino extract`: what one page says of its product."""

import json
from dataclasses import asdict
from pathlib import Path

import click
import httpx2

from listino.domain.errors import InvalidValue, UnreadablePage
from listino.extract import extract as read_page
from listino.extract.text import decode_page
from listino.settings import load_settings
from listino.shops.unanswered import unanswered


@click.command(short_help="Read the offer out of a page.")
@click.argument("source", metavar="FILE_OR_URL")
@click.option(
    "--url", help="The page's address, if FILE_OR_URL is a file: relative links in it are resolved against it."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def extract(source: str, url: str | None, as_json: bool) -> None:
    """Show name, price, availability and the rest that the page FILE_OR_URL says of its product, and where it says so.

    \b
    Example:
      listino extract page.html --url https://shop.example/p/1
      listino extract https://shop.example/p/1 --json
    """
    html, address = _fetched(source) if source.startswith(("http://", "https://")) else (_read(Path(source)), url or "")
    page = read_page(html, address)
    found = {name: _shown(value) for name, value in asdict(page).items() if name != "sources"}
    if as_json:
        sources = {name: asdict(source) for name, source in page.sources.items()}
        click.echo(json.dumps(found | {"sources": sources}, indent=2, ensure_ascii=False))
        return
    if not page.sources:
        raise UnreadablePage(f"{source} shows no product: nothing on it looks like a name, a price or a code")
    for name, value in found.items():
        if value:
            found_in = page.sources.get(name)
            told = f"  [{found_in.name}, {found_in.sureness:.0%} sure]" if found_in else ""
            click.echo(f"{name:<13}{', '.join(value) if isinstance(value, list) else value}{told}")


def _read(path: Path) -> str:
    try:
        return decode_page(path.read_bytes(), None)
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read: {error.strerror}") from None


def _fetched(url: str) -> tuple[str, str]:
    headers = {"User-Agent": load_settings().user_agent}
    try:
        answer = httpx2.get(url, headers=headers, follow_redirects=True, timeout=20)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise unanswered(error, url) from None
    if not answer.is_success:
        raise UnreadablePage(f"{url} cannot be fetched: it answered {answer.status_code}")
    return decode_page(answer.content, answer.headers.get("content-type")), str(answer.url)


def _shown(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, str) else str(value)
