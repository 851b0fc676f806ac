"""Stock feeds: levels set or changed in bulk, by a system outside."""
