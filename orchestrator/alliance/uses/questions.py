"""The yes-or-no questions that a purpose answers, and which code wants which answer."""

from __future__ import annotations

__all__ = ["MODIFIERS", "QUESTIONS"]

QUESTIONS: dict[str, str] = {
    "genetic": "Are genotypes part of the research?",
    "methods": "Is the purpose to develop methods, software or algorithms?",
    "ancestry": "Are origins or ancestry of populations studied?",
    "for_profit": "Does an organisation for profit take part?",
    "commercial": "Are the data or the results used commercially?",
    "links": "Are the data linked with other data about the same people?",
    "trains_models": "Are models trained that could remember single people?",
    "identifies_people": "Does anybody try to find out whose data these are?",
    "takes_data_out": "Do data leave the trusted research environment?",
    "checked_results": "Do all results leave through output checking?",
    "ethics": "Is there an ethics approval?",
    "collaborates": "Do you work together with those who collected the data?",
    "publishes": "Will the results be published?",
    "returns": "Will you return what you derive from the data for others to use?",
}
"""Each by the purpose's field that holds its answer."""

Asked = tuple[str, bool, tuple[str, str]]

_NO_PROFIT: Asked = (
    "for_profit",
    False,
    ("No organisation for profit takes part.", "An organisation for profit takes part."),
)
_NOT_COMMERCIAL: Asked = (
    "commercial",
    False,
    ("The use is not commercial.", "The use is commercial."),
)

MODIFIERS: dict[str, tuple[Asked, ...]] = {
    "DUO:0000016": (("genetic", True, ("Genotypes are part of the research.", "It is not a genetic study.")),),
    "DUO:0000015": (("methods", False, ("It develops no methods.", "Its purpose is to develop methods.")),),
    "DUO:0000044": (("ancestry", False, ("It studies no ancestry.", "It studies origins or ancestry.")),),
    "DUO:0000045": (_NO_PROFIT,),
    "DUO:0000046": (_NOT_COMMERCIAL,),
    "DUO:0000018": (_NO_PROFIT, _NOT_COMMERCIAL),
    "DUO:0000020": (
        (
            "collaborates",
            True,
            (
                "The researchers agree to work with those who collected the data.",
                "They do not agree to that.",
            ),
        ),
    ),
    "DUO:0000021": (("ethics", True, ("There is an ethics approval.", "There is no ethics approval.")),),
    "DUO:0000019": (("publishes", True, ("The results will be published.", "The results will not be published.")),),
    "DUO:0000029": (("returns", True, ("What is derived will be returned.", "What is derived will not be returned.")),),
    "TRE:NO-REIDENTIFICATION": (
        (
            "identifies_people",
            False,
            ("Nobody tries to find out whose data these are.", "Somebody tries to find out whose data these are."),
        ),
    ),
    "TRE:NO-LINKAGE": (
        (
            "links",
            False,
            ("The data are not linked with others.", "The data are linked with others."),
        ),
    ),
    "TRE:NO-AI-TRAINING": (
        (
            "trains_models",
            False,
            ("No such model is trained.", "Models that could remember people are trained."),
        ),
    ),
    "TRE:TRE-ONLY": (("takes_data_out", False, ("The data stay in the environment.", "Data leave the environment.")),),
    "TRE:DISCLOSURE-CONTROL": (
        ("checked_results", True, ("All results leave through output checking.", "Results leave unchecked.")),
    ),
}
"""By code: the field asked, the answer wanted, and the sentences for kept and broken."""
