from opsportal.standards.models.standards import Activation, Review, StandardVersion

__all__ = ["Activation", "Review", "StandardVersion"]
