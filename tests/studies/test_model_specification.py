import pytest

from slxrd import SlxrdError
from slxrd.studies.compare.specification import model_names, model_options


def test_a_specification_becomes_arguments_of_a_fit():
    assert model_options("planes") == {}
    text = "CsPbBr3:Br+mixed+volume+slab=0.28+spread=5+coherent=7+free=rho+free=B+fix=N:4"
    assert model_options(text) == {
        "crystal": "CsPbBr3:Br",
        "stack": "mixed",
        "weighting": "volume",
        "slab": 0.28,
        "coherent_spread": 5,
        "coherent": 7,
        "free": ["rho", "B"],
        "fix": {"N": 4},
    }
    assert model_options("PbS-100+partner=CsPbBr3:Br")["partner"] == "CsPbBr3:Br"
    assert model_options("planes+size_window=3+weighting=volume") == {
        "size_window": 3.0,
        "weighting": "volume",
    }
    assert model_options("CsPbBr3 + slab=oleylamine")["slab"] == "oleylamine"


def test_commas_separate_models_but_not_the_indices_of_a_cif():
    assert model_names(["planes,CsPbBr3:Br", "PbS-100+mixed"]) == ["planes", "CsPbBr3:Br", "PbS-100+mixed"]
    assert model_names(["a.cif:1,0,0:Br", "planes"]) == ["a.cif:1,0,0:Br", "planes"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("planes+cubes", "'cubes' is none of pure, mixed"),
        ("planes+slab", "'slab' is none of"),
        ("planes+size_window=0", "size window 0.0: must be a positive number of σ_N"),
        ("planes+spread=wide", "not a finite number"),
        ("planes+coherent=nan", "not a finite number"),
        ("planes+fix=N", "fix=NAME:VALUE"),
        ("planes+fix=N:4+fix=N:5", "N is fixed twice"),
        ("planes+mixed+alternating", "repeats or contradicts"),
        ("mixed", "begin with planes or a crystal"),
        ("+mixed", "begin with planes or a crystal"),
    ],
)
def test_an_invalid_specification_is_refused(text, message):
    with pytest.raises(SlxrdError, match=message.replace("+", r"\+")):
        model_options(text)


def test_an_empty_or_repeated_name_is_refused():
    with pytest.raises(SlxrdError, match="empty"):
        model_names(["planes,,CsPbBr3"])
    with pytest.raises(SlxrdError, match="twice"):
        model_names(["planes", "planes"])
