"""How a store comes from one layout to the next; run by Alembic."""
