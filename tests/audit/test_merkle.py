"""The tree hashes as RFC 9162 says, and its proofs prove exactly what they should."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

# The test vectors of the Certificate Transparency reference implementation: eight leaves and their roots.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert root_hash([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_hash([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_a_frontier_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(ValueError, match="peaks"):
        Frontier(3, [b"x" * 32])


@settings(deadline=None)
@given(st.integers(1, 70), st.data())
def test_an_inclusion_proof_holds_for_its_leaf_and_for_nothing_else(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path, root = inclusion_proof(leaves, index), root_hash(leaves)
    assert verify_inclusion(leaf=leaves[index], index=index, size=size, path=path, root=root)
    assert not verify_inclusion(leaf=leaf_hash(b"other"), index=index, size=size, path=path, root=root)
    assert not verify_inclusion(leaf=leaves[index], index=index, size=size, path=[*path, root], root=root)
    if size > 1:
        other = (index + 1) % size
        assert not verify_inclusion(leaf=leaves[index], index=other, size=size, path=path, root=root)
        assert not verify_inclusion(leaf=leaves[index], index=index, size=size, path=path[:-1], root=root)


@settings(deadline=None)
@given(st.integers(1, 70), st.data())
def test_a_consistency_proof_holds_for_a_prefix_and_not_for_a_rewritten_one(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    earlier = data.draw(st.integers(1, size))
    path = consistency_proof(leaves, earlier)
    later, prefix = root_hash(leaves), root_hash(leaves[:earlier])
    assert verify_consistency(earlier_size=earlier, earlier_root=prefix, size=size, root=later, path=path)
    rewritten = root_hash([leaf_hash(b"rewritten"), *leaves[1:earlier]])
    assert not verify_consistency(earlier_size=earlier, earlier_root=rewritten, size=size, root=later, path=path)


@given(st.integers(0, 200))
def test_a_frontier_kept_and_resumed_at_any_size_gives_the_same_root(size: int) -> None:
    leaves = [leaf_hash(str(n).encode()) for n in range(size)]
    resumed = Frontier()
    for leaf in leaves:
        resumed = Frontier(resumed.size, resumed.peaks)
        resumed.append(leaf)
    assert resumed.root() == root_hash(leaves)
