# Makes r_values.json and the data sets beside it. Run from this folder: Rscript r_values.R
# Needs R with survival, MASS, metafor, jsonlite (Debian: r-cran-*).
suppressMessages({library(survival); library(MASS); library(metafor); library(jsonlite)})
out <- list(); calls <- list()
put <- function(id, call, env = parent.frame()) {
  out[[id]] <<- eval(call, env); calls[[id]] <<- paste(deparse(call), collapse = " ")
}
csv <- function(d, name) write.csv(d, file.path("..", "data", paste0(name, ".csv")), row.names = FALSE)

csv(aml, "aml"); csv(gehan, "gehan"); csv(lung[, c("inst", "time", "status", "age", "sex", "ph.ecog", "wt.loss")], "lung")
csv(veteran, "veteran"); csv(anorexia, "anorexia"); csv(sleep, "sleep"); csv(airquality, "airquality")
csv(as.data.frame(UCBAdmissions), "ucb_admissions")

curve <- function(s) { t <- summary(s)$table
  list(time = s$time, n.risk = s$n.risk, n.event = s$n.event, n.censor = s$n.censor, surv = s$surv,
       std.err = summary(s, times = s$time)$std.err, lower = s$lower, upper = s$upper,
       median = unname(t["median"]), median_lower = unname(t["0.95LCL"]), median_upper = unname(t["0.95UCL"])) }
put("km_aml_maintained", quote(curve(survfit(Surv(time, status) ~ 1, aml[aml$x == "Maintained", ], conf.type = "log-log"))))
put("km_aml_nonmaintained", quote(curve(survfit(Surv(time, status) ~ 1, aml[aml$x == "Nonmaintained", ], conf.type = "log-log"))))
put("km_gehan_6mp", quote(curve(survfit(Surv(time, cens) ~ 1, gehan[gehan$treat == "6-MP", ], conf.type = "log-log"))))
put("km_gehan_control", quote(curve(survfit(Surv(time, cens) ~ 1, gehan[gehan$treat == "control", ], conf.type = "log-log"))))
put("km_lung_female", quote(curve(survfit(Surv(time, status) ~ 1, lung[lung$sex == 2, ], conf.type = "log-log"))))
put("km_half", quote(curve(survfit(Surv(c(1, 2, 3, 4), c(1, 1, 0, 1)) ~ 1, conf.type = "log-log"))))
put("km_flat_half", quote(curve(survfit(Surv(c(1, 2, 5, 9), c(1, 1, 1, 1)) ~ 1, conf.type = "log-log"))))
test <- function(d) list(chisq = d$chisq, df = length(d$n) - 1, obs = if (is.matrix(d$obs)) rowSums(d$obs) else d$obs,
                         exp = if (is.matrix(d$exp)) rowSums(d$exp) else d$exp, p = d$pvalue)
put("lr_aml", quote(test(survdiff(Surv(time, status) ~ x, aml))))
put("lr_gehan", quote(test(survdiff(Surv(time, cens) ~ treat, gehan))))
put("lr_lung_sex", quote(test(survdiff(Surv(time, status) ~ sex, lung))))
put("lr_lung_sex_inst", quote(test(survdiff(Surv(time, status) ~ sex + strata(inst), lung))))
put("lr_lung_ecog_sex", quote(test(survdiff(Surv(time, status) ~ ph.ecog + strata(sex), lung))))
put("lr_veteran_cell", quote(test(survdiff(Surv(time, status) ~ celltype, veteran))))
put("lr_veteran_trt_cell", quote(test(survdiff(Surv(time, status) ~ trt + strata(celltype), veteran))))

agresti <- array(c(11,10,25,27, 16,22,4,10, 14,7,5,12, 2,1,14,16, 6,0,11,12, 1,0,10,10, 1,1,4,8, 4,6,2,1), c(2, 2, 8))
cmh <- function(t, correct) { m <- mantelhaen.test(t, correct = correct)
  list(chisq = unname(m$statistic), p = m$p.value, or = unname(m$estimate), lower = m$conf.int[1], upper = m$conf.int[2]) }
mh <- function(t, measure) { m <- rma.mh(ai = t[1,1,], bi = t[1,2,], ci = t[2,1,], di = t[2,2,], measure = measure, correct = FALSE)
  list(b = unname(m$beta[1]), se = m$se, lower = m$ci.lb, upper = m$ci.ub) }
put("cmh_agresti8", quote(cmh(agresti, FALSE))); put("cmh_agresti8_cc", quote(cmh(agresti, TRUE)))
put("mhrd_agresti8", quote(mh(agresti, "RD"))); put("mhrr_agresti8", quote(mh(agresti, "RR")))
ucb <- aperm(UCBAdmissions, c(2, 1, 3))
put("cmh_ucb", quote(cmh(ucb, FALSE))); put("cmh_ucb_cc", quote(cmh(ucb, TRUE)))
put("mhrd_ucb", quote(mh(ucb, "RD"))); put("mhrr_ucb", quote(mh(ucb, "RR")))

for (row in list(c(3,1,1,3), c(8,2,1,5), c(0,10,0,20), c(10,0,0,20), c(27,73,46,54), c(2,98,9,91))) local({
  r <- row; id <- paste0("fisher_", paste(r, collapse = "_"))
  put(id, bquote(fisher.test(matrix(.(r), 2, byrow = TRUE))$p.value)) })
for (row in list(c(7,20), c(0,20), c(20,20), c(46,100), c(1,3))) local({
  r <- row; suffix <- paste(r, collapse = "_")
  put(paste0("clopper_", suffix), bquote(as.numeric(binom.test(.(r[1]), .(r[2]))$conf.int)))
  put(paste0("wilson_", suffix), bquote(as.numeric(prop.test(.(r[1]), .(r[2]), correct = FALSE)$conf.int))) })

welch <- function(t) list(statistic = unname(t$statistic), df = unname(t$parameter), p = t$p.value,
                          estimate = unname(t$estimate[1] - t$estimate[2]), lower = t$conf.int[1], upper = t$conf.int[2])
put("welch_sleep", quote(welch(t.test(extra ~ group, sleep))))
put("welch_airquality", quote(welch(t.test(airquality$Temp[airquality$Month == 5], airquality$Temp[airquality$Month == 8], conf.level = 0.9))))
model <- function(m) { c <- coef(summary(m)); i <- confint(m)
  list(names = rownames(c), estimate = unname(c[, 1]), se = unname(c[, 2]), t = unname(c[, 3]), p = unname(c[, 4]),
       lower = unname(i[rownames(c), 1]), upper = unname(i[rownames(c), 2]), df = m$df.residual, sigma = summary(m)$sigma) }
put("lm_anorexia", quote(model(lm(I(Postwt - Prewt) ~ Treat + Prewt, transform(anorexia, Treat = relevel(Treat, "Cont"))))))
ranks <- function(w) list(statistic = unname(w$statistic), p = w$p.value, estimate = unname(w$estimate), lower = w$conf.int[1], upper = w$conf.int[2])
put("wilcoxon_exact", quote(ranks(wilcox.test(c(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46), c(1.15, 0.88, 0.90, 0.74, 1.21), conf.int = TRUE))))
put("wilcoxon_exact_large", quote(ranks(wilcox.test(sqrt(c(2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)), log(1:20 + 3), conf.int = TRUE))))
put("wilcoxon_ties_p", quote(unlist(suppressWarnings(wilcox.test(airquality$Temp[airquality$Month == 5], airquality$Temp[airquality$Month == 6])[c("statistic", "p.value")]))))
put("wilcoxon_sleep_p", quote(unlist(suppressWarnings(wilcox.test(extra ~ group, sleep)[c("statistic", "p.value")]))))

versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")),
                 MASS = as.character(packageVersion("MASS")), metafor = as.character(packageVersion("metafor")))
writeLines(toJSON(list(versions = versions, calls = calls, values = out), auto_unbox = TRUE, digits = I(15), na = "null", pretty = TRUE),
           "r_values.json")
