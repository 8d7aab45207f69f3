def test_markets_shops_and_crawls_at_a_glance(reader) -> None:
    page = reader.see("/")

    assert "What are you looking for?" in page
    assert '<p class="card-count">31 <span>on sale</span>' in page
    assert '<p class="card-count">1 <span>on sale</span>' in page
    assert 'href="/products?market=de&amp;shop=lichthaus"' in page
    assert "Never crawled." in page
    assert page.count('class="row-link"') == 6
    assert 'href="/crawls/crawl-fr-now"' in page
