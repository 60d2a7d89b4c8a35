"""Running the steps, within a transaction of whichever engine."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent


def alembic_config(migrations: Path = MIGRATIONS) -> "Config":
    """Alembic's settings, made in code: there is no ini file and no logging set up."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config


def run_migrations(connection: Connection, migrations: Path = MIGRATIONS, *, to: str = "head") -> None:
    """Apply every missing step up to the revision `to` on `connection`, inside the transaction it is in."""
    from alembic import command

    config = alembic_config(migrations)
    config.attributes["connection"] = connection
    command.upgrade(config, to)
