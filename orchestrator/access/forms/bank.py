"""The questions this installation starts with, in the order of the Five Safes; operators add to them.

The wording is ours; what is asked follows what custodians of health data commonly need to know. Title, summary,
purpose, organisation, ethics approval and dates are part of every application and not asked again.
"""

from __future__ import annotations

from .bank_register import ARTICLE_9_OPTIONS, REGISTER
from .model import AskedWhen, Kind, Option, Question, Section

__all__ = ["STANDARD"]


def _options(*labels: str, **registered: str) -> tuple[Option, ...]:
    """Return options; ``registered``: by a value with low lines for hyphens, what the register says for it."""
    values = {label: label.lower().replace(" ", "-").replace(",", "") for label in labels}
    return tuple(
        Option(value=value, label=label, register=registered.get(value.replace("-", "_"), ""))
        for label, value in values.items()
    )


_YES_NO = _options("Yes", "No")


def _if_yes(question_id: str, value: str = "yes") -> AskedWhen:
    return AskedWhen(question_id=question_id, values=(value,))


def _ask(
    section: Section,
    question_id: str,
    title: str,
    guidance: str = "",
    *,
    kind: Kind = Kind.TEXT,
    options: tuple[Option, ...] = (),
    when: AskedWhen | None = None,
    register: str = "",
) -> Question:
    return Question(
        question_id=question_id,
        section=section,
        title=title,
        guidance=guidance,
        kind=Kind.CHOICE if options and kind is Kind.TEXT else kind,
        options=options,
        asked_when=when,
        register=register,
    )


_PEOPLE = (
    _ask(Section.PEOPLE, "lead-role", "What is your post in your organisation?", kind=Kind.LINE),
    _ask(
        Section.PEOPLE,
        "lead-orcid",
        "Your ORCID iD, if you have one",
        kind=Kind.LINE,
        register="applicant_id",
    ),
    _ask(
        Section.PEOPLE,
        "team-experience",
        "Which experience does the team have with data of this kind?",
        "Name similar work and who of the team did it.",
    ),
    _ask(
        Section.PEOPLE, "degree-work", "Is the work part of somebody's degree?", "Such as a doctorate.", options=_YES_NO
    ),
    _ask(
        Section.PEOPLE,
        "degree-supervisor",
        "Who supervises it?",
        "Name, post and organisation.",
        kind=Kind.LINE,
        when=_if_yes("degree-work"),
    ),
    _ask(
        Section.PEOPLE,
        "interests",
        "Does anybody of the team have an interest in the outcome?",
        "Shares, paid advice, patents, or a post with who would gain.",
        options=_YES_NO,
    ),
    _ask(
        Section.PEOPLE,
        "interests-which",
        "Which interest, and how do you keep it from touching the work?",
        when=_if_yes("interests"),
    ),
)
_PROJECT = (
    _ask(
        Section.PROJECT,
        "public-benefit",
        "Who is better off by this work, and how?",
        "Say it so that a patient can judge it.",
        register="public_benefit",
    ),
    _ask(
        Section.PROJECT,
        "public-involved",
        "How were patients or the public involved in planning it?",
        "If they were not, say why.",
    ),
    _ask(Section.PROJECT, "funded", "Is the work funded?", options=_YES_NO),
    _ask(Section.PROJECT, "funder", "By whom?", kind=Kind.LINE, when=_if_yes("funded"), register="funders"),
    _ask(
        Section.PROJECT,
        "commercial",
        "Is there a commercial purpose?",
        "A company is involved, or a product may follow.",
        options=_YES_NO,
    ),
    _ask(
        Section.PROJECT,
        "commercial-who",
        "Which company, and what does the public get in return?",
        when=_if_yes("commercial"),
    ),
)
_DATA = (
    _ask(
        Section.DATA,
        "population",
        "Whose records do you need?",
        "Conditions, ages, area, years: no more people than the question needs.",
    ),
    _ask(
        Section.DATA,
        "variables",
        "Which variables do you need, and what is each for?",
        "No more variables than the question needs.",
    ),
    _ask(
        Section.DATA,
        "sensitivity",
        "Which data protection class are the data you ask for?",
        options=_options(
            "Anonymous",
            "Pseudonymised",
            "Identifiable",
            pseudonymised="De-Personalised",
            identifiable="Personally Identifiable",
        ),
        register="sensitivity",
    ),
    _ask(
        Section.DATA,
        "identifiable-why",
        "Why can the work not be done without identifiers?",
        when=_if_yes("sensitivity", "identifiable"),
    ),
    _ask(
        Section.DATA,
        "lawful-basis",
        "What is your lawful basis under Article 6 of the UK GDPR?",
        options=_options(
            "Consent",
            "Contract",
            "Legal obligation",
            "Vital interests",
            "Public task",
            "Legitimate interests",
            consent="(a) consent",
            contract="(b) contract",
            legal_obligation="(c) legal obligation",
            vital_interests="(d) vital interests",
            public_task="(e) public task",
            legitimate_interests="(f) legitimate interests",
        ),
        register="article_6",
    ),
    _ask(
        Section.DATA,
        "lawful-condition",
        "Which condition of Article 9 applies?",
        "Research is most often (j).",
        options=ARTICLE_9_OPTIONS,
        register="article_9",
    ),
    _ask(
        Section.DATA,
        "confidentiality",
        "How is the common law duty of confidentiality met?",
        options=_options(
            "Not confidential",
            "Consent",
            "Section 251 support",
            "Other",
            not_confidential="Not applicable",
            consent="Informed consent",
            section_251_support="Section 251 NHS Act 2006",
        ),
        register="confidentiality",
    ),
    _ask(
        Section.DATA,
        "section-251",
        "Reference of the section 251 support",
        kind=Kind.LINE,
        when=_if_yes("confidentiality", "section-251-support"),
    ),
    _ask(Section.DATA, "linking", "Will these data be linked with others?", options=_YES_NO),
    _ask(
        Section.DATA,
        "linking-which",
        "With which, by which identifiers, and who links them?",
        when=_if_yes("linking"),
        register="linkage",
    ),
)
_REST = (
    _ask(
        Section.SETTINGS,
        "environment-needs",
        "Do you need anything in the workspace that is not there?",
        "Software, memory, graphics processors.",
    ),
    _ask(
        Section.SETTINGS,
        "own-files",
        "Do you want to bring in files of your own?",
        "They are checked on their way in.",
        options=_YES_NO,
    ),
    _ask(Section.SETTINGS, "own-files-which", "Which, and whose are they?", when=_if_yes("own-files")),
    _ask(
        Section.OUTPUTS,
        "outputs",
        "What do you expect to take out?",
        kind=Kind.CHOICES,
        options=_options("Tables", "Figures", "Models", "Program code", "Something else"),
    ),
    _ask(
        Section.OUTPUTS,
        "model-use",
        "What is the model for, and who will run it?",
        "A trained model can repeat records it has seen; the airlock treats it so.",
        when=_if_yes("outputs", "models"),
    ),
    _ask(
        Section.OUTPUTS,
        "publication",
        "Where will the results appear, and by when?",
        "Journals, reports, talks, a page for patients.",
    ),
    _ask(
        Section.MORE,
        "invoice-contact",
        "Who receives an invoice?",
        "Name, address and e-mail. Used only once something is granted.",
    ),
    _ask(Section.MORE, "signatory", "Who signs an agreement for your organisation?", "Name, post and e-mail."),
)

STANDARD: tuple[Question, ...] = (*_PEOPLE, *_PROJECT, *_DATA, *_REST, *REGISTER)
"""The bank as shipped: version 1 of each."""
