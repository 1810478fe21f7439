"""log pi for each number of an action (Hui 2022, Fig. 2.8)."""

from __future__ import annotations

from collections.abc import Sequence

from agents.diagnostics.base import Measures, Sample, SampleDiagnostic


class Diagnostic(SampleDiagnostic):
    """The mean of log pi(a|s), a ~ pi, divided by how many numbers an action has.

    Over `diagnostics.samples` states of the replay, an action each. For a policy with a latent
    variable it is the bound that stands for log pi. A deterministic policy has none.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns `log_pi`, where there is an actor."""
        return ["log_pi"] if "actor" in networks else []

    def measure(self, sample: Sample) -> Measures:
        """Returns the mean."""
        batch = sample(self.params["diagnostics.samples"])
        found = self.learner.log_pi(batch, sample.step)
        if found is None:
            return {}
        return {"log_pi": found.mean(1).cpu().numpy() / batch.actions.shape[2]}
