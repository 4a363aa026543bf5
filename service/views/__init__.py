"""What the pages show: answers gathered for one page, drawn as charts, and the script that draws them."""

from service.views.overview import first_headline, overview, presets, warm

__all__ = ["first_headline", "overview", "presets", "warm"]
