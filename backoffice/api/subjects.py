"""All subjects of the API. A new one is a module beside this one, and its name here."""

from flask import Blueprint

from backoffice.api import (
    analytics,
    audit,
    crawls,
    customers,
    held_prices,
    me,
    openapi,
    operations,
    products,
    schedule,
    shops,
    staff,
)


def blueprints() -> list[Blueprint]:
    """In the order in which the document tells of them."""
    modules = (
        me,
        products,
        held_prices,
        customers,
        analytics,
        crawls,
        schedule,
        shops,
        operations,
        staff,
        audit,
        openapi,
    )
    return [module.blueprint for module in modules]
