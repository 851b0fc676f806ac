"""How the tables come to be, revision by revision; each says whether it expands or contracts and how long it locks."""
