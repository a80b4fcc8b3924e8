# Makes r_repeated.json and the data sets beside it. Run from this folder: Rscript r_repeated.R
# Needs R with ordinal, nlme, numDeriv, MASS, jsonlite (Debian: r-cran-*).
suppressMessages({library(ordinal); library(nlme); library(numDeriv); library(MASS); library(jsonlite)})
out <- list(); calls <- list()
put <- function(id, call) { out[[id]] <<- eval(call, globalenv()); calls[[id]] <<- paste(deparse(call), collapse = " ") }
csv <- function(d, name) write.csv(d, file.path("..", "data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE)

# Ordered outcomes with an intercept a participant (one Laplace step)
tasters <- with(soup, data.frame(respondent = RESP, product = as.integer(PROD == "Test"), sureness = as.integer(SURENESS)))
csv(tasters, "soup")
# Estimates with inner iterations that go on to the end (as shipped they stop at a gradient of 1e-4); standard errors as
# shipped, since ordinal's numerical Hessian needs the coarser steps.
tight <- clmm.control(gradTol = 1e-10)
mixed <- function(...) { m <- clmm(..., control = tight); list(names = names(coef(m)), b = unname(coef(m)), se = unname(coef(summary(clmm(..., Hess = TRUE)))[, 2]), loglik = as.numeric(logLik(m)), sd = as.numeric(m$ST[[1]])) }
put("clmm_wine", quote(mixed(rating ~ temp + contact + (1 | judge), data = wine)))
put("clmm_wine_temp", quote(mixed(rating ~ temp + (1 | judge), data = wine)))
put("clmm_soup", quote(mixed(factor(sureness) ~ product + (1 | respondent), data = tasters)))
# Virtual participants who hardly move between levels: the integral takes many nodes (beyond 40, clmm's own overflow)
persistent <- read.csv("../data/persistent_grades.csv")
put("settled_persistent", quote(mixed(factor(grade) ~ treated + visit + (1 | participant), data = persistent, nAGQ = 40)))

# The same without intercepts: estimates of clm, covariance by the sandwich over participants, scores by numerical derivatives
robust <- function(formula, d, id) { m <- clm(formula, data = d, control = clm.control(gradTol = 1e-10)); X <- model.matrix(update(formula, NULL ~ .), d)[, -1, drop = FALSE]; y <- as.integer(model.response(model.frame(formula, d)))
  k <- length(m$alpha); own <- function(theta) { a <- c(-Inf, theta[1:k], Inf); eta <- c(X %*% theta[-(1:k)]); c(rowsum(log(plogis(a[y + 1] - eta) - plogis(a[y] - eta)), id)) }
  S <- jacobian(own, coef(m)); V <- solve(-hessian(function(t) sum(own(t)), coef(m))); list(names = names(coef(m)), b = unname(coef(m)), se = unname(sqrt(diag(V %*% crossprod(S) %*% V)))) }
put("robust_wine", quote(robust(rating ~ temp + contact, wine, wine$judge)))
put("robust_soup", quote(robust(factor(sureness) ~ product, tasters, tasters$respondent)))

# Repeated measures, visits missing by a rule: girls against boys, and chicks on two diets with their weight at hatching
growth <- as.data.frame(Orthodont); ids <- sort(unique(as.character(growth$Subject)))
growth <- with(growth, data.frame(id = match(as.character(Subject), ids), visit = as.integer(age), treatment = as.integer(Sex == "Female"), y = distance))
growth <- growth[with(growth, !((id %% 5 == 0 & visit == 14) | (id %% 7 == 3 & visit >= 12) | (id %% 6 == 2 & visit == 10))), ]
chicks <- subset(as.data.frame(ChickWeight), Diet %in% c(1, 4)); hatched <- with(subset(chicks, Time == 0), setNames(weight, as.character(Chick)))
chicks <- with(chicks, data.frame(id = as.integer(as.character(Chick)), visit = Time, treatment = as.integer(Diet == 4), baseline = unname(hatched[as.character(Chick)]), y = round(100 * log(weight), 2)))
chicks <- subset(chicks, visit %in% c(4, 8, 12, 16, 20) & !(id %% 4 == 1 & visit == 8) & !(id %% 5 == 2 & visit == 16))
csv(growth, "orthodont"); csv(chicks, "chicks")

# The restricted likelihood written out participant by participant, from nlme's estimate on to its very top; degrees of
# freedom by Satterthwaite with numerical derivatives.
reml <- function(formula, d) {
  d <- d[order(d$id, d$visit), ]; d$v <- factor(d$visit); visits <- levels(d$v); k <- length(visits)
  m <- gls(formula, d, correlation = corSymm(form = ~ as.integer(v) | id), weights = varIdent(form = ~ 1 | v), method = "REML", control = glsControl(tolerance = 1e-9, msTol = 1e-11, maxIter = 500, msMaxIter = 500))
  X <- model.matrix(formula, d); rows <- split(seq_len(nrow(d)), d$id); low <- lower.tri(diag(k), TRUE)
  parts <- function(theta) { L <- matrix(0, k, k); L[low] <- theta; S <- L %*% t(L); A <- 0; b <- 0; ld <- 0; q <- 0
    for (r in rows) { o <- as.integer(d$v[r]); V <- S[o, o, drop = FALSE]; W <- solve(V); x <- X[r, , drop = FALSE]; y <- d$y[r]
      A <- A + t(x) %*% W %*% x; b <- b + t(x) %*% W %*% y; q <- q + c(t(y) %*% W %*% y); ld <- ld + c(determinant(V)$modulus) }
    list(phi = solve(A), beta = c(solve(A, b)), dev = (nrow(d) - ncol(X)) * log(2 * pi) + ld + c(determinant(A)$modulus) + q - c(t(b) %*% solve(A, b))) }
  s <- sigma(m) * c(1, coef(m$modelStruct$varStruct, unconstrained = FALSE))[match(visits, c(setdiff(visits, names(coef(m$modelStruct$varStruct, unconstrained = FALSE))), names(coef(m$modelStruct$varStruct, unconstrained = FALSE))))]
  R <- diag(k); R[lower.tri(R)] <- coef(m$modelStruct$corStruct, unconstrained = FALSE); R[upper.tri(R)] <- t(R)[upper.tri(R)]
  theta <- t(chol(R * outer(s, s)))[low]
  for (i in 1:6) theta <- theta - solve(hessian(function(t) parts(t)$dev, theta), grad(function(t) parts(t)$dev, theta))
  p <- parts(theta); A <- 2 * solve(hessian(function(t) parts(t)$dev, theta)); at <- grep("treatment", colnames(X))
  df <- sapply(at, function(j) { g <- grad(function(t) parts(t)$phi[j, j], theta); 2 * p$phi[j, j]^2 / c(t(g) %*% A %*% g) })
  L <- matrix(0, k, k); L[low] <- theta
  list(b = p$beta[at], se = sqrt(diag(p$phi))[at], df = df, deviance = p$dev, gls_b = unname(coef(m)[at]), covariance = (L %*% t(L))[low]) }
put("mmrm_orthodont", quote(reml(y ~ 0 + v + v:treatment, growth)))
put("mmrm_chicks", quote(reml(y ~ 0 + v + v:baseline + v:treatment, chicks)))
# Without missing visits a mixed model is, at every visit, its analysis of covariance
whole <- as.data.frame(Orthodont)
by_visit <- function(age) { s <- coef(summary(lm(distance ~ Sex, whole[whole$age == age, ]))); list(b = s[2, 1], se = s[2, 2], df = 25, p = s[2, 4]) }
for (age in c(8, 10, 12, 14)) put(paste0("ancova_orthodont_", age), bquote(by_visit(.(age))))
with(whole, csv(data.frame(id = match(as.character(Subject), ids), visit = as.integer(age), treatment = as.integer(Sex == "Female"), y = distance), "orthodont_whole"))

# Two proportions: odds ratio by score, with the restricted proportions from uniroot
restricted <- function(x1, n1, x2, n2, or) { p2 <- uniroot(function(p) x1 + x2 - n1 * p * or / (1 + p * (or - 1)) - n2 * p, c(1e-14, 1 - 1e-14), tol = 1e-16)$root; c(p2 * or / (1 + p2 * (or - 1)), p2) }
z_odds <- function(x1, n1, x2, n2, or) { p <- restricted(x1, n1, x2, n2, or); v <- 1 / (n1 * p[1] * (1 - p[1])) + 1 / (n2 * p[2] * (1 - p[2])); (x1 - n1 * p[1]) * sqrt(v * (n1 + n2 - 1) / (n1 + n2)) }
odds <- function(x1, n1, x2, n2) { e <- log(x1 * (n2 - x2) / (x2 * (n1 - x1))); q <- qnorm(0.975); f <- function(l, s) z_odds(x1, n1, x2, n2, exp(l)) + s * q
  list(estimate = exp(e), lower = exp(uniroot(f, c(e - 12, e), s = -1, tol = 1e-12)$root), upper = exp(uniroot(f, c(e, e + 12), s = 1, tol = 1e-12)$root), statistic = z_odds(x1, n1, x2, n2, 1)) }
put("odds_a", quote(odds(56, 70, 48, 80))); put("odds_b", quote(odds(9, 10, 3, 10))); put("odds_c", quote(odds(6, 7, 2, 7)))
# Farrington and Manning: the restricted proportions by maximizing the likelihood itself
margin <- function(x1, n1, x2, n2, d) { f <- function(p2) dbinom(x1, n1, p2 + d, log = TRUE) + dbinom(x2, n2, p2, log = TRUE)
  p2 <- optimize(f, c(max(0, -d), min(1, 1 - d)), maximum = TRUE, tol = 1e-12)$maximum; p1 <- p2 + d; (x1 / n1 - x2 / n2 - d) / sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) }
put("fm_good", quote(margin(80, 100, 82, 100, -0.1))); put("fm_bad", quote(margin(20, 100, 12, 90, 0.15))); put("fm_small", quote(margin(7, 20, 9, 22, 0.2)))
# Stratified Newcombe (Yan and Su 2010), Wilson's limits from prop.test
stratified <- function(d) { n1 <- d[, 2]; n2 <- d[, 4]; w <- n1 * n2 / (n1 + n2); w <- w / sum(w); z <- qnorm(0.975)
  arm <- function(x, n) { p <- x / n; v <- p * (1 - p) / n; own <- z * sqrt(sum(w^2 * v)) / sum(w * sqrt(v)); l <- mapply(function(a, b) prop.test(a, b, conf.level = 2 * pnorm(own) - 1, correct = FALSE)$conf.int, x, n); list(p = sum(w * p), lo = sum(w * l[1, ]), hi = sum(w * l[2, ]), f = sum(w^2 / n)) }
  a <- arm(d[, 1], n1); b <- arm(d[, 3], n2); g <- function(q, f) q * (1 - q) * f
  list(estimate = a$p - b$p, lower = a$p - b$p - z * sqrt(g(a$lo, a$f) + g(b$hi, b$f)), upper = a$p - b$p + z * sqrt(g(a$hi, a$f) + g(b$lo, b$f))) }
put("newcombe_agresti8", quote(stratified(rbind(c(11, 36, 10, 37), c(16, 20, 22, 32), c(14, 19, 7, 19), c(2, 16, 1, 17), c(6, 17, 0, 12), c(1, 11, 0, 10), c(1, 5, 1, 9), c(4, 6, 6, 7)))))
put("newcombe_three", quote(stratified(rbind(c(12, 40, 20, 38), c(5, 22, 9, 25), c(8, 15, 10, 14)))))

versions <- lapply(c(ordinal = "ordinal", nlme = "nlme", numDeriv = "numDeriv", MASS = "MASS"), function(p) as.character(packageVersion(p)))
versions$R <- paste(R.version$major, R.version$minor, sep = ".")
writeLines(toJSON(list(versions = versions, calls = calls, values = out), auto_unbox = TRUE, digits = I(15), na = "null", pretty = TRUE), "r_repeated.json")
