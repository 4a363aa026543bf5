"""The usual methods beside the joint posterior, in the same result type."""

from analysis.interventions.peers.fit import fit_peer
from analysis.interventions.peers.methods import PEERS
from analysis.interventions.peers.result import PeerResult

__all__ = ["PEERS", "PeerResult", "fit_peer"]
