"""The platforms there are, by the name that a declaration gives."""

from collections.abc import Mapping
from types import MappingProxyType

from listino.shops.platform import Platform
from listino.shops.platforms.generic import Generic
from listino.shops.platforms.magento import Magento
from listino.shops.platforms.prestashop import PrestaShop
from listino.shops.platforms.shopify import Shopify
from listino.shops.platforms.shopware import Shopware
from listino.shops.platforms.woocommerce import WooCommerce

PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {platform.name: platform for platform in (WooCommerce(), Shopify(), Magento(), Shopware(), PrestaShop(), Generic())}
)
