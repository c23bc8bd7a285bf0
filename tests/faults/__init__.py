"""Proofs that streams never lie: faults, cuts, cancels, crowds, garbage and hostile servers, against both faces."""
