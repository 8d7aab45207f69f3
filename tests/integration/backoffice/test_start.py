from flask import Flask

from listino.settings import Settings


def test_markets_shops_and_crawls_at_a_glance(reader) -> None:
    page = reader.see("/")

    assert "What are you looking for?" in page
    assert '<p class="card-count">31 <span>on sale</span>' in page
    assert '<p class="card-count">1 <span>on sale</span>' in page
    assert 'href="/products?market=de&amp;shop=lichthaus"' in page
    assert "Never crawled." in page
    assert page.count('class="row-link"') == 6
    assert 'href="/crawls/crawl-fr-now"' in page


def test_a_shop_whose_declaration_is_broken_is_not_passed_over(app: Flask, agent, settings: Settings) -> None:
    assert "cannot be used" not in agent.see("/")
    settings.shops_path.mkdir(parents=True)
    (settings.shops_path / "it-bottega.toml").write_text("[shop")
    (settings.shops_path / "osteria.toml").write_text("[shop")

    page = agent.see("/")

    assert page.count("its declaration cannot be used") == 2
    italy = page.partition('aria-labelledby="market-it"')[2].partition("</section>")[0]
    assert italy.count("its declaration cannot be used") == 1
    assert '<span class="state state-bad">bottega</span>' in italy
    assert "osteria.toml: its declaration cannot be used" in page
