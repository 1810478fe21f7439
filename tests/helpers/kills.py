"""Small studies of each kind of adviser, which last long enough to be killed."""

from __future__ import annotations

KILLS = {
    "tpe": {
        "trials": 14,
        "seeds": 1,
        "pause": 0.02,
        "enqueue": [{"lr": 0.5, "size": 2.0}, {"size": 7.5}],
        "score": {"metric": "score", "constraints": {"cost": "<= 6"}},
    },
    "successivehalving": {
        "trials": 10,
        "seeds": 2,
        "pause": 0.02,
        "steps": 8,
        "sampler": {"tpe": {"n_startup_trials": 4}},
        "pruner": {"successivehalving": {"min_resource": 1, "reduction_factor": 2}},
    },
    "promotion": {
        "trials": 10,
        "seeds": 2,
        "pause": 0.02,
        "steps": 8,
        "pruner": {
            "successivehalving": {"min_resource": 2, "reduction_factor": 2, "promote": True}
        },
    },
    "hyperband": {
        "trials": 12,
        "seeds": 1,
        "pause": 0.02,
        "steps": 8,
        "pruner": {"hyperband": {"reduction_factor": 2}},
    },
    "cmaes": {"trials": 12, "seeds": 1, "pause": 0.02, "sampler": "cmaes"},
    "rungs": {"trials": 8, "seeds": {"tune": [2, 3, 5]}, "pause": 0.02},
    "nsgaii": {
        "trials": 12,
        "seeds": 1,
        "pause": 0.02,
        "sampler": {"nsgaii": {"population_size": 4}},
        "score": [{"metric": "score"}, {"metric": "cost", "direction": "minimize"}],
    },
}
