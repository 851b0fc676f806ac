"""What every domain's GraphQL stands on: context, batches, payloads, scalars, ids, connections, limits."""
