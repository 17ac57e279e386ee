"""How complete and correct a description is: the published scores, and what of it can be used."""

from .profiles import PROFILES, Profile
from .scoring import Score, score
from .usable import Mend, Usable, usable

__all__ = ["PROFILES", "Mend", "Profile", "Score", "Usable", "score", "usable"]
