# Makes central_values.json, with which the comparisons of central monitoring are held to R's.
# Run from this folder: Rscript central_values.R . Needs jsonlite.
suppressMessages(library(jsonlite))
out <- list()
set.seed(20261201)
site <- rep(c("a", "b", "c"), c(30, 18, 12)); e <- round(runif(60, 20, 90)); n <- rnbinom(60, size = 1.2, mu = 0.05 * e)
out$counts <- list(site = site, exposure = e, count = n,
  dispersion = summary(glm(n ~ site + offset(log(e)), family = quasipoisson, control = list(epsilon = 1e-14, maxit = 100)))$dispersion,
  exact = sapply(c("a", "b", "c"), function(s) binom.test(sum(n[site == s]), sum(n), sum(e[site == s]) / sum(e))$p.value))
y <- round(rnorm(60, 120, 12)); y[site == "c"] <- round(rnorm(12, 120, 3))
out$numbers <- list(y = y,
  wilcoxon = sapply(c("a", "b", "c"), function(s) wilcox.test(y[site == s], y[site != s], exact = FALSE)$p.value),
  fligner = sapply(c("a", "b", "c"), function(s) fligner.test(y, factor(site == s))$p.value))
d <- c(sample(0:9, 400, TRUE), sample(c(0:9, 0, 5, 5), 150, TRUE)); g <- rep(c(FALSE, TRUE), c(400, 150))
small <- c(sample(0:9, 25, TRUE), sample(c(0, 5), 8, TRUE)); h <- rep(c(FALSE, TRUE), c(25, 8))
out$digits <- list(d = d, g = g, chisq = chisq.test(table(d, g), correct = FALSE)$p.value,
  small = small, h = h, exact = chisq.test(table(small, h), simulate.p.value = TRUE, B = 2e6)$p.value)
out$shares <- list(table = c(9, 11, 14, 66), fisher = fisher.test(matrix(c(9, 11, 14, 66), 2, byrow = TRUE))$p.value)
p <- c(0.0001, 0.002, 0.03, 0.2, 0.2, 0.9)
out$by <- list(p = p, adjusted = p.adjust(p, "BY"))
out$versions <- list(R = R.version.string)
write_json(out, "central_values.json", digits = 17, auto_unbox = TRUE, pretty = TRUE)
