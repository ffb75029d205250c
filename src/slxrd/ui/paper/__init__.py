"""The files of the 2021 paper's supporting information (section S.r): patterns, notebooks and fits."""
