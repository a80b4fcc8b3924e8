# Makes r_models.json and the data sets beside it. Run from this folder: Rscript r_models.R
# Needs R with survival, MASS, ordinal, mice, cmprsk, jsonlite (Debian: r-cran-*).
suppressMessages({library(survival); library(MASS); library(ordinal); library(mice); library(cmprsk); library(jsonlite)})
out <- list(); calls <- list()
put <- function(id, call) { out[[id]] <<- eval(call, globalenv()); calls[[id]] <<- paste(deparse(call), collapse = " ") }
csv <- function(d, name) write.csv(d, file.path("..", "data", paste0(name, ".csv")), row.names = FALSE)
csv(birthwt, "birthwt"); csv(wine, "wine")

cox <- function(m) { s <- summary(m)$coefficients
  list(names = rownames(s), b = unname(s[, "coef"]), se = unname(s[, "se(coef)"]), p = unname(s[, "Pr(>|z|)"]), loglik = m$loglik) }
for (ties in c("efron", "breslow", "exact")) {
  put(paste0("cox_gehan_", ties), bquote(cox(coxph(Surv(time, cens) ~ treat, gehan, ties = .(ties)))))
  put(paste0("cox_veteran_", ties), bquote(cox(coxph(Surv(time, status) ~ trt + karno + age, veteran, ties = .(ties))))) }
put("cox_lung_sex", quote(cox(coxph(Surv(time, status) ~ sex, lung))))
put("cox_lung_sex_age", quote(cox(coxph(Surv(time, status) ~ sex + age, lung))))
put("cox_lung_sex_inst", quote(cox(coxph(Surv(time, status) ~ sex + strata(inst), lung))))
put("cox_lung_sex_inst_breslow", quote(cox(coxph(Surv(time, status) ~ sex + strata(inst), lung, ties = "breslow"))))
put("cox_veteran_cell", quote(cox(coxph(Surv(time, status) ~ trt + karno + strata(celltype), veteran))))

rmst <- function(t, e, tau) { s <- survfit(Surv(t, e) ~ 1); x <- summary(s, rmean = tau)$table; list(mean = unname(x["rmean"]), se = unname(x["se(rmean)"])) }
put("rmst_aml_maintained", quote(with(aml[aml$x == "Maintained", ], rmst(time, status, 40))))
put("rmst_aml_nonmaintained", quote(with(aml[aml$x == "Nonmaintained", ], rmst(time, status, 40))))
put("rmst_lung_male", quote(with(lung[lung$sex == 1, ], rmst(time, status, 500))))
put("rmst_lung_female", quote(with(lung[lung$sex == 2, ], rmst(time, status, 500))))
put("rmst_gehan_6mp", quote(with(gehan[gehan$treat == "6-MP", ], rmst(time, cens, 30))))

logit <- function(m) { s <- coef(summary(m)); list(names = rownames(s), b = unname(s[, 1]), se = unname(s[, 2]), p = unname(s[, 4]), loglik = as.numeric(logLik(m))) }
put("logit_birthwt", quote(logit(glm(low ~ smoke + age + lwt, binomial, birthwt))))
put("logit_birthwt_race", quote(logit(glm(low ~ smoke + lwt + ht + ui, binomial, birthwt))))
gcomp <- function(f, d, arm) { m <- glm(f, binomial, d); V <- vcov(m); one <- d; one[[arm]] <- 1; none <- d; none[[arm]] <- 0
  X1 <- model.matrix(delete.response(terms(m)), one); X0 <- model.matrix(delete.response(terms(m)), none)
  p1 <- plogis(X1 %*% coef(m)); p0 <- plogis(X0 %*% coef(m)); g1 <- colMeans(X1 * c(p1 * (1 - p1))); g0 <- colMeans(X0 * c(p0 * (1 - p0)))
  r1 <- mean(p1); r0 <- mean(p0); lr <- g1 / r1 - g0 / r0
  list(r1 = r1, r0 = r0, rd = r1 - r0, rd_se = sqrt(c((g1 - g0) %*% V %*% (g1 - g0))), log_rr = log(r1 / r0), log_rr_se = sqrt(c(lr %*% V %*% lr))) }
put("gcomp_birthwt", quote(gcomp(low ~ smoke + age + lwt, birthwt, "smoke")))
put("gcomp_birthwt_ht", quote(gcomp(low ~ smoke + ht + ui + lwt, birthwt, "smoke")))

ord <- function(m) { s <- coef(summary(m)); list(names = rownames(s), b = unname(s[, 1]), se = unname(s[, 2]), p = unname(s[, 4]), loglik = as.numeric(logLik(m))) }
put("clm_wine", quote(ord(clm(rating ~ temp + contact, data = wine))))
put("clm_wine_temp", quote(ord(clm(rating ~ temp, data = wine))))

pooled <- function(q, se, df) { p <- pool.scalar(q, se^2, n = df + 1, k = 1); list(q = p$qbar, t = p$t, df = p$df) }
put("pool_five", quote(pooled(c(1.2, 0.9, 1.5, 1.1, 1.3), c(0.4, 0.42, 0.39, 0.41, 0.4), 148)))
put("pool_three", quote(pooled(c(-3, -2.2, -2.9), c(1.1, 1.2, 1.0), 20)))
set.seed(1); put("holm_five", quote(p.adjust(c(a = 0.01, b = 0.04, c = 0.03, d = 0.005, e = 0.2), "holm")))
put("holm_three", quote(p.adjust(c(a = 0.02, b = 0.02, c = 0.9), "holm")))

competing <- with(mgus2, data.frame(time = ifelse(pstat == 0, futime, ptime), event = ifelse(pstat == 0, 2 * death, 1), sex = as.character(sex)))
csv(competing, "mgus2")
cif <- function(d, cause, at) { r <- timepoints(cuminc(d$time, d$event), at); row <- paste("1", cause); list(cause = cause, at = at, est = unname(r$est[row, ]), var = unname(r$var[row, ])) }
months <- c(12, 60, 120, 240, 360); few <- transform(competing[1:60, ], time = ceiling(time / 24))
for (cause in 1:2) { for (s in c("F", "M")) put(paste0("cif_mgus2_", s, "_", cause), bquote(cif(competing[competing$sex == .(s), ], .(cause), months)))
  put(paste0("cif_mgus2_all_", cause), bquote(cif(competing, .(cause), months)))
  put(paste0("cif_ties_", cause), bquote(cif(few, .(cause), c(1, 3, 6, 10)))) }

versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")),
                 MASS = as.character(packageVersion("MASS")), ordinal = as.character(packageVersion("ordinal")), mice = as.character(packageVersion("mice")),
                 cmprsk = as.character(packageVersion("cmprsk")))
writeLines(toJSON(list(versions = versions, calls = calls, values = out), auto_unbox = TRUE, digits = I(15), na = "null", pretty = TRUE), "r_models.json")
