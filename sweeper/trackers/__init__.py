"""Trackers that a study's runs are shown in, one file each, which defines a class `Tracker`.

A `Tracker` is a `sweeper.trackers.base.RunTracker`: it is told what is new of each run, shows it,
and says so once it is shown. Nothing here writes to what workers write to.
"""
