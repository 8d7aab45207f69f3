"""Correcting a product and holding it from sale: who may, what is kept of it, and what comes of mistakes."""

from integration.backoffice.conftest import Person
from integration.backoffice.goods import AGENT, GTIN, LAMP, MANAGER

from listino.domain.audit import StaffAction
from listino.store.audit import AuditQuery
from listino.store.client import Store

FORM = {
    "was_name": "Lampada da tavolo Perla", "name": "Lampada da tavolo Perla",
    "was_brand": "Lumiè", "brand": "Lumiè",
    "was_category": "Lamps", "category": "Lamps",
    "was_gtin": GTIN, "gtin": GTIN,
    "was_description": "A table lamp of brushed brass.\r\nThe cable is two metres long.",
    "description": "A table lamp of brushed brass.\r\nThe cable is two metres long.",
}  # fmt: skip


def entries(store: Store) -> list[tuple[str, str, object, object]]:
    found = store.audit.page(AuditQuery(subject=LAMP, action="product"), count=20)
    return [(one.entry.action, one.entry.by, one.entry.before, one.entry.after) for one in found]


def test_an_agent_corrects_fields_and_undoes_it_and_the_log_has_both(agent: Person, filled: Store) -> None:
    page = agent.see(f"/products/{LAMP}/correction")
    assert 'value="Lampada da tavolo Perla"' in page
    for wrong, told in (
        ({"gtin": "4006381333932", "reason": "x"}, "4006381333932 is no GTIN"),
        ({"name": " ", "reason": "x"}, "A product needs a name."),
        ({"name": "Perla & Co", "reason": " "}, "Say why"),
        ({"reason": "x"}, "Change at least one field."),
    ):
        answer = agent.send(f"/products/{LAMP}/correction", **FORM | wrong)
        assert answer.status_code == 422
        assert told in answer.text
    kept = agent.send(f"/products/{LAMP}/correction", **FORM | {"brand": "Lumière", "gtin": "1", "reason": "their own"})
    assert 'value="Lumière"' in kept.text, "what was typed is still there"
    assert 'value="their own"' in kept.text
    assert entries(filled) == []

    answer = agent.send(f"/products/{LAMP}/correction", **FORM | {"brand": "Lumière", "reason": "as on the box"})
    assert (answer.status_code, answer.location) == (303, f"/products/{LAMP}")
    product = filled.products.get(LAMP)
    assert (product.brand, product.own.brand) == ("Lumière", "Lumiè")
    assert product.handling is not None
    assert list(product.handling.corrections) == ["brand"], "only what was changed in the form"
    page = agent.see(f"/products/{LAMP}")
    assert "the shop shows: Lumiè" in page
    assert "as on the box" in page
    assert agent.see("/products?only=corrected").count('class="row-link"') == 1

    assert agent.send(f"/products/{LAMP}/restore", field="brand").status_code == 303
    assert agent.send(f"/products/{LAMP}/restore", field="price").status_code == 400
    assert filled.products.get(LAMP).brand == "Lumiè"
    assert entries(filled) == [
        (StaffAction.PRODUCT_RESTORED, AGENT, {"brand": "Lumière"}, {"brand": "Lumiè"}),
        (StaffAction.PRODUCT_CORRECTED, AGENT, {"brand": "Lumiè"}, {"brand": "Lumière"}),
    ]


def test_an_agent_holds_a_product_from_sale_and_a_manager_releases_it(
    agent: Person, manager: Person, filled: Store
) -> None:
    assert "Shoppers no longer find it" in agent.see(f"/products/{LAMP}/hold")
    assert agent.send(f"/products/{LAMP}/hold", reason=" ").status_code == 422
    assert filled.products.get(LAMP).stop is None
    assert agent.send(f"/products/{LAMP}/hold", reason="Recalled by the maker").status_code == 303
    page = agent.see(f"/products/{LAMP}")
    assert "Recalled by the maker" in page
    assert AGENT in page
    assert "A manager releases it." in page
    assert agent.see("/products?only=stopped").count('class="row-link"') == 1
    assert agent.send(f"/products/{LAMP}/release").status_code == 403
    agent.send(f"/products/{LAMP}/hold", reason="Again")
    assert f"{LAMP} is held from sale already, by {AGENT}." in agent.see(f"/products/{LAMP}")

    assert manager.send(f"/products/{LAMP}/release").status_code == 303
    assert filled.products.get(LAMP).stop is None
    manager.send(f"/products/{LAMP}/release")
    assert f"{LAMP} is not held from sale." in manager.see(f"/products/{LAMP}")
    assert [entry[:2] for entry in entries(filled)] == [
        (StaffAction.PRODUCT_RELEASED, MANAGER),
        (StaffAction.PRODUCT_STOPPED, AGENT),
    ]
