"""What a channel offers: products found, filtered, sorted and counted over catalogue, prices and stock.

It reads and never writes. A product is in a channel's assortment while a variant of it has a price there. One variant has
to meet every condition that is asked of variants: a shopper who wants a red one in size M is not helped by a red L.
"""
