# Makes r_further.json. Run from this folder, after the scripts that make the data sets: Rscript r_further.R
# Needs R with survival, cmprsk, mice, jsonlite (Debian: r-cran-*).
suppressMessages({library(survival); library(cmprsk); library(mice); library(jsonlite)})
out <- list(); calls <- list()
put <- function(id, call) { out[[id]] <<- eval(call, globalenv()); calls[[id]] <<- paste(deparse(call), collapse = " ") }
data <- function(name) read.csv(file.path("..", "data", paste0(name, ".csv")))
birth <- data("birthwt"); lungs <- data("lung"); veterans <- data("veteran"); gammopathy <- data("mgus2"); chick <- data("chicks"); air <- data("airquality")

# Fine and Gray
fg <- function(d, x) { m <- crr(d$time, d$event, x, gtol = 1e-12, maxiter = 100); list(b = unname(m$coef), se = unname(sqrt(diag(m$var))), loglik = m$loglik) }
put("fg_mgus2", quote(fg(gammopathy, as.integer(gammopathy$sex == "M"))))
put("fg_mgus2_death", quote(fg(transform(gammopathy, event = c(0, 2, 1)[event + 1]), as.integer(gammopathy$sex == "M"))))
few <- transform(gammopathy[1:240, ], time = ceiling(time / 24))
put("fg_ties", quote(fg(few, as.integer(few$sex == "M"))))

# Interaction
lr <- function(a, b, ...) { t <- anova(a, b, ...); list(statistic = abs(unlist(t[2, grep("Deviance|Chisq", names(t))][1], use.names = FALSE)), df = abs(t[2, "Df"]), p = unlist(t[2, grep("Pr\\(", names(t))], use.names = FALSE)) }
put("interaction_odds_race", quote(lr(glm(low ~ smoke + factor(race), binomial, birth), glm(low ~ smoke * factor(race), binomial, birth), test = "Chisq")))
put("interaction_odds_ht", quote(lr(glm(low ~ smoke + ht, binomial, birth), glm(low ~ smoke * ht, binomial, birth), test = "Chisq")))
put("interaction_hazards_cell", quote(lr(coxph(Surv(time, status) ~ trt + celltype, veterans), coxph(Surv(time, status) ~ trt * celltype, veterans))))
put("interaction_hazards_prior", quote(lr(coxph(Surv(time, status) ~ trt + factor(prior), veterans), coxph(Surv(time, status) ~ trt * factor(prior), veterans))))
f <- function(a, b) { t <- anova(a, b); list(statistic = t[2, "F"], df = t[2, "Df"], p = t[2, "Pr(>F)"], residual_df = t[2, "Res.Df"]) }
put("interaction_means_race", quote(f(lm(bwt ~ smoke + factor(race), birth), lm(bwt ~ smoke * factor(race), birth))))
put("interaction_means_adjusted", quote(f(lm(bwt ~ smoke + factor(race) + lwt, birth), lm(bwt ~ smoke * factor(race) + lwt, birth))))

# The area under a course of values
area <- function(x, y) { o <- order(x); x <- x[o]; y <- y[o]; sum(diff(x) * (head(y, -1) + tail(y, -1)) / 2) / diff(range(x)) }
put("area_pain", quote(area(c(0, 7, 14, 28, 35), c(1, 2, 5, 6, 3)))); put("area_unordered", quote(area(c(12, 3, 40.5), c(-2.5, 4, 1))))
may <- subset(air, Month == 5 & !is.na(Ozone)); put("area_ozone", quote(area(may$Day, may$Ozone)))

# Tipping grid: the score test is Pearson's chi-square by (N - 1)/N
cell <- function(x1, n1, x2, n2) { s <- suppressWarnings(chisq.test(rbind(c(x1, n1 - x1), c(x2, n2 - x2)), correct = FALSE))$statistic; unname(pchisq(s * (n1 + n2 - 1) / (n1 + n2), 1, lower.tail = FALSE)) }
put("tipping_grid", quote(c(outer(0:3, 0:4, Vectorize(function(x, y) cell(25 + x, 98 + 3, 38 + y, 93 + 4))))))

# Completed data sets: analysis of covariance in each, pooled; and with the imputed values of the treatment shifted
last <- subset(chick, visit == 20); whole <- unique(chick[, c("id", "treatment", "baseline")]); whole$y <- last$y[match(whole$id, last$id)]; gone <- is.na(whole$y)
filled <- lapply(1:4, function(m) { y <- whole$y; y[gone] <- 480 + 7 * seq_len(sum(gone)) * (-1)^m + 11 * m; y })
pooled <- function(shift) { q <- sapply(filled, function(y) { y <- y + shift * (gone & whole$treatment == 1); s <- coef(summary(lm(y ~ treatment + baseline, cbind(whole[, 2:3], y = y)))); s["treatment", 1:2] })
  p <- pool.scalar(q[1, ], q[2, ]^2, n = nrow(whole), k = 3); list(estimate = p$qbar, se = sqrt(p$t), df = p$df) }
put("pooled_0", quote(pooled(0))); put("pooled_minus_40", quote(pooled(-40)))

versions <- lapply(c(survival = "survival", cmprsk = "cmprsk", mice = "mice"), function(p) as.character(packageVersion(p)))
versions$R <- paste(R.version$major, R.version$minor, sep = ".")
writeLines(toJSON(list(versions = versions, calls = calls, values = out), auto_unbox = TRUE, digits = I(15), na = "null", pretty = TRUE), "r_further.json")
