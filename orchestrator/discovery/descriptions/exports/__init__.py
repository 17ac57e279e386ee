"""Descriptions in the formats that other catalogues read: schema.org, DCAT-AP with HealthDCAT-AP, Croissant."""

from .croissant import OpenFile, croissant
from .dcat import dcat
from .schema_org import schema_org
from .turtle import turtle

__all__ = ["OpenFile", "croissant", "dcat", "schema_org", "turtle"]
