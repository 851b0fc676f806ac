"""Stock in refusals; levels and ledgers are not shown to clients yet."""
