"""Who may use each address of the application: the table that the intruders' tests hold it to.

A line names who may, then the address. ``everybody`` needs no account, ``people`` are all who are signed in, ``none``
is nobody of this house. The seats, all around one project with data of the north and the south:

    lead        asks for the data and leads the project     checker    an output checker
    member      works in the project                        judge      an SDC lead
    north       an officer of the custodian concerned       panel      a member of the north's lay panel
    south       an officer of the project's other custodian concierge  answers enquiries for the hub
    east        an officer of a third custodian             operator   an operator, who proposed what is open
    rival       leads a project at the east                 deputy     another operator
    fresh       registered, and nothing else

“May” means that the rules let somebody through, not that it is possible now; many addresses list only what the person
himself may see, and are open to all people for that reason.
"""

from __future__ import annotations

from tests.attack.intruders import NOBODY, SEATS

__all__ = ["NOT_NOW", "SHOWN_BY_SECRET", "WHO_MAY"]

_TABLE = """
everybody | GET /
everybody | GET /how-it-works
everybody | GET /accessibility
everybody | GET /datasets/compare
everybody | GET /codes-of-use
everybody | GET /datasets/{dataset_id}/terms
north | POST /datasets/{dataset_id}/terms
north | GET /datasets/{dataset_id}/description
north | POST /datasets/{dataset_id}/description
lead member north south operator deputy | GET /applications/{application_id}/purpose
lead | POST /applications/{application_id}/purpose
lead member north south operator deputy | GET /projects/{project_id}/rules
everybody | GET /datasets
everybody | GET /datasets/{entry_id}
everybody | GET /datasets/{entry_id}/as/{form}
everybody | GET /descriptions/check
everybody | POST /descriptions/check
people | GET /saved-searches
people | POST /saved-searches
lead | GET /saved-searches/{search_id}
lead | POST /saved-searches/{search_id}/seen
lead | POST /saved-searches/{search_id}/end
north south east concierge operator deputy | GET /demand
everybody | GET /register
everybody | GET /register.json
everybody | GET /register.csv
everybody | GET /register/feed.atom
everybody | GET /register/feed.json
everybody | GET /register/{register_id}
everybody | GET /register/{register_id}/entry.json
lead operator deputy | GET /register/{register_id}/state
lead operator deputy | POST /register/{register_id}/state
everybody | GET /datasets/{dataset_id}/uses
lead member north south operator deputy | GET /applications/{application_id}/register
north operator deputy | GET /custodians/{custodian_id}/use
north operator deputy | POST /custodians/{custodian_id}/sheets
north operator deputy | GET /sheets/{sheet_id}
north operator deputy | GET /sheets/{sheet_id}/signed.json
everybody | GET /federation/card.json
none | GET /federation/people.json
everybody | GET /federation/{kind}.json
everybody | GET /federation
everybody | GET /federation/{hub_id}
people | GET /account/elsewhere
people | POST /account/elsewhere
lead operator deputy | GET /people/{person_id}/elsewhere
operator deputy | POST /people/{person_id}/elsewhere
everybody | GET /sign-in
everybody | POST /sign-in/development
none | GET /sign-in/provider
none | GET /sign-in/return
everybody | POST /sign-out
people | POST /sign-out/everywhere
everybody | GET /signed-out
people | GET /command-sign-in
people | POST /command-sign-in
people | GET /command-sign-in/done
people | GET /account
lead member | POST /account/named
people | POST /account/terms
everybody | GET /enquiries
everybody | POST /enquiries
lead concierge operator deputy | GET /enquiries/{enquiry_id}
lead | POST /enquiries/{enquiry_id}/more
concierge | POST /enquiries/{enquiry_id}/answer
concierge | POST /enquiries/{enquiry_id}/suggest
concierge | POST /enquiries/{enquiry_id}/take
concierge operator deputy | POST /enquiries/{enquiry_id}/pass
concierge | POST /enquiries/{enquiry_id}/wish
lead | POST /enquiries/{enquiry_id}/apply
lead concierge | POST /enquiries/{enquiry_id}/close
everybody | GET /asked/{secret}
everybody | POST /asked/{secret}/more
everybody | POST /asked/{secret}/close
people | POST /asked/{secret}/adopt
operator deputy | POST /offers
operator deputy | POST /offers/{offer_id}/withdraw
everybody | GET /alliance
operator deputy | POST /alliance/hubs
north | POST /alliance/cases
operator deputy | POST /alliance/conditions
north | POST /alliance/conditions/{version}/accept
deputy | POST /alliance/conditions/{version}/publish
operator deputy | POST /alliance/conditions/{version}/withdraw
north | POST /alliance/departures
operator deputy | POST /alliance/departures/{departure_id}/confirm
north | POST /alliance/departures/{departure_id}/withdraw
north operator deputy | GET /alliance/cases/{case_id}
north | POST /alliance/cases/{case_id}/evidence
operator deputy | POST /alliance/evidence/{evidence_id}
north | POST /alliance/cases/{case_id}/submit
north | POST /alliance/cases/{case_id}/withdraw
operator deputy | POST /alliance/cases/{case_id}/recommend
operator deputy | POST /alliance/cases/{case_id}/confirm
operator deputy | POST /alliance/cases/{case_id}/return
operator deputy | POST /alliance/cases/{case_id}/refuse
operator deputy | POST /alliance/cases/{case_id}/suspend
operator deputy | POST /alliance/cases/{case_id}/end
people | GET /applications
people | GET /applications/new
people | POST /applications/new
lead member north south operator deputy | GET /applications/{application_id}
lead | GET /projects/{project_id}/amend
lead | POST /projects/{project_id}/amend
lead member | GET /applications/{application_id}/edit
lead | POST /applications/{application_id}/edit
lead | POST /applications/{application_id}/submit
lead | POST /applications/{application_id}/withdraw
operator deputy | POST /applications/{application_id}/approve
operator deputy | POST /applications/{application_id}/refuse
people | GET /decisions
north | GET /decisions/{application_id}/{custodian_id}
north | POST /decisions/{application_id}/{custodian_id}
lead | GET /applications/{application_id}/questions
lead | POST /applications/{application_id}/questions
lead | POST /applications/{application_id}/reuse
lead member north operator deputy | GET /applications/{application_id}/parts/{custodian_id}
lead north | POST /applications/{application_id}/parts/{custodian_id}/comment
lead north | POST /applications/{application_id}/parts/{custodian_id}/resolve
north | POST /applications/{application_id}/parts/{custodian_id}/ask-changes
lead | POST /applications/{application_id}/parts/{custodian_id}/answer-changes
lead | POST /applications/{application_id}/parts/{custodian_id}/withdraw
north operator deputy | GET /custodians/{custodian_id}/form
north | POST /custodians/{custodian_id}/form
north | POST /custodians/{custodian_id}/questions
north | POST /custodians/{custodian_id}/panel
north | POST /custodians/{custodian_id}/panel/{person_id}/end
people | GET /panel
panel | GET /panel/{application_id}/{custodian_id}
panel | POST /panel/{application_id}/{custodian_id}
people | GET /evidence
people | POST /evidence
lead member north south operator deputy | GET /evidence/{evidence_id}
operator deputy | GET /evidence/{evidence_id}/document
lead | POST /evidence/{evidence_id}/document
operator deputy | POST /evidence/{evidence_id}/destroy
operator deputy | POST /evidence/{evidence_id}/verify
operator deputy | POST /evidence/{evidence_id}/reject
operator deputy | POST /evidence/{evidence_id}/revoke
lead | POST /evidence/{evidence_id}/take-back
lead member north south operator deputy | GET /applications/{application_id}/evidence
lead member operator deputy | POST /applications/{application_id}/evidence
lead member operator deputy | POST /applications/{application_id}/rely
everybody | GET /visas/keys
people | GET /account/visas
people | POST /account/visas
people | POST /account/visas/issue
lead operator deputy | POST /account/visas/{visa_id}/end
lead operator deputy | POST /people/{person_id}/visas/{visa_id}/end
people | GET /custodians
operator deputy | POST /custodians
people | GET /custodians/{custodian_id}
north | POST /custodians/{custodian_id}/terms
north operator deputy | POST /grants/{grant_id}/withdraw
north | POST /grants/{grant_id}/renew
everybody | GET /fees
everybody | GET /fees/waivers
everybody | GET /fees/estimate
everybody | GET /fees/issuers/{issuer}
north | POST /fees/issuers/{issuer}/lists
north | POST /fees/issuers/{issuer}/waivers
north | POST /fees/waivers/{waiver_id}/end
everybody | GET /fees/lists/{list_id}
everybody | GET /fees/lists/{list_id}/text
lead member north south operator deputy | GET /applications/{application_id}/costs
lead | POST /applications/{application_id}/quotes/{issuer}
lead | POST /applications/{application_id}/budget
people | GET /quotes
lead member north | GET /quotes/{quote_id}
north | POST /quotes/{quote_id}/offer
lead | POST /quotes/{quote_id}/accept
lead | POST /quotes/{quote_id}/decline
north | POST /quotes/{quote_id}/withdraw
north | POST /orders/{order_id}/invoices
lead member north | GET /orders/{order_id}/use/{month}
lead member north | GET /invoices/{invoice_id}
north | POST /invoices/{invoice_id}/credit
north | POST /invoices/{invoice_id}/paid
north south east operator deputy | GET /endpoints
north | POST /endpoints
north operator deputy | GET /endpoints/{endpoint_id}
north | POST /endpoints/{endpoint_id}/change
north operator deputy | POST /endpoints/{endpoint_id}/test
north operator deputy | POST /endpoints/{endpoint_id}/pull
operator deputy | POST /endpoints/{endpoint_id}/enable
north | POST /endpoints/{endpoint_id}/resume
north operator deputy | POST /endpoints/{endpoint_id}/pause
north | POST /endpoints/{endpoint_id}/close
north operator deputy | POST /pulls/{pull_id}/decide
people | GET /projects
lead member north south operator deputy | GET /projects/{project_id}
operator deputy | POST /projects/{project_id}/suspend
operator deputy | POST /projects/{project_id}/resume
operator deputy | POST /projects/{project_id}/extend
operator deputy | POST /projects/{project_id}/ethics
operator deputy | POST /projects/{project_id}/close
operator deputy | POST /projects/{project_id}/members
lead member operator deputy | POST /projects/{project_id}/members/{person_id}/end
lead member | POST /projects/{project_id}/named
people | GET /submissions
lead north checker judge operator deputy | GET /submissions/{submission_id}
lead | POST /submissions/{submission_id}/withdraw
lead | POST /submissions/{submission_id}/appeal
lead | POST /submissions/{submission_id}/override
operator deputy | POST /submissions/{submission_id}/reject
lead | POST /submissions/{submission_id}/link
lead north south checker judge operator deputy | GET /submissions/{submission_id}/record.json
people | GET /releases/{secret}
lead | POST /releases/{secret}
people | GET /reviews
lead north checker judge operator deputy | GET /reviews/{submission_id}
checker | POST /reviews/{submission_id}/claim
north checker judge | POST /reviews/{submission_id}/conflict
checker | POST /reviews/{submission_id}/submit
north checker judge | POST /reviews/{submission_id}/changes
checker | POST /reviews/{submission_id}/return
judge | POST /reviews/{submission_id}/settle
judge | POST /reviews/{submission_id}/override
north | POST /reviews/{submission_id}/sign-off
checker judge | POST /reviews/{submission_id}/appeal
checker judge operator deputy | POST /reviews/{submission_id}/recall
checker judge operator deputy | POST /reviews/{submission_id}/recall-decision
operator deputy | POST /reviews/{submission_id}/hold
north checker judge | GET /reviews/{submission_id}/files/{file_id}
north checker judge | GET /reviews/{submission_id}/files/{file_id}/image
north checker judge | GET /reviews/{submission_id}/files/{file_id}/frame
checker | POST /reviews/{submission_id}/files/{file_id}/vote
checker judge | GET /precedents
checker judge operator deputy | GET /incidents
checker judge operator deputy | GET /training
checker judge | GET /training/{case_id}
checker judge | POST /training/{case_id}
operator deputy | GET /people
operator deputy | POST /people
lead operator deputy | GET /people/{person_id}
operator deputy | POST /people/{person_id}/roles
deputy | POST /roles/{holding_id}/confirm
operator deputy | POST /roles/{holding_id}/withdraw
operator deputy | POST /roles/{holding_id}/end
operator deputy | POST /roles/{holding_id}/confirm-end
operator deputy | POST /people/{person_id}/training
operator deputy | POST /people/{person_id}/training/{training_id}/end
operator deputy | POST /people/{person_id}/accreditation
operator deputy | POST /people/{person_id}/accreditation/{accreditation_id}/end
operator deputy | POST /people/{person_id}/suspend
operator deputy | POST /people/{person_id}/resume
operator deputy | POST /people/{person_id}/confirm-resume
lead member north south operator deputy | GET /projects/{project_id}/open
lead member | POST /projects/{project_id}/open
lead member operator deputy | GET /projects/{project_id}/waiting
lead member operator deputy | GET /projects/{project_id}/workspace.json
lead member | POST /projects/{project_id}/enter
lead member operator deputy | POST /projects/{project_id}/sleep
operator deputy | GET /workspaces
operator deputy | GET /audit
north south east operator deputy | GET /audit/verify
operator deputy | GET /audit/proofs/{position}.json
everybody | GET /api/v1/custodians
everybody | GET /api/v1/custodians/{custodian_id}/terms
everybody | GET /api/v1/datasets
everybody | GET /api/v1/datasets/{dataset_id}
north | PUT /api/v1/datasets/{dataset_id}/description
everybody | GET /api/v1/register
everybody | GET /api/v1/register/{register_id}
everybody | GET /api/v1/register/{register_id}/history
lead member north south operator deputy | GET /api/v1/applications/{application_id}/register
north | POST /api/v1/applications/{application_id}/parts/{custodian_id}/register
everybody | POST /api/v1/catalogue/check
everybody | GET /api/v1/catalogue/{entry_id}/as/{form}
everybody | POST /api/v1/catalogue/search
everybody | GET /api/v1/catalogue/compare
everybody | GET /api/v1/catalogue/{entry_id}
everybody | GET /api/v1/catalogue/{entry_id}/similar
people | GET /api/v1/saved-searches
people | POST /api/v1/saved-searches
lead | GET /api/v1/saved-searches/{search_id}
lead | POST /api/v1/saved-searches/{search_id}/seen
lead | POST /api/v1/saved-searches/{search_id}/end
north south east concierge operator deputy | GET /api/v1/demand
everybody | GET /api/v1/catalogue/{entry_id}/versions
everybody | GET /api/v1/catalogue/{entry_id}/changes
north | POST /api/v1/catalogue/import
north | POST /api/v1/catalogue/{entry_id}/withdraw
north south east operator deputy | GET /api/v1/endpoints
north | POST /api/v1/endpoints
north operator deputy | GET /api/v1/endpoints/{endpoint_id}
north | PUT /api/v1/endpoints/{endpoint_id}
north operator deputy | POST /api/v1/endpoints/{endpoint_id}/test
operator deputy | POST /api/v1/endpoints/{endpoint_id}/enable
north operator deputy | POST /api/v1/endpoints/{endpoint_id}/pause
north | POST /api/v1/endpoints/{endpoint_id}/resume
north | POST /api/v1/endpoints/{endpoint_id}/close
north operator deputy | GET /api/v1/endpoints/{endpoint_id}/pulls
north operator deputy | POST /api/v1/endpoints/{endpoint_id}/pulls
north operator deputy | GET /api/v1/pulls/{pull_id}
north operator deputy | GET /api/v1/pulls/{pull_id}/skipped
north operator deputy | POST /api/v1/pulls/{pull_id}/decide
people | GET /api/v1/me
lead operator deputy | GET /api/v1/people/{person_id}/elsewhere
operator deputy | POST /api/v1/people/{person_id}/elsewhere/{hub_id}
north operator deputy | GET /api/v1/applications/{application_id}/parts/{custodian_id}/elsewhere
operator deputy | GET /api/v1/projects/{project_id}/elsewhere
people | POST /api/v1/custodians/{custodian_id}/terms/{version}/accept
people | GET /api/v1/applications
people | POST /api/v1/applications
lead member north south operator deputy | GET /api/v1/applications/{application_id}
lead | PUT /api/v1/applications/{application_id}
lead | POST /api/v1/applications/{application_id}/submit
lead | POST /api/v1/applications/{application_id}/withdraw
people | GET /api/v1/decisions
north | POST /api/v1/applications/{application_id}/parts/{custodian_id}/decision
operator deputy | POST /api/v1/applications/{application_id}/approve
operator deputy | POST /api/v1/applications/{application_id}/refuse
people | GET /api/v1/projects
lead member north south operator deputy | GET /api/v1/projects/{project_id}
lead member north south operator deputy | GET /api/v1/projects/{project_id}/standing
operator deputy | POST /api/v1/projects/{project_id}/suspend
operator deputy | POST /api/v1/projects/{project_id}/resume
operator deputy | POST /api/v1/projects/{project_id}/extend
operator deputy | POST /api/v1/projects/{project_id}/close
operator deputy | POST /api/v1/projects/{project_id}/members
lead member operator deputy | DELETE /api/v1/projects/{project_id}/members/{person_id}
north operator deputy | POST /api/v1/grants/{grant_id}/withdraw
people | GET /api/v1/questions
north operator deputy | GET /api/v1/custodians/{custodian_id}/form
north | PUT /api/v1/custodians/{custodian_id}/form
lead member north south operator deputy | GET /api/v1/applications/{application_id}/answers
lead | PUT /api/v1/applications/{application_id}/answers
lead | POST /api/v1/applications/{application_id}/answers/take-out
lead | POST /api/v1/applications/{application_id}/reuse
lead member north operator deputy | GET /api/v1/applications/{application_id}/parts/{custodian_id}/course
lead member north operator deputy | GET /api/v1/applications/{application_id}/parts/{custodian_id}/comments
lead north | POST /api/v1/applications/{application_id}/parts/{custodian_id}/comments
lead member north operator deputy | GET /api/v1/applications/{application_id}/parts/{custodian_id}/changes
north | POST /api/v1/applications/{application_id}/parts/{custodian_id}/changes
lead | POST /api/v1/applications/{application_id}/parts/{custodian_id}/changes/answer
lead | POST /api/v1/applications/{application_id}/parts/{custodian_id}/withdraw
people | GET /api/v1/panel
panel | POST /api/v1/panel/{application_id}/{custodian_id}
lead | POST /api/v1/projects/{project_id}/amendments
lead member operator deputy | GET /api/v1/projects/{project_id}/workspace
lead member north south operator deputy | GET /api/v1/projects/{project_id}/workspace/conditions
lead member | POST /api/v1/projects/{project_id}/workspace/open
lead member | POST /api/v1/projects/{project_id}/workspace/ticket
lead member operator deputy | POST /api/v1/projects/{project_id}/workspace/sleep
people | GET /api/v1/submissions
lead north checker judge operator deputy | GET /api/v1/submissions/{submission_id}
lead | POST /api/v1/submissions/{submission_id}/withdraw
lead | POST /api/v1/submissions/{submission_id}/link
lead | POST /api/v1/releases/collect
lead north south checker judge operator deputy | GET /api/v1/submissions/{submission_id}/record
people | GET /api/v1/reviews
north checker judge | GET /api/v1/reviews/{submission_id}/files/{file_id}
checker | PUT /api/v1/reviews/{submission_id}/files/{file_id}/vote
checker | POST /api/v1/reviews/{submission_id}/submit
people | GET /api/v1/tasks
checker judge | GET /api/v1/precedents
checker judge operator deputy | GET /api/v1/incidents
north south east operator deputy | GET /api/v1/metering
lead north checker judge operator deputy | GET /api/v1/submissions/{submission_id}/history
checker | PUT /api/v1/reviews/{submission_id}/claim
lead north checker judge operator deputy | DELETE /api/v1/reviews/{submission_id}/claim
north checker judge | POST /api/v1/reviews/{submission_id}/conflict
checker | PUT /api/v1/reviews/{submission_id}/files/{file_id}/findings/{finding}
checker | POST /api/v1/reviews/{submission_id}/return
judge | POST /api/v1/reviews/{submission_id}/settlement
lead | POST /api/v1/submissions/{submission_id}/override
judge | POST /api/v1/submissions/{submission_id}/override/decision
north | POST /api/v1/submissions/{submission_id}/sign-off
lead | POST /api/v1/submissions/{submission_id}/appeal
checker judge | POST /api/v1/submissions/{submission_id}/appeal/decision
checker judge operator deputy | POST /api/v1/submissions/{submission_id}/recall
checker judge operator deputy | POST /api/v1/submissions/{submission_id}/recall/decision
operator deputy | PUT /api/v1/submissions/{submission_id}/hold
operator deputy | POST /api/v1/submissions/{submission_id}/hold/end
operator deputy | GET /api/v1/audit/entries
north south east operator deputy | GET /api/v1/audit/verification
operator deputy | GET /api/v1/audit/proofs/{position}
everybody | GET /api/v1/audit/heads
everybody | GET /api/v1/audit/keys
none | POST /api/v1/sign-on/ended
people | GET /api/v1/enquiries
people | POST /api/v1/enquiries
lead concierge operator deputy | GET /api/v1/enquiries/{enquiry_id}
lead | POST /api/v1/enquiries/{enquiry_id}/questions
concierge | POST /api/v1/enquiries/{enquiry_id}/answers
lead | POST /api/v1/enquiries/{enquiry_id}/application
people | GET /api/v1/accreditations/{subject}/{body_id}
everybody | GET /api/v1/uses/codes
everybody | POST /api/v1/uses/answers
everybody | GET /api/v1/datasets/{dataset_id}/uses
north | POST /api/v1/datasets/{dataset_id}/uses/publish
lead member north south operator deputy | GET /api/v1/applications/{application_id}/purpose
lead | PUT /api/v1/applications/{application_id}/purpose
lead member north south operator deputy | GET /api/v1/applications/{application_id}/purpose/answers
lead member north south operator deputy | GET /api/v1/projects/{project_id}/rules
people | GET /api/v1/evidence
people | POST /api/v1/evidence
people | GET /api/v1/evidence/waiting
lead member north south operator deputy | GET /api/v1/evidence/{evidence_id}
lead | PUT /api/v1/evidence/{evidence_id}/document
operator deputy | GET /api/v1/evidence/{evidence_id}/document
operator deputy | POST /api/v1/evidence/{evidence_id}/document/destroy
operator deputy | POST /api/v1/evidence/{evidence_id}/verify
operator deputy | POST /api/v1/evidence/{evidence_id}/reject
operator deputy | POST /api/v1/evidence/{evidence_id}/revoke
lead | POST /api/v1/evidence/{evidence_id}/take-back
lead member north south operator deputy | GET /api/v1/applications/{application_id}/evidence
lead member operator deputy | POST /api/v1/applications/{application_id}/evidence
lead member operator deputy | POST /api/v1/applications/{application_id}/evidence/relied-on
lead member north south operator deputy | GET /api/v1/applications/{application_id}/requirements
people | GET /api/v1/visas
lead | POST /api/v1/visas
people | POST /api/v1/visas/issued
lead operator deputy | POST /api/v1/visas/{visa_id}/end
everybody | GET /api/v1/price-lists
everybody | GET /api/v1/price-lists/{list_id}
everybody | POST /api/v1/estimates
everybody | GET /api/v1/fee-waivers
people | GET /api/v1/quotes
lead member north | GET /api/v1/quotes/{quote_id}
lead | POST /api/v1/applications/{application_id}/quotes/{issuer}
north | POST /api/v1/quotes/{quote_id}/offer
lead | POST /api/v1/quotes/{quote_id}/accept
lead | POST /api/v1/quotes/{quote_id}/decline
north | POST /api/v1/quotes/{quote_id}/withdraw
north | POST /api/v1/orders/{order_id}/close
north | POST /api/v1/orders/{order_id}/invoices
people | GET /api/v1/invoices
lead member north | GET /api/v1/invoices/{invoice_id}
north | POST /api/v1/invoices/{invoice_id}/credits
north | POST /api/v1/invoices/{invoice_id}/payment
lead member operator deputy | GET /api/v1/applications/{application_id}/spending
lead | PUT /api/v1/applications/{application_id}/budget
none | GET /applications/{application_id}/parts/{custodian_id}/register/{key}
north | POST /applications/{application_id}/parts/{custodian_id}/register/{key}
people | GET /api/v1/me/named
lead member | PUT /api/v1/projects/{project_id}/named
"""

_GROUPS = {"everybody": {NOBODY, *SEATS}, "people": set(SEATS), "none": set()}


def _read(line: str) -> tuple[str, frozenset[str]]:
    who, _, name = line.partition(" | ")
    seats: set[str] = _GROUPS[who] if who in _GROUPS else set(who.split())
    assert seats <= {NOBODY, *SEATS}, line
    return name, frozenset(seats)


WHO_MAY: dict[str, frozenset[str]] = dict(_read(line) for line in _TABLE.strip().splitlines())
"""Who may use an address, by its method and path."""

SHOWN_BY_SECRET = {"GET /asked/{secret}"}
"""Addresses that hold a secret: whoever knows it was given it, and is shown what it opens."""

NOT_NOW = {
    "POST /people/{person_id}/elsewhere",
    "POST /api/v1/people/{person_id}/elsewhere/{hub_id}",
    "POST /evidence/{evidence_id}/verify",
    "POST /descriptions/check",
    "POST /sign-in/development",
    "POST /account/terms",
    "POST /enquiries/{enquiry_id}/apply",
    "POST /alliance/cases",
    "POST /alliance/conditions",
    "POST /alliance/conditions/{version}/accept",
    "POST /alliance/departures",
    "POST /alliance/cases/{case_id}/submit",
    "POST /alliance/cases/{case_id}/recommend",
    "POST /alliance/cases/{case_id}/confirm",
    "POST /alliance/cases/{case_id}/return",
    "POST /alliance/cases/{case_id}/refuse",
    "POST /alliance/cases/{case_id}/suspend",
    "POST /alliance/cases/{case_id}/end",
    "POST /applications/{application_id}/reuse",
    "POST /evidence/{evidence_id}/document",
    "POST /evidence/{evidence_id}/revoke",
    "POST /account/visas",
    "POST /grants/{grant_id}/renew",
    "POST /quotes/{quote_id}/accept",
    "POST /orders/{order_id}/invoices",
    "POST /endpoints/{endpoint_id}/test",
    "POST /endpoints/{endpoint_id}/pull",
    "POST /endpoints/{endpoint_id}/enable",
    "POST /endpoints/{endpoint_id}/resume",
    "POST /endpoints/{endpoint_id}/pause",
    "POST /pulls/{pull_id}/decide",
    "POST /projects/{project_id}/resume",
    "POST /projects/{project_id}/extend",
    "POST /submissions/{submission_id}/appeal",
    "POST /submissions/{submission_id}/override",
    "POST /submissions/{submission_id}/reject",
    "POST /reviews/{submission_id}/submit",
    "POST /reviews/{submission_id}/settle",
    "POST /reviews/{submission_id}/override",
    "POST /reviews/{submission_id}/appeal",
    "POST /reviews/{submission_id}/recall-decision",
    "POST /reviews/{submission_id}/files/{file_id}/vote",
    "POST /roles/{holding_id}/end",
    "POST /roles/{holding_id}/confirm-end",
    "POST /people/{person_id}/resume",
    "POST /people/{person_id}/confirm-resume",
    "POST /projects/{project_id}/open",
    "POST /api/v1/applications/{application_id}/parts/{custodian_id}/register",
    "POST /api/v1/catalogue/check",
    "POST /api/v1/catalogue/search",
    "POST /api/v1/endpoints/{endpoint_id}/test",
    "POST /api/v1/endpoints/{endpoint_id}/enable",
    "POST /api/v1/endpoints/{endpoint_id}/pause",
    "POST /api/v1/endpoints/{endpoint_id}/resume",
    "POST /api/v1/endpoints/{endpoint_id}/pulls",
    "POST /api/v1/pulls/{pull_id}/decide",
    "POST /api/v1/custodians/{custodian_id}/terms/{version}/accept",
    "POST /api/v1/projects/{project_id}/resume",
    "POST /api/v1/projects/{project_id}/extend",
    "POST /api/v1/applications/{application_id}/reuse",
    "POST /api/v1/applications/{application_id}/answers/take-out",
    "POST /api/v1/projects/{project_id}/workspace/open",
    "PUT /api/v1/reviews/{submission_id}/files/{file_id}/vote",
    "POST /api/v1/reviews/{submission_id}/submit",
    "DELETE /api/v1/reviews/{submission_id}/claim",
    "POST /api/v1/reviews/{submission_id}/settlement",
    "POST /api/v1/submissions/{submission_id}/override",
    "POST /api/v1/submissions/{submission_id}/override/decision",
    "POST /api/v1/submissions/{submission_id}/appeal",
    "POST /api/v1/submissions/{submission_id}/appeal/decision",
    "POST /api/v1/submissions/{submission_id}/recall/decision",
    "POST /api/v1/submissions/{submission_id}/hold/end",
    "POST /api/v1/sign-on/ended",
    "POST /api/v1/enquiries/{enquiry_id}/application",
    "POST /api/v1/uses/answers",
    "PUT /api/v1/evidence/{evidence_id}/document",
    "POST /api/v1/evidence/{evidence_id}/revoke",
    "POST /api/v1/visas",
    "POST /api/v1/estimates",
    "POST /api/v1/quotes/{quote_id}/accept",
    "POST /api/v1/orders/{order_id}/invoices",
    "POST /applications/{application_id}/parts/{custodian_id}/register/{key}",
}
"""Acts that the filled house does not permit as it is, or that leave nothing in the record: that they are refused to
others is seen there. ``moments`` brings the house to where somebody may do each of them, or says why it does not."""
