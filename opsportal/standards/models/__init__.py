from opsportal.standards.models.standards import Activation, StandardVersion

__all__ = ["Activation", "StandardVersion"]
