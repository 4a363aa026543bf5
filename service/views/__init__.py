"""What the pages show, gathered from answers that the API gives too."""

from service.views.overview import Overview, Section, headlines, overview

__all__ = ["Overview", "Section", "headlines", "overview"]
