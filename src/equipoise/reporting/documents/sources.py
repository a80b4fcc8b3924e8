"""Where each declared method comes from: what a plan and a report cite."""

from __future__ import annotations

SOURCES: dict[str, str] = {
    "risk_difference_mn": "Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213–26.",
    "risk_difference_newcombe": "Newcombe RG. Stat Med 1998;17:873–90; Yan X, Su XG. Stat Biopharm Res 2010;2:329–35.",
    "risk_ratio_mn": "Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213–26.",
    "odds_ratio_mn": "Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213–26.",
    "non_inferiority_fm": "Farrington CP, Manning G. Stat Med 1990;9:1447–54.",
    "exact_fisher": "Fisher RA. J R Stat Soc 1935;98:39–82.",
    "exact_boschloo": "Boschloo RD. Stat Neerl 1970;24:1–35.",
    "standardized_risks": "Logistic regression, standardized over everybody: FDA, Adjusting for Covariates in Randomized Clinical Trials, 2023.",
    "cox": "Cox DR. J R Stat Soc B 1972;34:187–220; Efron B. J Am Stat Assoc 1977;72:557–65.",
    "restricted_mean": "Royston P, Parmar MKB. Stat Med 2011;30:2409–21.",
    "fine_gray": "Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496–509.",
    "proportional_odds": "McCullagh P. J R Stat Soc B 1980;42:109–42.",
    "ordinal_mixed": "Hedeker D, Gibbons RD. Biometrics 1994;50:933–44.",
    "mmrm": "Mallinckrodt CH, Clark WS, David SR. J Biopharm Stat 2001;11:9–21; Giesbrecht FG, Burns JC. Biometrics 1985;41:477–86.",
    "multiple_imputation": "Rubin DB. Multiple Imputation, 1987; Carpenter JR, Roger JH, Kenward MG. J Biopharm Stat 2013;23:1352–71.",
    "tipping_point": "Yan X, Lee S, Li N. J Biopharm Stat 2009;19:1085–98; Ratitch B, O'Kelly M, Tosiello R. Pharm Stat 2013;12:337–47.",
    "cmh": "Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719–48; Robins J, Breslow N, Greenland S. Biometrics 1986;42:311–23.",
    "kaplan_meier": "Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457–81; Brookmeyer R, Crowley J. Biometrics 1982;38:29–41.",
    "log_rank": "Mantel N. Cancer Chemother Rep 1966;50:163–70; Peto R, Peto J. J R Stat Soc A 1972;135:185–207.",
    "mean_difference_welch": "Welch BL. Biometrika 1947;34:28–35.",
    "linear_model": "Least squares with the baseline value and the strata as covariates (ICH E9 5.7).",
    "wilcoxon": "Wilcoxon F. Biometrics Bull 1945;1:80–3; Hodges JL, Lehmann EL. Ann Math Stat 1963;34:598–611.",
}
"""By the method's name in the protocol document. What is not here stands in the manual's page of methods."""
