"""The back office: where customer service and pricing staff find a product, see its price and ask the shop again."""
