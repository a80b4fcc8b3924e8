# Double programming: the outcomes and the declared analyses of a trial, computed a second time in R.
#
#   Rscript double_programming.R [FOLDER]
#
# It reads the data of an export (subjects, visits, intercurrent events) and what the protocol declares (endpoints,
# strategies, analyses), derives every outcome anew, analyzes, and compares with what Equipoise found (outcomes.csv,
# results.csv). It writes r_outcomes.csv, r_results.csv and r_comparison.csv, and ends with status 1 where anything
# differs. It shares no code and no formula with Equipoise: the restricted likelihood of Miettinen and Nurminen is solved by
# root finding here, tests are those of stats and survival. Needs R with the recommended package survival.

arguments <- commandArgs(trailingOnly = TRUE)
folder <- if (length(arguments)) arguments[1] else "."
source(file.path(folder, "read.R"))
suppressPackageStartupMessages(library(survival))

TOLERANCE <- 1e-6
declared <- function(name) {
  read.csv(file.path(folder, name), colClasses = "character", na.strings = "",
           check.names = FALSE, encoding = "UTF-8")
}
data <- read_datasets(folder)
endpoints <- declared("endpoints.csv")
strategies <- declared("strategies.csv")
analyses <- declared("analyses.csv")
expected <- declared("results.csv")
cut_day <- as.Date(declared("cut.csv")$on)

people <- data$subjects[!is.na(data$subjects$arm), ]
visits <- data$visits[!is.na(data$visits$value), ]
by_item <- lapply(split(visits, visits$item), function(found) {
  found <- found[order(found$on, found$seq), ]
  split(found[c("on", "value", "visit")], found$participant)
})

# -- outcomes ------------------------------------------------------------------------------------

first_day <- function(events, who) {
  days <- data$intercurrent$on[data$intercurrent$participant == who & data$intercurrent$event %in% events]
  if (length(days)) min(days) else as.Date(NA)
}

day_of <- function(person, anchor, day) {
  if (is.na(anchor)) return(as.Date(NA))
  as.Date(person[[paste0("anchor_", anchor)]]) + as.integer(day)
}

nothing <- list(value = NA_real_, event = NA, baseline = NA_real_, missing = NA_character_)
outcome_is <- function(value, event = NA, baseline = NA_real_) {
  list(value = as.numeric(value), event = event, baseline = as.numeric(baseline), missing = NA_character_)
}
absent <- function(reason) { nothing$missing <- reason; nothing }

derive <- function(endpoint, person) {
  who <- person$participant
  mine <- strategies[strategies$endpoint == endpoint$endpoint, ]
  with_strategy <- function(name) mine$event[mine$strategy == name]
  composite <- first_day(with_strategy("composite"), who)
  on_treatment <- first_day(with_strategy("while_on_treatment"), who)
  hypothetical <- first_day(with_strategy("hypothetical"), who)
  seen <- by_item[[endpoint$item]][[who]]
  if (is.null(seen)) seen <- visits[0, c("on", "value", "visit")]
  off <- !is.na(person$left_follow_up_on) || !is.na(person$completed_on)

  if (endpoint$kind %in% c("value_at", "change_at")) {
    return(derive_at_visit(endpoint, person, mine, seen, composite, on_treatment, hypothetical))
  }
  if (endpoint$kind == "repeated") {
    base <- if (is.na(endpoint$baseline)) NA_real_ else tail(seen$value[seen$visit == endpoint$baseline], 1)
    if (!length(base)) return(absent("no_baseline"))
    parts <- lapply(c("visit", "visit_anchor", "visit_closes"), function(key) strsplit(endpoint[[key]], "|", fixed = TRUE)[[1]])
    each <- mapply(function(visit, anchor, closes) {
      one <- endpoint
      one$kind <- "value_at"; one$visit <- visit; one$visit_anchor <- anchor; one$visit_closes <- closes
      derive_at_visit(one, person, mine, seen, composite, on_treatment, hypothetical)$value
    }, parts[[1]], parts[[2]], parts[[3]])
    return(list(value = unname(tail(each, 1)), event = NA, baseline = base,
                missing = if (all(is.na(each))) "no_assessment" else NA_character_))
  }

  first <- day_of(person, endpoint$start_anchor, endpoint$start_day)
  last <- day_of(person, endpoint$end_anchor, endpoint$end_day)
  if (!is.na(first) && !is.na(last)) last <- min(c(last, on_treatment, hypothetical), na.rm = TRUE)
  dated <- !is.na(first) && !is.na(last)
  inside <- if (dated) seen[seen$on >= first & seen$on <= last, ] else seen[0, ]
  limit <- as.numeric(endpoint$at_least)

  if (endpoint$kind == "occurs") {
    if (!dated && !off) return(absent("no_anchor"))
    if (dated && last > cut_day && !off) return(absent("window_open"))
    if (any(inside$value >= limit)) return(outcome_is(1, TRUE))
    if (!is.na(composite) && (!dated || composite <= last)) return(outcome_is(1, TRUE))
    counted <- function(rule, reason) {
      if (rule == "missing") absent(reason) else outcome_is(rule == "event", rule == "event")
    }
    if (!nrow(inside)) {
      return(counted(endpoint$never_assessed, if (dated) "no_assessment" else "no_anchor"))
    }
    if (dated && !is.na(person$left_follow_up_on) && person$left_follow_up_on < last) {
      return(counted(endpoint$left_without_event, "left_early"))
    }
    return(outcome_is(0, FALSE))
  }

  if (!dated) return(absent("no_anchor"))
  if (endpoint$kind == "time_to") {
    origin <- day_of(person, endpoint$origin_anchor, endpoint$origin_day)
    if (is.na(origin)) return(absent("no_anchor"))
    inside <- inside[inside$on >= origin, ]
    reached <- inside$on[inside$value >= limit]
    if (!is.na(composite) && composite <= last && (!length(reached) || composite < min(reached))) {
      return(outcome_is(max(0, as.numeric(composite - origin)), TRUE))
    }
    if (!nrow(inside)) return(absent("no_assessment"))
    until <- if (length(reached)) min(reached) else max(inside$on)
    return(outcome_is(as.numeric(until - origin), length(reached) > 0))
  }

  if (last > cut_day && !off) return(absent("window_open"))
  if (!is.na(composite) && composite <= last) return(outcome_is(counts_as(mine, who)))
  if (!nrow(inside)) return(absent("no_assessment"))
  if (endpoint$kind == "worst") return(outcome_is(max(inside$value)))
  if (endpoint$kind == "average_over_time") {
    daily <- tapply(inside$value, as.integer(inside$on), mean)
    if (length(daily) < 2) return(absent("assessed_once"))
    days <- as.integer(names(daily))
    return(outcome_is(sum(diff(days) * (head(daily, -1) + tail(daily, -1)) / 2) / diff(range(days))))
  }
  reached <- inside$on[inside$value >= limit]
  if (endpoint$kind == "days_at_least") {
    return(outcome_is(if (length(reached)) as.numeric(max(reached) - min(reached)) else 0))
  }
  stop("no such kind of endpoint: ", endpoint$kind)
}

counts_as <- function(mine, who) {
  mine <- mine[mine$strategy == "composite", ]
  happened <- data$intercurrent[data$intercurrent$participant == who & data$intercurrent$event %in% mine$event, ]
  as.numeric(mine$counts_as[match(happened$event[which.min(happened$on)], mine$event)])
}

derive_at_visit <- function(endpoint, person, mine, seen, composite, on_treatment, hypothetical) {
  at <- function(visit) tail(seen[seen$visit == visit, ], 1)
  here <- at(endpoint$visit)
  anchor <- person[[paste0("anchor_", endpoint$visit_anchor)]]
  until <- if (nrow(here)) here$on else as.Date(anchor) + as.integer(endpoint$visit_closes)
  before <- function(day, same) {
    !is.na(day) && (is.na(until) || day < until || (same && day == until))
  }
  if (before(composite, TRUE)) return(outcome_is(counts_as(mine, person$participant)))
  if (before(hypothetical, FALSE)) {
    return(absent(if (nrow(here)) "set_aside" else "no_assessment"))
  }
  if (before(on_treatment, FALSE)) {
    here <- tail(seen[seen$on <= on_treatment & seen$on > person$randomized_on, ], 1)
  }
  if (!nrow(here)) return(absent("no_assessment"))
  if (endpoint$kind == "value_at") return(outcome_is(here$value))
  base <- at(endpoint$baseline)
  if (!nrow(base)) return(absent("no_baseline"))
  outcome_is(here$value - base$value, baseline = base$value)
}

by_person <- split(people, seq_len(nrow(people)))
derived <- do.call(rbind, lapply(split(endpoints, seq_len(nrow(endpoints))), function(endpoint) {
  found <- lapply(by_person, function(person) derive(endpoint, person))
  data.frame(
    participant = people$participant, endpoint = endpoint$endpoint, arm = people$arm,
    value = vapply(found, `[[`, 0, "value"), event = vapply(found, `[[`, NA, "event"),
    baseline = vapply(found, `[[`, 0, "baseline"), missing = vapply(found, `[[`, "", "missing")
  )
}))

# -- methods -------------------------------------------------------------------------------------

# Maximum likelihood of the control's proportion, given that the treatment's is larger by `d`.
restricted <- function(x1, n1, x2, n2, d) {
  low <- max(0, -d); high <- min(1, 1 - d)
  if (high - low < 1e-12) return(c(low + d, low))
  slope <- function(p) {
    term <- function(x, q) if (x == 0) 0 else x / q
    term(x1, p + d) - term(n1 - x1, 1 - p - d) + term(x2, p) - term(n2 - x2, 1 - p)
  }
  small <- 1e-13
  p <- if (slope(low + small) <= 0) low
       else if (slope(high - small) >= 0) high
       else uniroot(slope, c(low + small, high - small), tol = 1e-15)$root
  c(p + d, p)
}

# Miettinen and Nurminen 1985, over strata (one: unstratified). Rows of `tables`: x1, n1, x2, n2.
score_difference <- function(tables, confidence) {
  tables <- tables[tables[, 2] > 0 & tables[, 4] > 0, , drop = FALSE]
  if (!nrow(tables)) return(c(NA, NA, NA, NA))
  w <- tables[, 2] * tables[, 4] / (tables[, 2] + tables[, 4])
  w <- w / sum(w)
  observed <- sum(w * (tables[, 1] / tables[, 2] - tables[, 3] / tables[, 4]))
  z <- function(d) {
    variance <- apply(tables, 1, function(t) {
      p <- restricted(t[1], t[2], t[3], t[4], d)
      n <- t[2] + t[4]
      (p[1] * (1 - p[1]) / t[2] + p[2] * (1 - p[2]) / t[4]) * n / (n - 1)
    })
    v <- sum(w^2 * variance)
    if (v <= 0) return(if (abs(observed - d) < 1e-12) 0 else sign(observed - d) * Inf)
    (observed - d) / sqrt(v)
  }
  critical <- qnorm(1 - (1 - confidence) / 2)
  limit <- function(from, to, level) {
    f <- function(d) max(min(z(d), 1e6), -1e6) - level
    if (f(from) * f(to) > 0) return(if (level > 0) from else to)
    uniroot(f, c(from, to), tol = 1e-12)$root
  }
  edge <- 1 - 1e-12
  c(observed, limit(-edge, max(observed, -edge), critical), limit(min(observed, edge), edge, -critical),
    2 * pnorm(-abs(z(0))))
}

tables_of <- function(rows, strata) {
  count <- function(found) {
    t <- found$treated
    c(sum(found$event[t]), sum(t), sum(found$event[!t]), sum(!t))
  }
  do.call(rbind, lapply(split(rows, strata, drop = TRUE), count))
}

strata_of <- function(rows, factors) {
  if (!length(factors)) return(rep("all", nrow(rows)))
  do.call(paste, c(lapply(factors, function(f) rows[[paste0("stratum_", f)]]), sep = "|"))
}

rank_sum <- function(x, y, confidence) {
  differences <- sort(as.vector(outer(x, y, "-")))
  m <- length(x); n <- length(y); pairs <- m * n
  ties <- table(c(x, y))
  alpha <- (1 - confidence) / 2
  p <- suppressWarnings(wilcox.test(x, y)$p.value)
  if (m < 50 && n < 50 && all(ties == 1)) {
    rank <- max(1, qwilcox(alpha, m, n))
  } else {
    v <- pairs / 12 * (m + n + 1 - sum(ties^3 - ties) / ((m + n) * (m + n - 1)))
    rank <- max(1, floor(pairs / 2 - qnorm(1 - alpha) * sqrt(v)))
  }
  rank <- min(rank, (pairs + 1) %/% 2)
  c(median(differences), differences[rank], differences[pairs - rank + 1], p)
}

analyze <- function(rows, one, confidence, factors) {
  x <- rows$value[rows$treated]; y <- rows$value[!rows$treated]
  strata <- strata_of(rows, factors)
  switch(one$method,
    risk_difference_mn = score_difference(tables_of(rows, strata), confidence),
    cmh = {
      kept <- strata %in% names(which(table(strata) > 1))
      test <- mantelhaen.test(
        table(factor(rows$treated[kept], c(TRUE, FALSE)), factor(rows$event[kept], c(TRUE, FALSE)), strata[kept]),
        correct = FALSE, conf.level = confidence)
      c(test$estimate, test$conf.int, test$p.value)
    },
    log_rank = {
      test <- if (length(factors)) {
        survdiff(Surv(value, event) ~ factor(!treated) + strata(strata), rows)
      } else survdiff(Surv(value, event) ~ factor(!treated), rows)
      first <- function(m) if (is.matrix(m)) sum(m[1, ]) else m[1]
      gap <- (first(test$obs) - first(test$exp)) / test$var[1, 1]
      wide <- qnorm(1 - (1 - confidence) / 2) / sqrt(test$var[1, 1])
      c(exp(gap), exp(gap - wide), exp(gap + wide), pchisq(test$chisq, 1, lower.tail = FALSE))
    },
    cox = {
      model <- if (length(factors)) Surv(value, event) ~ treated + strata(strata) else Surv(value, event) ~ treated
      fit <- suppressWarnings(coxph(model, rows, control = coxph.control(eps = 1e-12)))
      # events in one arm only: coxph stops somewhere on the way to infinity
      if (abs(coef(fit)) > 10) rep(NA_real_, 4)
      else c(exp(coef(fit)), exp(confint(fit, level = confidence)), coef(summary(fit))[, "Pr(>|z|)"])
    },
    exact_fisher = c(mean(rows$event[rows$treated]) - mean(rows$event[!rows$treated]), NA, NA,
                     fisher.test(factor(rows$treated, c(TRUE, FALSE)), factor(rows$event, c(TRUE, FALSE)))$p.value),
    risk_difference_newcombe = {
      # stratified, it is not programmed
      if (length(factors)) NULL else {
        t <- tables_of(rows, strata)
        wilson <- function(events, total) prop.test(events, total, conf.level = confidence, correct = FALSE)$conf.int
        first <- suppressWarnings(wilson(t[1], t[2])); second <- suppressWarnings(wilson(t[3], t[4]))
        p <- t[1] / t[2]; q <- t[3] / t[4]
        c(p - q, p - q - sqrt((p - first[1])^2 + (second[2] - q)^2), p - q + sqrt((first[2] - p)^2 + (q - second[1])^2), NA)
      }
    },
    restricted_mean = {
      arm_mean <- function(found) {
        fit <- survfit(Surv(value, event) ~ 1, found)
        # undecided before the horizon: the mean up to it is not known
        if (max(fit$time) < as.numeric(one$horizon) && min(fit$surv) > 0) return(c(NA, NA))
        summary(fit, rmean = as.numeric(one$horizon))$table[c("rmean", "se(rmean)")]
      }
      first <- arm_mean(rows[rows$treated, ]); second <- arm_mean(rows[!rows$treated, ])
      gap <- first[[1]] - second[[1]]; se <- sqrt(first[[2]]^2 + second[[2]]^2)
      wide <- qnorm(1 - (1 - confidence) / 2) * se
      c(gap, gap - wide, gap + wide, 2 * pnorm(-abs(gap / se)))
    },
    mean_difference_welch = {
      test <- t.test(x, y, conf.level = confidence)
      c(mean(x) - mean(y), test$conf.int, test$p.value)
    },
    linear_model = {
      terms <- "treated"
      if (!anyNA(rows$baseline)) terms <- c(terms, "baseline")
      for (f in factors) {
        name <- paste0("stratum_", f)
        if (length(unique(rows[[name]])) > 1) terms <- c(terms, sprintf("factor(%s)", name))
      }
      fit <- lm(reformulate(terms, "value"), rows)
      c(coef(fit)[["treatedTRUE"]], confint(fit, "treatedTRUE", level = confidence),
        coef(summary(fit))["treatedTRUE", 4])
    },
    wilcoxon = rank_sum(x, y, confidence),
    NULL)
}

# -- every declared analysis ---------------------------------------------------------------------

whole <- merge(derived, people[c("participant", grep("^(stratum|set)_", names(people), value = TRUE))], sort = FALSE)
results <- do.call(rbind, lapply(split(analyses, seq_len(nrow(analyses))), function(one) {
  rows <- whole[whole$endpoint == one$endpoint & is.na(whole$missing) & whole$arm %in% c(one$treatment, one$control), ]
  flag <- paste0("set_", one$population)
  if (flag %in% names(rows)) rows <- rows[rows[[flag]] %in% TRUE, ]
  rows$treated <- rows$arm == one$treatment
  factors <- if (is.na(one$strata)) character() else strsplit(one$strata, "|", fixed = TRUE)[[1]]
  found <- NULL
  note <- ""
  if (one$method == "kaplan_meier") {
    found <- rep(NA_real_, 4)
  } else if (all(c(TRUE, FALSE) %in% rows$treated)) {
    found <- tryCatch(as.numeric(analyze(rows, one, as.numeric(one$confidence), factors)),
                      error = function(e) { note <<- conditionMessage(e); NULL })
    if (!length(found) && note == "") note <- "not programmed in R"
  } else {
    found <- rep(NA_real_, 4)
  }
  if (!length(found)) found <- rep(NA_real_, 4)
  data.frame(analysis = one$comparison, method = one$method, estimate = found[1], lower = found[2], upper = found[3],
             p = found[4], note = note)
}))

# -- comparison ----------------------------------------------------------------------------------

same <- function(a, b) {
  (is.na(a) & is.na(b)) | (!is.na(a) & !is.na(b) & (a == b | abs(a - b) <= TOLERANCE * pmax(1, abs(b))))
}
theirs <- merge(derived, data$outcomes, by = c("participant", "endpoint"), suffixes = c("", ".theirs"))
stopifnot(nrow(theirs) == nrow(derived), nrow(derived) == nrow(data$outcomes))
agree <- same(theirs$value, theirs$value.theirs) & same(theirs$event, theirs$event.theirs) &
  same(theirs$baseline, theirs$baseline.theirs) &
  ifelse(is.na(theirs$missing), is.na(theirs$missing.theirs), theirs$missing %in% theirs$missing.theirs)
comparison <- merge(results, expected, by = "analysis", suffixes = c("", ".theirs"), sort = FALSE)
stopifnot(nrow(comparison) == nrow(results))
for (name in c("estimate", "lower", "upper", "p")) {
  theirs_here <- as.numeric(comparison[[paste0(name, ".theirs")]])
  comparison[[paste0("difference_", name)]] <- comparison[[name]] - theirs_here
  comparison[[paste0("same_", name)]] <- same(comparison[[name]], theirs_here)
}
comparison$programmed <- comparison$note != "not programmed in R"
comparison$same <- with(comparison, same_estimate & same_lower & same_upper & same_p)

write.csv(derived, file.path(folder, "r_outcomes.csv"), row.names = FALSE, na = "")
write.csv(results, file.path(folder, "r_results.csv"), row.names = FALSE, na = "")
write.csv(comparison, file.path(folder, "r_comparison.csv"), row.names = FALSE, na = "")
wrong <- comparison[comparison$programmed & !comparison$same, ]
cat(sprintf("outcomes: %d of %d agree\n", sum(agree), length(agree)))
cat(sprintf("analyses: %d of %d agree, %d not programmed in R\n", sum(comparison$programmed & comparison$same),
            sum(comparison$programmed), sum(!comparison$programmed)))
for (at in which(!agree)[seq_len(min(20, sum(!agree)))]) {
  cat(sprintf("outcome differs: %s %s\n", theirs$participant[at], theirs$endpoint[at]))
}
for (at in seq_len(nrow(wrong))) {
  cat(sprintf("analysis differs: %s %s\n", wrong$analysis[at], wrong$note[at]))
}
quit(status = if (all(agree) && !nrow(wrong)) 0 else 1)
