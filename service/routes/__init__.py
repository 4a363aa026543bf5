"""The addresses of the service, one module and one blueprint per noun."""

from service.routes import (
    attributions,
    batches,
    breaks,
    catalogue,
    claims,
    estimates,
    interventions,
    pages,
    pages_own,
    readings,
    system,
)

MODULES = (
    catalogue,
    claims,
    breaks,
    interventions,
    attributions,
    batches,
    estimates,
    readings,
    pages,
    pages_own,
    system,
)

BLUEPRINTS = tuple(module.blueprint for module in MODULES)

__all__ = ["BLUEPRINTS"]
