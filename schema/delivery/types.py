"""The ways in which goods reach their customer."""

import strawberry

from app.delivery.states import DeliveryMethod

strawberry.enum(DeliveryMethod)
