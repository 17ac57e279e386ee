"""Imports every room's tables, so that the metadata is whole wherever the record is opened."""

import orchestrator.access.enquiries.store
import orchestrator.access.evidence.document_store
import orchestrator.access.store
import orchestrator.access.uses.store
import orchestrator.airlock.ledger.rows
import orchestrator.airlock.replay.rows
import orchestrator.airlock.store
import orchestrator.airlock.training.store
import orchestrator.alliance.accreditation.store
import orchestrator.alliance.onboarding.store
import orchestrator.alliance.store
import orchestrator.alliance.uses.store
import orchestrator.audit.store
import orchestrator.billing.rows
import orchestrator.discovery.catalogue.store
import orchestrator.discovery.harvest.store
import orchestrator.discovery.search.demand.store
import orchestrator.discovery.search.saved.store
import orchestrator.discovery.store
import orchestrator.identity.store
import orchestrator.identity.visas.store
import orchestrator.transparency.federation.store
import orchestrator.transparency.sheets.store
import orchestrator.transparency.store
import orchestrator.workspaces.places.store
import orchestrator.workspaces.store  # noqa: F401
