"""Settings: ``config/default.yaml``, typed; see :func:`load_settings`."""

from robot.settings.load import config_dir, data_folder, load_settings
from robot.settings.schema import Settings

__all__ = ["Settings", "config_dir", "data_folder", "load_settings"]
