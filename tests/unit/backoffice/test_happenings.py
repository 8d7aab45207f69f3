"""Which product a page of the storefront shows."""

import pytest

from backoffice.happenings import product_of_page


@pytest.mark.parametrize(
    ("path", "product"),
    [
        ("/products/it:bottega:8411", "it:bottega:8411"),
        ("/demo/it:bottega:8411/", "it:bottega:8411"),
        ("/products/it:bottega:8411?from=list", "it:bottega:8411"),
        ("/products/42", 42),
        ("/carts/42", None),
        ("/products", None),
        ("/products/xx:bottega:8411", None),
        ("/", None),
        (None, None),
    ],
)
def test_a_page_leads_to_the_product_that_its_path_names_at_the_end(path, product) -> None:
    assert product_of_page(path) == product
