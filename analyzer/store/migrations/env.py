"""Run the steps on the connection that `analyzer.store.layouts` hands over, in its transaction."""

from alembic import context

from analyzer.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # Our transactions hold changes of the layout too, on SQLite as well.
    transactional_ddl=True,
    on_version_apply=context.config.attributes["on_step"],
)
with context.begin_transaction():
    context.run_migrations()
