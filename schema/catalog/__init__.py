"""The catalogue for clients: categories, products and variants as one channel sells them."""
