from opsportal.standards.models.standards import Activation, Review, StandardDocument, StandardVersion

__all__ = ["Activation", "Review", "StandardDocument", "StandardVersion"]
