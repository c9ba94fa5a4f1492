import shop.config.settings
import shop.reports.models  # noqa: F401
