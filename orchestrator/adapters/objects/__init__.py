"""Objects in any store that speaks AWS's S3 and STS: sealed datasets, custodians' prefixes, short-lived credentials."""

from .connection import Bucket, Keys
from .prefixes import Prefixes
from .sealed import SealedObjects
from .short_lived import ShortLived

__all__ = ["Bucket", "Keys", "Prefixes", "SealedObjects", "ShortLived"]
