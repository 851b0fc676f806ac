"""Where personal data is: the one list of columns that may say who somebody is, or what only they should know.

Everything else (events, ledgers, logs, idempotency keys, routing decisions) carries ids. Whoever erases or exports a
customer goes by this list; a test compares it with the tables.
"""

from collections.abc import Mapping

#: Table, column: what of a person stands there.
PERSONAL_DATA: Mapping[tuple[str, str], str] = {
    ("users", "email"): "e-mail address of a log-in",
    ("users", "password_hash"): "argon2id hash of a password",
    ("refresh_tokens", "token_hash"): "hash of what keeps somebody logged in",
    ("login_attempts", "email_hash"): "keyed hash of an e-mail address somebody tried",
    ("customers", "email"): "e-mail address",
    ("customers", "phone"): "telephone number",
    ("customers", "first_name"): "name",
    ("customers", "last_name"): "name",
    ("customer_addresses", "address"): "postal address, with name and telephone number",
    ("carts", "email"): "e-mail address of a guest",
    ("carts", "shipping_address"): "postal address, with name and telephone number",
    ("carts", "billing_address"): "postal address, with name and telephone number",
    ("cart_lines", "note"): "what a shopper wrote to the shop",
    ("cart_lines", "gift_message"): "what a shopper wrote to whoever gets the goods",
    ("checkout_attempts", "snapshot"): "addresses and what the shopper wrote, until the attempt has ended",
    ("orders", "email"): "e-mail address",
    ("orders", "shipping_address"): "postal address, with name and telephone number",
    ("orders", "billing_address"): "postal address, with name and telephone number",
    ("order_lines", "note"): "what a shopper wrote to the shop",
    ("order_lines", "gift_message"): "what a shopper wrote to whoever gets the goods",
    ("payments", "token"): "the gateway's token of a card, until it has been used",
    ("payments", "action_url"): "where a shopper acts on a payment",
    ("payments", "action_secret"): "lets a gateway's script ask a shopper, until the payment is settled",
    ("gift_card_attempts", "origin_hash"): "keyed hash of an address from which wrong codes came",
    ("invoices", "buyer"): "name, e-mail address and postal addresses of whoever bought",
    ("fulfillment_orders", "note"): "what staff wrote about work, which may name people",
    ("shipments", "tracking_number"): "leads to whoever receives",
    ("shipments", "tracking_url"): "leads to whoever receives",
    ("pickups", "collected_by"): "name of whoever collected",
    ("pickups", "spot"): "where a customer waits",
    ("pickups", "vehicle"): "what a customer came in",
    ("return_lines", "note"): "what a customer wrote about goods",
    ("returns", "decline_reason"): "what staff wrote to a customer",
}
